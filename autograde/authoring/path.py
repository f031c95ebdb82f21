"""The core path through a lab, and how long a lab takes: reading and experiments are counted.

A text that begins with a heading and has the tag ``optional`` takes all below it off the core path,
down to the next heading of its rank. Pure: cells in, numbers out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

from nbformat import NotebookNode

WORDS_A_MINUTE = 150  # of text with formulas and tables; prose alone reads faster
EXPERIMENT = 1.5  # minutes to run a cell, read its figure and think about it
TOLERANCE = 10  # minutes, or a tenth, by which a header may miss the sum
STEP = 5  # minutes to which a sum is rounded
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)  # a # in code is a comment
SECTION = 2  # the rank of a heading that begins a section


@dataclass(frozen=True)
class Minutes:
    """How long something takes, minutes: all of it, and what lies on the core path."""

    total: float
    core: float

    def __add__(self, other: Minutes) -> Minutes:
        return Minutes(self.total + other.total, self.core + other.core)

    def __str__(self) -> str:
        """``about 25 minutes, core path 15``."""
        total, core = rounded(self.total), rounded(self.core)
        if not self.core:
            return f"about {total} minutes, optional"
        if core >= total:
            return f"about {total} minutes"
        return f"about {total} minutes, core path {core}"


def rounded(minutes: float) -> int:
    """To whole steps of five, at least one."""
    return max(STEP, STEP * round(minutes / STEP))


def mark(cells: Iterable[NotebookNode], *, everything: bool = False) -> None:
    """Let each cell know whether it lies ``off`` the core path; with ``everything`` all do."""
    off = 0  # the rank of the heading that led off the path; 0 on it
    for cell in cells:
        rank = _rank(cell)
        if rank and (not off or rank <= off):
            off = rank if cell.metadata.get("optional") else 0
        cell["off"] = everything or bool(off)


def sections(cells: Iterable[NotebookNode]) -> dict[int, Minutes]:
    """The minutes of each section, by the place of the cell with its heading; -1 before them."""
    found, here = {-1: Minutes(0, 0)}, -1
    for place, cell in enumerate(cells):
        if 0 < _rank(cell) <= SECTION:
            here = place
            found[here] = Minutes(0, 0)
        took = of(cell)
        found[here] += Minutes(took, 0 if cell["off"] else took)
    return found


def timed(cell: NotebookNode, took: Minutes | None) -> NotebookNode:
    """The cell that begins a section, with the section's minutes below the heading."""
    if took is None or took.total < STEP:
        return cell
    timed = deepcopy(cell)
    timed.source = re.sub(r"^## .*", rf"\g<0>\n\n*{took}*", cell.source, count=1, flags=re.M)
    return timed


def whole(cells: Sequence[NotebookNode]) -> Minutes:
    """The minutes of a lab."""
    return sum(sections(cells).values(), Minutes(0, 0))


def of(cell: NotebookNode) -> float:
    """Minutes for a cell: as tagged for an exercise, else to read, or to run and look.

    The text of an exercise is in the exercise's own minutes.
    """
    if "exercise" in cell.metadata or "question" in cell.metadata:
        return int(cell.metadata.get("minutes", 5))
    if cell.cell_type == "markdown" and "intro" not in cell.metadata:
        return len(cell.source.split()) / WORDS_A_MINUTE
    return EXPERIMENT if cell.metadata.get("explore") else 0.0


def miscounted(declared: int, cells: Sequence[NotebookNode]) -> str:
    """What is wrong with the minutes of a header; empty where they add up."""
    total = whole(cells).total
    if abs(declared - total) <= max(TOLERANCE, total / 10):
        return ""
    work = sum(of(one) for one in cells if {"exercise", "question"} & set(one.metadata))
    return (
        f"minutes: {declared} does not add up. Exercises and questions take {work:.0f}, reading "
        f"and experiments {total - work:.0f}, to the next {STEP}: write "
        f"minutes: {rounded(total)}, or correct theirs."
    )


def astray(cells: Sequence[NotebookNode]) -> Iterator[tuple[int, str]]:
    """Exercises of the core path that use an optional one, with their lines."""
    answers = [one for one in cells if "exercise" in one.metadata]
    skipped = {one.metadata["exercise"] for one in answers if one["off"]}
    for cell in (one for one in answers if not one["off"]):
        for name in sorted(skipped.intersection(_names(cell.source))):
            yield (
                cell["line"],
                f"exercise={cell.metadata['exercise']!r} is on the core path and uses {name}, "
                "which is optional: make both core, or both optional.",
            )


def misplaced(cells: Iterable[NotebookNode]) -> Iterator[tuple[int, str]]:
    """Cells with the tag ``optional`` and no heading at their beginning; headings like titles."""
    for cell in cells:
        if _rank(cell) == 1:
            yield cell["line"], "`# #` is the lab's title alone: begin a section with `# ## …`."
        if cell.metadata.get("optional") and not cell.source.startswith("#"):
            yield cell["line"], "optional=true is for a text that begins with a heading, `# ### …`."


def _rank(cell: NotebookNode) -> int:
    """The highest rank of a text's headings, 1 before 2; 0 if it has none."""
    if cell.cell_type != "markdown":
        return 0
    return min(map(len, HEADING.findall(FENCED.sub("", cell.source))), default=0)


def _names(code: str) -> Iterator[str]:
    try:
        tree = ast.parse(code)
    except SyntaxError:  # a line of IPython's
        return
    yield from (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
