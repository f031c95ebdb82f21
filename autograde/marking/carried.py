"""Evidence for a person: what a project's code carries besides the file handed in, and what is odd
in what was measured of its network.

A network is judged by few numbers in a file. Whoever writes a thousand others into the notebook,
as a list or as a long text, has a larger network than it seems. The check itself counts what it
reaches in the student's process, which is a claim; here the notebook's text is counted, and nothing
runs. It is told, and never costs a point.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from nbformat import NotebookNode

from autograde.authoring.checks import CheckError
from autograde.authoring.source import ANSWER
from autograde.handing_in.normalise import Flag
from autograde.marking import aside, hidden, parsing
from autograde.results import Item
from course.checks.judges import ALONE, MOVED

FREE = 5_000  # numbers and letters in texts that the code of a whole notebook may well have
DOCSTRING = 2_000  # letters of one that stands by itself; nobody needs more
BITS = 32  # of a whole number, as much as one number of a network holds
PARSED = 400_000  # characters of a cell that is parsed; a longer one is counted by eye
LONGEST = 4 << 20  # characters of a cell that are looked at
FALL = 0.04  # three standard errors of the difference between two shares of 1,000 images
BEST = 0.965  # about the best published for Fashion-MNIST, by networks of any size
RATIO = 2.0  # as many errors; of six networks, honestly trained, the worst had 1.6 times as many
NUMBER = re.compile(r"(?<![\w.])\.?\d[\w.]*")
MAGICS = re.compile(r"^\s*[%!].*$", re.MULTILINE)


def carried(lab: str, notebook: NotebookNode) -> tuple[Flag, ...]:
    """A flag for each exercise that hands in a file, where the code carries much besides.

    Args:
        lab: whose checks say which exercise hands in a file.
        notebook: as :func:`autograde.handing_in.normalise.normalise` returns it.
    """
    names = {cell.metadata.get("nbgrader", {}).get("grade_id", "") for cell in notebook.cells}
    asking = [name for name in sorted(names) if name and _hands_in(lab, name)]
    found = sum(map(weight_of, _sources(notebook))) if asking else 0
    return tuple(_flag(name, found) for name in asking if found > FREE)


def odd(items: Iterable[Item]) -> Iterator[Flag]:
    """A flag for each network that can't be run without its code, or that knows the judging images
    better than the same images a pixel aside. These are public: whoever trains on them is seen,
    unless the training moved them, too.
    """
    for item in items:
        found = item.measured
        name = ANSWER.format(item.grade_id)
        if found.get(ALONE) == 0:
            told = (
                "its network can't be run without its code, so nothing was measured; the panel "
                "says why. Look at the code and decide."
            )
            yield Flag("network-not-alone", "attention", name, f"{item.grade_id}: {told}")
        right, moved = found.get("accuracy"), found.get(MOVED)
        if right is None or moved is None:
            continue
        if right >= BEST:
            told = (
                f"{100 * right:.1f} % of the judging images are right, more than small networks "
                "reach by learning. Does it know public test images by heart? Ask, and decide."
            )
            yield Flag("images-memorised", "attention", name, f"{item.grade_id}: {told}")
            continue
        if right - moved > FALL and 1 - moved > RATIO * (1 - right):
            told = (
                f"{100 * right:.1f} % of the judging images are right, and {100 * moved:.1f} % of "
                "the same images a pixel aside. Honest networks lose far less: was it trained on "
                "public test images? Ask, and decide."
            )
            yield Flag("images-memorised", "attention", name, f"{item.grade_id}: {told}")


def weight_of(source: str) -> int:
    """How many numbers, and letters in texts, a cell's code holds; comments count as nothing."""
    plain = MAGICS.sub("", source[:LONGEST])
    try:
        found = parsing.tree(plain if len(plain) <= PARSED else "(")
    except parsing.UNPARSABLE:
        return len(NUMBER.findall(plain)) + sum(map(len, re.findall(r"\S{100,}", plain)))
    free = {id(one.value) for one in ast.walk(found) if isinstance(one, ast.Expr)}
    constants = (one for one in ast.walk(found) if isinstance(one, ast.Constant))
    return sum(_weight(one.value, DOCSTRING if id(one) in free else 0) for one in constants)


def _weight(value: object, free: int) -> int:
    if isinstance(value, str | bytes):
        return max(0, len(value) - free)
    if isinstance(value, bool) or value is None or value is ...:
        return 0
    return 1 + (value.bit_length() // BITS if isinstance(value, int) else 0)


def _hands_in(lab: str, name: str) -> bool:
    try:
        return any(one.case.probe.files for one in hidden.check(lab, name).cases)
    except CheckError:
        return False


def _sources(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            skipped = aside.TAGS & set(cell.metadata.get("tags", ()))
            yield aside.definitions(cell.source) if skipped else cell.source


def _flag(name: str, found: int) -> Flag:
    return Flag(
        "carries-numbers",
        "attention",
        ANSWER.format(name),
        f"{name}: the notebook's code holds {found:,} numbers and letters in texts, the file of "
        "weights not counted. Is a network written into it? It counts by the rules like the file: "
        "look at the cells and decide.",
    )
