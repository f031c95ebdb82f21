"""Draw a model: cards for blocks, with a little box for the size of what they give out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from course import plots
from course.diagrams.graph import Graph, Node, graph_of
from course.diagrams.labels import Family
from course.diagrams.layout import (
    CARD_WIDTH,
    ROW_GAP,
    SMALL_HEIGHT,
    Item,
    Layout,
    Port,
    arrange,
    height_of,
)
from course.instruments import count_parameters

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: dict[Family, str] = {
    "input": plots.GREY,
    "convolution": plots.BLUE,
    "pooling": plots.ORANGE,
    "linear": plots.GREEN,
    "norm": plots.GREY,
    "activation": plots.GREY,
    "dropout": plots.GREY,
    "sum": plots.INK,
    "concat": plots.INK,
    "plumbing": plots.GREY,
    "other": plots.PURPLE,
}

MOST_BLOCKS = 48
_MARGIN = 0.12
_LINE = "#9A9A9A"


def draw(
    model: nn.Module,
    input_shape: Sequence[int],
    *,
    depth: int | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a network from the model itself.

    A block is a layer with what follows it at once (normalisation, activation, dropout). In it: the
    output's shape, the number of parameters, and a box with the output's size: its height and
    depth are those of the map, its width the number of channels, all on logarithmic scales. Where
    the model can't be traced, its layers are drawn in the order of their calls, and the drawing
    says so.

    Args:
        input_shape: ``(C, H, W)`` or ``(D,)``, of one input without the batch axis.
        depth: how deep to look into modules: 1 draws the model's own children as closed blocks. By
            default all the way, or as far as at most 48 blocks come out.
        title: by default the model's class and its number of parameters.
        ax: axes to draw on; the lettering is made for the size of new ones.

    Raises:
        RuntimeError: the model can't run on that input; the cause is attached.
    """
    graph = _legible(model, input_shape) if depth is None else graph_of(model, input_shape, depth)
    layout = arrange(graph.nodes)
    ax = _canvas(ax, layout, title or _title(model))
    for item in layout.blocks:
        _draw_inputs(ax, item, graph.nodes, layout.ports)
    for port in layout.ports.values():
        _draw_port(ax, port, graph.nodes)
    biggest = _Scale(graph.nodes)
    for item, node in zip(layout.blocks, graph.nodes, strict=True):
        _draw_block(ax, item, node, biggest)
    _caption(ax, layout, graph)
    return ax


def _legible(model: nn.Module, input_shape: Sequence[int]) -> Graph:
    """As deep as possible without too many blocks."""
    graph = graph_of(model, input_shape)
    depth = max((name.count(".") + 1 for name, _ in model.named_modules() if name), default=1)
    while graph.complete and len(graph.nodes) > MOST_BLOCKS and depth > 1:
        depth -= 1
        graph = graph_of(model, input_shape, depth)
    return graph


def _title(model: nn.Module) -> str:
    return f"{type(model).__name__} · {count_parameters(model):,} parameters"


def _canvas(ax: Axes | None, layout: Layout, title: str) -> Axes:
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN + 0.3
    ax = plots.axes(ax, title=title, figsize=(max(width, 3.4), height + 0.35))
    ax.set_xlim(-_MARGIN, layout.width + _MARGIN)
    ax.set_ylim(layout.height + _MARGIN + 0.3, -_MARGIN)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def _caption(ax: Axes, layout: Layout, graph: Graph) -> None:
    text = "in each block: shape of its output, number of parameters"
    if not graph.complete:
        text = "could not be traced: layers in order of their calls,\nbranches are not known"
    ax.text(0, layout.height + 0.28, text, color=plots.GREY, fontsize=8.5, va="center")


# Blocks --------------------------------------------------------------------------------------


class _Scale:
    """Logarithmic sizes, against the largest map and the largest number of channels drawn."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.side = max(_side(node) for node in nodes)
        self.channels = max(node.shape[0] if node.shape else 1 for node in nodes)

    def box(self, node: Node) -> tuple[float, float]:
        """Width (channels) and height (rows) of a node's box, inches."""
        channels = node.shape[0] if node.shape else 1
        return (
            0.04 + 0.24 * math.log(channels + 1) / math.log(self.channels + 1),
            0.04 + 0.26 * math.log(_side(node)) / max(math.log(self.side), 1e-9),
        )


def _side(node: Node) -> float:
    return math.sqrt(math.prod(node.shape[1:])) if len(node.shape) > 1 else 1.0


