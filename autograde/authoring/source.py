"""Lab sources: a percent script becomes the notebook that nbgrader takes as its source.

Cell headers carry short tags; :func:`notebook` expands them. docs/authoring.md has a table of all.
Pure: text in, notebook out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from autograde.authoring import faults, path
from autograde.errors import DesignedError
from autograde.wording import counted

EQUALS = 20  # cells of one text that are told apart by their ids
ANSWER = "{}_answer"  # grade_id of an exercise's own cell; the check has the exercise's id

FIRST_CELL = """\
# The course library lies beside the labs{otherwise}.
import sys
from importlib.util import find_spec
from pathlib import Path

sys.path[:0] = [str(top) for top in Path.cwd().parents if (top / "course/labs").is_dir()][:1]
if not find_spec("course"):
{missing}"""
FETCHED = """. Where it does not, as on Colab, {size}
# fetched once; torch and numpy stay as they are"""
FETCH = """\
    %pip install -q --no-deps "{package} @ {place}"
if not find_spec("course"):
    raise ModuleNotFoundError("The course library was not fetched; pip says why, above. Is this "
                              "machine online? Then run this cell again, or ask your instructor.")
"""
PARAMETERS = """\
PROFILE = None  # "quick" or "full"; None takes COURSE_PROFILE, else what this machine can do
"""
HIDDEN = """\
from course.labs.{lab} import check  # no such module? Run the first code cell

check("{name}", points={points})
### BEGIN HIDDEN TESTS
from autograde.marking.hidden import grade

grade("{lab}", "{name}", points={points})
### END HIDDEN TESTS"""
CLOSING = """\
## How far you are, and handing in

The first cell shows your points so far and what is open. Run it whenever you like; from anywhere
else, `course.overview()` does the same. The second looks at the whole notebook, says what to fix,
and packs the one file that you hand in. Save the notebook first: Ctrl+S, on a Mac ⌘S."""
OVERVIEW = """\
import course

course.overview("{lab}")"""
HAND_IN = """\
import course

course.hand_in("{lab}")"""


class SourceError(DesignedError):
    """A lab source breaks the format; the message names file, line, tag and what to write."""


@dataclass(frozen=True)
class Exercise:
    """One graded item of a lab, as its tags describe it."""

    name: str
    number: str
    points: int
    difficulty: int
    minutes: int
    manual: bool
    optional: bool = False


@dataclass(frozen=True)
class LabSource:
    """A parsed lab source, before anything is generated."""

    lab: str
    title: str
    minutes: int
    cells: tuple[NotebookNode, ...]
    exercises: tuple[Exercise, ...]

    @property
    def number(self) -> int:
        """The 1 of ``lab01_activations``."""
        return lab_number(self.lab)

    @property
    def took(self) -> path.Minutes:
        """What it takes, as the header states it; the core path as counted, at most that."""
        found = path.whole(self.cells)
        everything = found.core == found.total
        core = self.minutes if everything else min(found.core, self.minutes)
        return path.Minutes(self.minutes, core)

    @property
    def points(self) -> int:
        """Points of all exercises together."""
        return sum(exercise.points for exercise in self.exercises)


@dataclass(frozen=True)
class Links:
    """Where the public repository is, for the Colab link and the bootstrap cell."""

    repository: str
    package: str = "convnet-course"
    branch: str = "main"

    def colab(self, lab: str) -> str:
        """Address that opens a student notebook in Colab."""
        path = self.repository.removeprefix("https://github.com/")
        return (
            f"https://colab.research.google.com/github/{path}/blob/{self.branch}"
            f"/labs/{lab}/{lab}.ipynb"
        )


def lab_number(lab: str) -> int:
    """The number in a lab's name."""
    match = re.match(r"lab(\d+)_", lab)
    if not match:
        raise SourceError(f"{lab}: expected a name such as lab01_activations")
    return int(match[1])


def parse(lab: str, text: str, *, language: str = "en") -> LabSource:
    """Read a percent script.

    Raises:
        SourceError: the format is broken; names the cell and the next step.
    """
    book = jupytext.reads(text, fmt="py:percent")
    about = book.metadata.get("course", {})
    if "title" not in about:
        raise SourceError(
            f"{_where(lab)}:1: no title. Begin the file with '# ---', '# jupyter:', '#   course:', "
            "'#     title: …', '# ---'."
        )
    faults.locate(text, book.cells)
    cells = tuple(cell for cell in book.cells if cell.metadata.get("lang", language) == language)
    for line, told in faults.found(lab, cells, faults.TAGS):
        raise SourceError(f"{_where(lab, line)}: {told}")
    path.mark(cells, everything=bool(about.get("optional")))
    for line, told in path.astray(cells):
        raise SourceError(f"{_where(lab, line)}: {told}")
    minutes = int(about.get("minutes") or path.rounded(path.whole(cells).total))
    if told := path.miscounted(minutes, cells):
        line = next((n for n, one in enumerate(text.split("\n"), 1) if "minutes:" in one), 1)
        raise SourceError(f"{_where(lab, line)}: {told}")
    return LabSource(lab, about["title"], minutes, cells, tuple(_exercises(lab, cells)))


