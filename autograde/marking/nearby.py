"""What stands beside its cell, or worked at the student's and not here: told to a person.

Nothing of it moves a point. A check that took points stays as it is, with a flag that says why it
may be wrong; a written question that seems unanswered goes to a person where something of the
student's own stands near it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator

from nbformat import NotebookNode

from autograde.authoring.source import ANSWER
from autograde.handing_in.normalise import Flag, Normalised
from autograde.handing_in.normalise.flags import listed, printable
from autograde.handing_in.normalise.release import Release, ReleaseCell
from autograde.handing_in.normalise.text import canonical, names
from autograde.marking import aside, hidden, parsing
from autograde.marking.needs import LONGEST_CELL, Text
from autograde.results import Item

NEWER = re.compile(
    r"^[ \t]*type[ \t]+\w+.*=|^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w+\["
    r"|\b[fF](['\"]).*\{[^}\n]*\1",
    re.MULTILINE,
)
"""In code: what Python 3.12 brought."""

FEWEST_WORDS = 3  # of an answer that someone wrote into a question's own cell
DEFINITION = re.compile(r"^[ \t>]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
MACHINE = re.compile(
    r"ModuleNotFoundError|No module named|ImportError|CUDA|cuda|NVIDIA|\bMPS\b|\bmps\b"
    r"|torch\._dynamo|[Ii]nductor|C\+\+ compiler|SyntaxError"
)
"""In errors: what may be there on the student's machine and is not here."""

UNKNOWN = re.compile(r"NameError: name '(\w+)' is not defined")


def written(release: NotebookNode, notebook: NotebookNode) -> set[str]:
    """Written questions near which something of the student's own stands, outside their cells.

    Args:
        release: the student notebook as released.
        notebook: as :func:`autograde.handing_in.normalise.normalise` returns it.
    """
    given = {cell["id"]: cell for cell in release.cells}
    found, near = set[str](), False
    waiting: list[str] = []  # the question just passed: what follows is near it, too
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade") or marks.get("solution"):
            found.update(waiting if near else ())
            waiting = []
            if marks.get("grade") and cell.cell_type == "markdown":
                found.update([marks["grade_id"]] if near else ())
                waiting = [marks["grade_id"]]
            near = False
        elif _is_prose(cell, given.get(cell["id"])):
            near = True
    found.update(waiting if near else ())
    return found


def told(
    lab: str,
    release: NotebookNode,
    notebook: NotebookNode,
    items: Iterable[Item],
    handed: Normalised,
) -> tuple[Flag, ...]:
    """A flag for each check that took points and perhaps should not have.

    Args:
        lab: whose checks they are.
        release: the student notebook as released.
        notebook: as graded.
        items: what came out.
        handed: what the student handed in, with what its panels say.
    """
    lost = [item for item in items if item.points is not None and item.points < item.maximum]
    checks = {item.grade_id: item for item in lost if item.status in ("failed", "skipped")}
    if not checks:
        return ()
    targets = {cell.grade_id: cell for cell in Release.of(release).cells if cell.kind == "answer"}
    found = []
    for name, item in checks.items():
        target = targets.get(ANSWER.format(name))
        if target and (where := _elsewhere(target, notebook, name)):
            found.append(_flag_elsewhere(name, where))
        elif unknown := _not_run(item, release, notebook):
            found.append(_flag_not_run(name, unknown))
        elif name in handed.passed and _contradicts(lab, item):
            found.append(_flag_passed(name))
        elif why := _of_the_machine(item, _is_newer(handed.python, notebook, name)):
            found.append(_flag_machine(name, why))
    return tuple(found)


def _is_prose(cell: NotebookNode, given: NotebookNode | None) -> bool:
    """Whether a cell has sentences of the student's own."""
    if given is not None:
        new = set(re.findall(r"\w+", cell.source)) - set(re.findall(r"\w+", given.source))
        return cell.cell_type != "code" and len(new) >= FEWEST_WORDS
    return bool(cell.source.strip()) and (cell.cell_type != "code" or not _is_code(cell.source))


def _is_code(source: str) -> bool:
    """Whether a code cell does anything: comments, a text alone or prose do nothing."""
    if len(source) > LONGEST_CELL or source.lstrip().startswith(("%", "!")):
        return True
    try:
        body = parsing.tree(source).body
    except parsing.UNPARSABLE:
        return not re.search(r"^\W*\w+(?:[ ,;]+\w+){3,}", source)  # four words in a row
    return any(
        not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)) for one in body
    )