def _draw_block(ax: Axes, item: Item, node: Node, scale: _Scale) -> None:
    if node.family == "sum":
        _draw_sum(ax, item, node)
    elif node.family in ("concat", "input"):
        _draw_slim(ax, item, node)
    else:
        _draw_card(ax, item, node, scale)


def _rounded(ax: Axes, item: Item, width: float, height: float, colour: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    shade = _tint(colour, 0.1)
    corner = (item.x - width / 2, item.y - height / 2)
    style = f"round,pad=0,rounding_size={min(0.09, height / 2)}"
    look: dict[str, Any] = {"facecolor": shade, "edgecolor": colour, "linewidth": 1.0, "zorder": 3}
    ax.add_patch(FancyBboxPatch(corner, width, height, boxstyle=style, **look))


def _draw_card(ax: Axes, item: Item, node: Node, scale: _Scale) -> None:
    height = height_of(node)
    colour = COLOURS[node.family]
    _rounded(ax, item, CARD_WIDTH, height, colour)
    left, right = item.x - CARD_WIDTH / 2, item.x + CARD_WIDTH / 2 - 0.09
    _draw_box(ax, left + 0.32, item.y, scale.box(node), colour)
    text_left = left + 0.66
    note = " · ".join(node.attached) or (node.name if node.family == "other" else "")
    above, below = (0.19, 0.19) if note else (0.11, 0.13)
    top, bottom = item.y - above, item.y + below
    _write(ax, text_left, top, node.title, right - text_left, weight="bold", color=plots.INK)
    _write(ax, text_left, item.y, note, right - text_left, color=plots.GREY)
    shape = _shape(node)
    _write(ax, text_left, bottom, shape, right - text_left, color=plots.INK)
    if node.parameters:
        room = right - text_left - 0.062 * len(shape)
        text = f"{node.parameters:,}"
        _write(ax, right, bottom, text, room, color=plots.GREY, ha="right")


def _draw_slim(ax: Axes, item: Item, node: Node) -> None:
    text = f"{node.title}  {_shape(node)}"
    width = min(CARD_WIDTH, 0.3 + 0.068 * len(text))
    _rounded(ax, item, width, SMALL_HEIGHT - 0.06, COLOURS[node.family])
    _write(ax, item.x, item.y, text, width, color=plots.INK, ha="center")


def _draw_sum(ax: Axes, item: Item, node: Node) -> None:
    from matplotlib.patches import Circle

    radius = SMALL_HEIGHT / 2 - 0.02
    ax.add_patch(Circle((item.x, item.y), radius, facecolor="white", edgecolor=plots.INK, zorder=3))
    style: dict[str, Any] = {"ha": "center", "va": "center_baseline", "zorder": 4}
    ax.text(item.x, item.y, "+", fontsize=12, color=plots.INK, **style)
    if node.attached:
        text = " · ".join(node.attached)
        _write(ax, item.x - radius - 0.07, item.y, text, 1, color=plots.GREY, ha="right")


def _draw_box(ax: Axes, x: float, y: float, size: tuple[float, float], colour: str) -> None:
    """A box seen from the front left above, centred at (x, y)."""
    from matplotlib.patches import Polygon

    width, height = size
    shift = 0.45 * height
    left, top = x - (width + shift) / 2, y - (height + shift) / 2 + shift
    right, bottom = left + width, top + height
    back_left, back_right, back_top, back_bottom = (
        left + shift, right + shift, top - shift, bottom - shift,
    )  # fmt: skip
    faces = (
        ([(left, top), (right, top), (right, bottom), (left, bottom)], 0.75),
        ([(left, top), (right, top), (back_right, back_top), (back_left, back_top)], 0.4),
        ([(right, top), (back_right, back_top), (back_right, back_bottom), (right, bottom)], 1.0),
    )
    for corners, share in faces:
        shade = _tint(colour, share)
        ax.add_patch(Polygon(corners, facecolor=shade, edgecolor="white", linewidth=0.5, zorder=4))


def _shape(node: Node) -> str:
    return "×".join(map(str, node.shape))


def _write(ax: Axes, x: float, y: float, text: str, room: float, **style: Any) -> None:
    """Text of 8.5 points, or a little smaller where it must be to fit ``room`` inches."""
    wide = 0.069 if style.get("weight") == "bold" else 0.062  # inches for a letter
    size = 8.5 * min(1.0, room / (wide * max(len(text), 1)))
    ax.text(x, y, text, va="center", fontsize=size, **({"zorder": 5} | style))


def _tint(colour: str, share: float) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    return tuple(1 - share * (1 - part) for part in to_rgb(colour))


# Edges ---------------------------------------------------------------------------------------


class _Line:
    """A line being drawn: straight pieces and curves."""

    def __init__(self, x: float, y: float) -> None:
        from matplotlib.path import Path

        self.kinds = Path
        self.points: list[tuple[float, float]] = [(x, y)]
        self.codes = [int(Path.MOVETO)]

    def straight(self, x: float, y: float) -> None:
        self.points.append((x, y))
        self.codes.append(int(self.kinds.LINETO))

    def bend(self, x: float, y: float) -> None:
        """Leave the last point vertically, and come in vertically."""
        middle = (self.points[-1][1] + y) / 2
        self._curve((self.points[-1][0], middle), (x, middle), (x, y))

    def turn(self, x: float, y: float) -> None:
        """Leave the last point vertically, and come in from the side."""
        corner = (self.points[-1][0], y)
        self._curve(corner, corner, (x, y))

    def corner(self, x: float, y: float, towards: tuple[float, float], radius: float) -> None:
        """Straight to just before (x, y), and round the corner."""
        before_x, before_y = self.points[-1]
        self.straight(x - radius * _sign(x - before_x), y - radius * _sign(y - before_y))
        out_x, out_y = towards
        end = (x + radius * _sign(out_x - x), y + radius * _sign(out_y - y))
        self._curve((x, y), (x, y), end)

    def draw(self, ax: Axes, colour: str, width: float, *, arrow: bool = True) -> None:
        from matplotlib.patches import FancyArrowPatch

        patch = FancyArrowPatch(
            path=self.kinds(self.points, self.codes),
            arrowstyle="-|>" if arrow else "-",
            mutation_scale=8,
            color=colour,
            linewidth=width,
            joinstyle="round",
            zorder=2,
        )
        ax.add_patch(patch)

    def _curve(self, *points: tuple[float, float]) -> None:
        self.points += points
        self.codes += [int(self.kinds.CURVE4)] * 3


def _sign(value: float) -> int:
    return (value > 1e-9) - (value < -1e-9)


def _draw_inputs(ax: Axes, item: Item, nodes: Sequence[Node], ports: Mapping[int, Port]) -> None:
    for parent in item.parents:
        chain = [item, parent]
        while chain[-1].node < 0:
            chain.append(chain[-1].parents[0])
        _draw_edge(ax, chain[::-1], nodes, ports)


def _draw_edge(
    ax: Axes, chain: Sequence[Item], nodes: Sequence[Node], ports: Mapping[int, Port]
) -> None:
    """From a block down, past the rows where the edge holds a place, to another block."""
    first, *passed, last = chain
    skips = any(not item.wide for item in passed)
    if first.column == last.column:
        line = _Line(first.x, _foot(first, nodes))
    else:
        line = _Line(ports[last.column].x, ports[last.column].y)
    for item in passed:
        line.bend(item.x, item.y - item.height / 2 + 0.04)
        line.straight(item.x, item.y + item.height / 2 - 0.04)
    if skips and nodes[last.node].family == "sum":
        line.turn(last.x + SMALL_HEIGHT / 2, last.y)
    else:
        line.bend(last.x, _head(last, nodes))
    line.draw(ax, plots.VERMILLION if skips else _LINE, 1.6 if skips else 1.2)


def _draw_port(ax: Axes, port: Port, nodes: Sequence[Node]) -> None:
    """From the foot of one column to the head of the next, through the gap between them."""
    foot = _foot(port.source, nodes)
    below = foot + ROW_GAP / 2
    line, radius = _Line(port.source.x, foot), 0.08
    line.corner(port.source.x, below, (port.gap, below), radius)
    line.corner(port.gap, below, (port.gap, port.y), radius)
    line.corner(port.gap, port.y, (port.x, port.y), radius)
    line.straight(port.x, port.y)
    line.draw(ax, _LINE, 1.2, arrow=False)


def _foot(item: Item, nodes: Sequence[Node]) -> float:
    return item.y + _half(nodes[item.node])


def _head(item: Item, nodes: Sequence[Node]) -> float:
    return item.y - _half(nodes[item.node])


def _half(node: Node) -> float:
    """Half a block's height as drawn."""
    if node.family == "sum":
        return SMALL_HEIGHT / 2 - 0.02
    return height_of(node) / 2 - (0.03 if height_of(node) == SMALL_HEIGHT else 0.0)