def notebook(source: LabSource, links: Links) -> NotebookNode:
    """The notebook that nbgrader takes as its source: answers and hidden tests still in it."""
    exercises = {exercise.name: exercise for exercise in source.exercises}
    sections = path.sections(source.cells)
    cells = [*_prologue(source, links)]
    cells += [
        _expanded(source, path.timed(cell, sections.get(place)), exercises)
        for place, cell in enumerate(source.cells)
        if "starter" not in cell.metadata
    ]
    cells += _epilogue(source)
    _name_cells(cells)
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata = _notebook_metadata(source)
    return book


def reference_code(source: LabSource) -> list[tuple[str, str]]:
    """The cells that make the reference solution: (cell name, code), in order."""
    return [
        (cell.metadata.get("exercise", "setup"), cell.source)
        for cell in source.cells
        if cell.cell_type == "code" and ("setup" in cell.metadata or "exercise" in cell.metadata)
    ]


def _where(lab: str, line: int = 0) -> str:
    """The source, and its line where that is known."""
    return f"solutions/{lab}/lab.py" + (f":{line}" if line else "")


def _exercises(lab: str, cells: tuple[NotebookNode, ...]) -> Iterator[Exercise]:
    answers = {c.metadata["exercise"]: c for c in cells if "exercise" in c.metadata}
    number, seen = lab_number(lab), set[str]()
    graded = [c for c in cells if "check" in c.metadata or "question" in c.metadata]
    for order, cell in enumerate(graded, start=1):
        tags, where = cell.metadata, _where(lab, cell["line"])
        manual = "question" in tags
        name = tags["question"] if manual else tags["check"]
        if name in seen:
            raise SourceError(f"{where}: {name!r} is graded twice. Give each exercise one check.")
        if not manual and name not in answers:
            raise SourceError(
                f"{where}: check {name!r} has no cell tagged exercise={name!r}. "
                f"{faults.like(name, answers)}Correct the name, or write the exercise above it."
            )
        if "points" not in tags:
            raise SourceError(f"{where}: {name!r} has no points. Add points=2.")
        seen.add(name)
        facts = tags if manual else answers[name].metadata
        yield Exercise(
            name,
            f"{number}.{order}",
            tags["points"],
            int(facts.get("difficulty", 1)),
            int(facts.get("minutes", 5)),
            manual,
            cell["off"],
        )
    if unchecked := [name for name in answers if name not in seen]:
        raise SourceError(
            f"{_where(lab, answers[unchecked[0]]['line'])}: no check for {', '.join(unchecked)}. "
            f'Add `# %% check="{unchecked[0]}" points=2` below.'
        )
    for tag in ("starter", "intro"):
        for cell in (one for one in cells if tag in one.metadata):
            if (name := cell.metadata[tag]) not in (answers if tag == "starter" else seen):
                raise SourceError(
                    f"{_where(lab, cell['line'])}: {tag} {name!r} has no cell tagged "
                    f"exercise={name!r}. {faults.like(name, answers)}Correct one of the names."
                )


def _prologue(source: LabSource, links: Links) -> list[NotebookNode]:
    title = (
        f"# Lab {source.number} · {source.title}\n\n"
        f"{source.took} · {counted(len(source.exercises), 'exercise')} · "
        f"{counted(source.points, 'point')} · [open in Colab]({links.colab(source.lab)})"
    )
    place = f"git+{links.repository}"
    bootstrap = FIRST_CELL.format(
        otherwise=FETCHED.format(size="it is"),
        missing=FETCH.format(package=links.package, place=place),
    ).rstrip()
    return [
        nbformat.v4.new_markdown_cell(title),
        nbformat.v4.new_code_cell(bootstrap, metadata={"tags": ["bootstrap"]}),
        nbformat.v4.new_code_cell(PARAMETERS.rstrip(), metadata={"tags": ["parameters"]}),
    ]