def _elsewhere(target: ReleaseCell, notebook: NotebookNode, check: str) -> str:
    """Where else than in its cell the names of an answer are defined, in words."""
    places = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    answer = places[target.grade_id].source if target.grade_id in places else ""
    blank = canonical(answer) == target.canonical or not target.names <= names(answer)
    asked = False
    for number, cell in enumerate(notebook.cells, start=1):
        marks = cell.metadata.get("nbgrader", {})
        asked |= marks.get("grade_id") == check
        if any(marks.get(one) for one in ("solution", "grade", "locked")):
            continue
        where = f"in cell {number} of the graded notebook"
        if cell.cell_type != "code":
            if blank and target.names & set(DEFINITION.findall(cell.source)):
                return f"as text, {where}"
        elif (blank or asked) and target.names & names(cell.source):
            return f"below its check, {where}" if asked else where
    return ""


def _not_run(item: Item, release: NotebookNode, notebook: NotebookNode) -> str:
    """The name that a check misses and that the student defines in a cell that is not run here."""
    texts = [one.found for one in item.report.results] if item.report else []
    missing = {name for text in (*texts, item.note) for name in UNKNOWN.findall(text)}
    given = {cell["id"]: cell.source for cell in release.cells}
    for cell in notebook.cells if missing else ():
        if cell.cell_type == "code" and aside.TAGS & set(cell.metadata.get("tags", ())):
            before = Text.of(given.get(cell["id"], "")).defines
            if names := missing & (Text.of(cell.source).defines - before):
                return min(names)
    return ""


def _contradicts(lab: str, item: Item) -> bool:
    """Whether cases failed that the notebook tries as well; hidden ones may fail anywhere."""
    if item.report is None or item.status == "skipped":
        return True
    shown = item.report.results[: hidden.visible(lab, item.grade_id)]
    return any(result.outcome != "passed" for result in shown)


def _is_newer(python: tuple[int, ...], notebook: NotebookNode, name: str) -> bool:
    """Whether an answer may be in a Python after this one: by what the file says, else by it."""
    if python:
        return python > sys.version_info[: len(python)]
    marks = ((cell.metadata.get("nbgrader", {}), cell.source) for cell in notebook.cells)
    wanted = ANSWER.format(name)
    return any(NEWER.search(source) for one, source in marks if one.get("grade_id") == wanted)


def _of_the_machine(item: Item, newer: bool) -> str:
    """The error of a check that fails by what may be on the student's machine alone."""
    texts = [one.found or one.message for one in item.report.results] if item.report else []
    for text in (*texts, item.note):
        found = MACHINE.search(text)
        if found and (newer or found[0] != "SyntaxError"):
            return text
    return ""


def _flag_elsewhere(name: str, where: str) -> Flag:
    return Flag(
        "answer-elsewhere",
        "attention",
        name,
        f"{name}: what it asks for is also defined {where}, where its check does not reach it. "
        "Look at that cell and decide.",
    )


def _flag_not_run(name: str, unknown: str) -> Flag:
    return Flag(
        "cell-not-run",
        "attention",
        name,
        f"{name}: fails for want of {unknown}, which the student makes in a cell of the lab that "
        "grading does not run, such as an experiment. Look at the answer and decide.",
    )


def _flag_passed(name: str) -> Flag:
    return Flag(
        "passed-elsewhere",
        "attention",
        name,
        f"{name}: the panel in the student's file says that all cases passed; here some of the "
        "same cases fail. The file may be edited, or the machines differ: look and decide.",
    )


def _flag_machine(name: str, why: str) -> Flag:
    return Flag(
        "other-machine",
        "attention",
        name,
        f"{name}: fails by what this machine lacks and the student's may have "
        f"({listed([printable(why)])}). Look at the answer and decide.",
    )


def by_machine(error: str) -> bool:
    """Whether a cell's error may be this machine's."""
    return bool(MACHINE.search(error))


def own_cells(stopped: Iterable[str], items: Iterable[Item]) -> Iterator[Flag]:
    """A flag for cells of the student's own that stop here, where checks took points."""
    lost = [one.grade_id for one in items if one.status == "failed"]
    if (reasons := list(stopped)) and lost:
        yield Flag(
            "own-cell-stops",
            "attention",
            "",
            f"cells of the student's own stop here: {listed(reasons)}. Look whether {listed(lost)} "
            "failed for want of what they define.",
        )
