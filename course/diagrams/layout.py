"""Where the blocks of a drawing go: rows by depth, lanes for branches, columns to save height.

All lengths are inches; y grows downwards. An edge that passes a row holds a place in it, so that
nothing is drawn over it: a wide lane if it is all that is left of a branch, a narrow one beside
the main path if it skips something.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from course.diagrams.graph import Node

CARD_WIDTH, CARD_HEIGHT, SMALL_HEIGHT = 2.30, 0.62, 0.32
ROW_GAP, LANE_GAP, COLUMN_GAP = 0.26, 0.22, 0.5
NARROW = 0.2
BEST_ASPECT, WIDEST = 1.5, 9.9


@dataclass
class Item:
    """A block, or the place that an edge holds in a row that it passes.

    Attributes:
        node: number of the block, or -1.
        wide: does it need the width of a block?
        parents: items above from which something comes.
        x, y: centre.
        height: of the row.
    """

    node: int
    row: int
    wide: bool = True
    parents: list[Item] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0
    column: int = 0

    @property
    def width(self) -> float:
        """Of the lane, inches."""
        return CARD_WIDTH if self.wide else NARROW


@dataclass(frozen=True)
class Port:
    """Where a column begins that goes on from the one before.

    Attributes:
        source: the last block of the column before; all lines into this column come from it.
        x, y: from where they go on.
        gap: x of the middle between the two columns.
    """

    source: Item
    x: float
    y: float
    gap: float


@dataclass(frozen=True)
class Layout:
    """Blocks in place, in the order of their numbers; ports by column; the drawing's size."""

    blocks: list[Item]
    ports: dict[int, Port]
    width: float
    height: float


def height_of(node: Node) -> float:
    """Height of a block."""
    return SMALL_HEIGHT if node.family in ("sum", "concat", "input") else CARD_HEIGHT


def arrange(nodes: Sequence[Node]) -> Layout:
    """Places for all blocks and for the edges between them."""
    blocks = [Item(number, row) for number, row in enumerate(_rows(nodes))]
    items = [*blocks, *_passing(nodes, blocks)]
    rows: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        rows[item.row].append(item)
    ordered = [rows[row] for row in sorted(rows)]
    for row in ordered:
        _place(row)
    heights = [
        max((height_of(nodes[item.node]) for item in row if item.node >= 0), default=SMALL_HEIGHT)
        for row in ordered
    ]
    ports, width, height = _fold(ordered, heights)
    return Layout(blocks, ports, width, height)


def _rows(nodes: Sequence[Node]) -> list[int]:
    """Each block one row below the lowest of those that it reads."""
    rows: list[int] = []
    for node in nodes:
        rows.append(1 + max((rows[source] for source in node.inputs), default=-1))
    return rows


def _passing(nodes: Sequence[Node], blocks: Sequence[Item]) -> Iterator[Item]:
    """Connect the blocks; the places of edges in the rows between."""
    readers = Counter(source for node in nodes for source in node.inputs)
    for target, node in zip(blocks, nodes, strict=True):
        for source in node.inputs:
            above = blocks[source]
            for row in range(above.row + 1, target.row):
                above = Item(-1, row, wide=readers[source] == 1, parents=[above])
                yield above
            target.parents.append(above)


def _place(row: list[Item]) -> None:
    """Set x: children under their parents, side by side, nothing on top of another."""
    families: dict[int, list[Item]] = defaultdict(list)
    for item in row:
        families[id(item.parents[0]) if len(item.parents) == 1 else id(item)].append(item)
    groups = sorted(families.values(), key=lambda group: _wish(group[0]))
    edge = -math.inf
    for group in groups:
        group.sort(key=lambda item: not item.wide)  # narrow ones pass on the right
        middle = _wish(group[0])
        wide = [item for item in group if item.wide]
        total = sum(item.width for item in wide) + LANE_GAP * (len(wide) - 1)
        left = middle - (total if wide else group[0].width) / 2
        left = max(left, edge + LANE_GAP)
        for item in group:
            item.x = left + item.width / 2
            left += item.width + LANE_GAP
        edge = left - LANE_GAP


def _wish(item: Item) -> float:
    wide = [parent.x for parent in item.parents if parent.wide]
    xs = wide or [parent.x for parent in item.parents]
    return sum(xs) / len(xs) if xs else 0.0


# Columns -------------------------------------------------------------------------------------


Rows = Sequence[list[Item]]
Plan = Sequence[tuple[int, int]]  # first and last row of each column, the last exclusive


def _fold(rows: Rows, heights: Sequence[float]) -> tuple[dict[int, Port], float, float]:
    """Set y and column, and move x, for the number of columns that looks best."""
    plans = [_cut(rows, heights, columns) for columns in range(1, 5)]
    sizes = [_size(rows, heights, plan) for plan in plans]
    fitting = [n for n, (width, _) in enumerate(sizes) if width <= WIDEST] or [0]
    best = min(fitting, key=lambda n: abs(math.log(sizes[n][0] / sizes[n][1] / BEST_ASPECT)))
    ports, left = {}, 0.0
    for number, (first, last) in enumerate(plans[best]):
        width = _settle(rows[first:last], heights[first:last], number, left)
        if number:
            (source,) = rows[first - 1]
            ports[number] = Port(source, _wish_of(rows[first]), 0.0, left - COLUMN_GAP / 2)
        left += width + COLUMN_GAP
    return ports, *sizes[best]


def _settle(rows: Rows, heights: Sequence[float], column: int, left: float) -> float:
    """Put one column's rows below each other; its width."""
    low, high = _extent(rows)
    y = ROW_GAP if column else 0.0  # room for the line that comes from the column before
    for row, height in zip(rows, heights, strict=True):
        for item in row:
            item.x += left - low
            item.y, item.height, item.column = y + height / 2, height, column
        y += height + ROW_GAP
    return high - low


def _wish_of(row: Sequence[Item]) -> float:
    """Middle of a row's wide items."""
    xs = [item.x for item in row if item.wide]
    return sum(xs) / len(xs)


def _cut(rows: Rows, heights: Sequence[float], columns: int) -> Plan:
    """About equal columns; cuts only below a row with one block, so that one line is cut."""
    share = (sum(heights) + ROW_GAP * len(rows)) / columns
    cuts, used = [0], 0.0
    for number, height in enumerate(heights):
        single = number > 1 and len(rows[number - 1]) == 1
        if single and used + height / 2 > share and len(cuts) < columns:
            cuts.append(number)
            used = 0.0
        used += height + ROW_GAP
    return list(zip(cuts, [*cuts[1:], len(rows)], strict=True))


def _size(rows: Rows, heights: Sequence[float], plan: Plan) -> tuple[float, float]:
    extents = [_extent(rows[first:last]) for first, last in plan]
    width = sum(high - low for low, high in extents) + COLUMN_GAP * (len(plan) - 1)
    tall = [sum(heights[a:b]) + ROW_GAP * (b - a - (a == 0)) for a, b in plan]
    return width, max(tall) + (ROW_GAP / 2 if len(plan) > 1 else 0.0)


def _extent(rows: Rows) -> tuple[float, float]:
    items = [item for row in rows for item in row]
    return (
        min(item.x - item.width / 2 for item in items),
        max(item.x + item.width / 2 for item in items),
    )