def _epilogue(source: LabSource) -> list[NotebookNode]:
    """The last cells of every lab: how far the student is, and handing in."""
    own = {"tags": ["explore", "nbval-ignore-output"]}  # what they show depends on the place
    return [
        nbformat.v4.new_markdown_cell(CLOSING),
        *(
            nbformat.v4.new_code_cell(code.format(lab=source.lab), metadata=deepcopy(own))
            for code in (OVERVIEW, HAND_IN)
        ),
    ]


def _expanded(
    source: LabSource, cell: NotebookNode, exercises: dict[str, Exercise]
) -> NotebookNode:
    tags, text = cell.metadata, cell.source
    if "intro" in tags:
        if not text.startswith("#"):
            raise SourceError(
                f"{_where(source.lab, cell['line'])}: the text of exercise {tags['intro']!r} must "
                f"begin with a heading, `# ### …`; found {_head(cell)!r}."
            )
        return nbformat.v4.new_markdown_cell(_introduced(text, exercises[tags["intro"]]))
    if "exercise" in tags:
        exercise = exercises[tags["exercise"]]
        cell = _graded_cell("code", text, ANSWER.format(exercise.name), solution=True)
        cell.metadata["course"] = {"exercise": exercise.number}
        if starter := _starter(source, exercise.name):
            cell.metadata["course"]["starter"] = starter
        return cell
    if "check" in tags:
        exercise = exercises[tags["check"]]
        code = HIDDEN.format(lab=source.lab, name=exercise.name, points=exercise.points)
        return _graded_cell("code", code, exercise.name, points=exercise.points)
    if "question" in tags:
        exercise = exercises[tags["question"]]
        return _graded_cell("markdown", text, exercise.name, solution=True, points=exercise.points)
    if cell.cell_type == "markdown":
        return nbformat.v4.new_markdown_cell(text)
    return nbformat.v4.new_code_cell(text, metadata=_plain_metadata(tags))


def _starter(source: LabSource, name: str) -> str:
    """Code that the release puts in the answer's place; nothing where a stub will do."""
    found = (cell.source for cell in source.cells if cell.metadata.get("starter") == name)
    return str(next(found, ""))


def _plain_metadata(tags: dict[str, Any]) -> dict[str, Any]:
    if "predict" in tags:  # as an experiment: grading skips it, and what it shows is the student's
        return {"tags": ["explore", "predict", "nbval-ignore-output"]}
    names = [name for name in ("setup", "explore") if tags.get(name)]
    names += ["nbval-ignore-output"] if tags.get("varies") else []
    return {"tags": names} if names else {}


def _graded_cell(
    kind: str, text: str, grade_id: str, *, solution: bool = False, points: int | None = None
) -> NotebookNode:
    from nbgrader.nbgraderformat import SCHEMA_VERSION

    marks = {
        "schema_version": SCHEMA_VERSION,
        "grade_id": grade_id,
        "grade": points is not None,
        "solution": solution,
        "locked": not solution,
        "task": False,
        "cell_type": kind,
    }
    if points is not None:
        marks["points"] = points
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    return make(text, metadata={"nbgrader": marks})


def _introduced(text: str, exercise: Exercise) -> str:
    heading, _, rest = text.partition("\n")
    marks, _, title = heading.partition(" ")
    word = "Question" if exercise.manual else "Exercise"
    dots = "●" * exercise.difficulty + "○" * (3 - exercise.difficulty)
    points = counted(exercise.points, "point")
    place = "optional" if exercise.optional else "core path"
    facts = f"{dots} · about {exercise.minutes} minutes · {points} · {place}"
    return f"{marks} {word} {exercise.number} · {title}\n\n*{facts}*\n\n{rest.lstrip()}"


def _name_cells(cells: list[NotebookNode]) -> None:
    """Stable cell ids: a grade_id where there is one, else a hash of what the cell says."""
    used: set[str] = set()
    for cell in cells:
        marks = cell.metadata.get("nbgrader")
        name = marks["grade_id"] if marks else _digest(f"{cell.cell_type}\n{cell.source}")
        while name in used:
            name = _digest(name)
        used.add(name)
        cell["id"] = name


def has_own_id(cell: NotebookNode) -> bool:
    """Whether a cell without a ``grade_id`` says what it said when it got its id."""
    name = _digest(f"{cell.cell_type}\n{cell.source}")
    for _ in range(EQUALS):
        if cell.get("id") == name:
            return True
        name = _digest(name)
    return False


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _notebook_metadata(source: LabSource) -> NotebookNode:
    return nbformat.from_dict(
        {
            "course": {"lab": source.lab, "title": source.title},
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )


def _head(cell: NotebookNode) -> str:
    line = cell.source.strip().split("\n")[0] if cell.source.strip() else "empty"
    return line[:50]
