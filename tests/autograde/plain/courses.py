"""nbgrader's own example course and test notebooks, small assignments, and both graders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import nbgrader
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from autograde.plain import classrun
from autograde.plain.job import PlainJob, settings

GUIDE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"
FILES = Path(nbgrader.__file__).parent / "tests" / "apps" / "files"
NAME = "ps"

Cells = dict[tuple[str, str, str], tuple[float | None, float, bool, str | None]]
"""By student, notebook and cell: points, at most, whether a person must look, the comment."""


def markdown(text: str, **marks: Any) -> NotebookNode:
    return _marked(nbformat.v4.new_markdown_cell(text), marks)


def code(text: str, **marks: Any) -> NotebookNode:
    return _marked(nbformat.v4.new_code_cell(text), marks)


def answer(grade_id: str, text: str) -> NotebookNode:
    return code(text, grade_id=grade_id, solution=True)


def check(grade_id: str, points: float, text: str) -> NotebookNode:
    return code(text, grade_id=grade_id, grade=True, locked=True, points=points)


def _marked(cell: NotebookNode, marks: dict[str, Any]) -> NotebookNode:
    if marks:
        usual = {"grade": False, "solution": False, "locked": False, "task": False}
        cell.metadata.nbgrader = {"schema_version": 3, **usual, **marks}
    return cell


def notebook(cells: Iterable[NotebookNode]) -> NotebookNode:
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=list(cells), metadata={"kernelspec": spec})


def write(book: NotebookNode, *parts: Any) -> Path:
    path = Path(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)
    return path


def stock(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """nbgrader's own command, in a course folder."""
    here = str(Path(sys.executable).parent)
    env = {**os.environ, "PATH": here + os.pathsep + os.environ["PATH"]}
    command = [sys.executable, "-m", "nbgrader", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def graded_by_stock(folder: Path, name: str) -> Cells:
    made = stock(folder, "generate_assignment", name, "--force")
    assert made.returncode == 0, made.stderr
    stock(folder, "autograde", name, "--force")
    return cells(folder / "gradebook.db", name)


def graded(folder: Path, work: Path, name: str, **words: Any) -> Cells:
    run(folder, work, name, **words)
    return cells(work / "gradebook.db", name)


def run(folder: Path, work: Path, name: str, **words: Any) -> Any:
    job = PlainJob(folder, name, folder / "submitted", work, config=settings(folder), **words)
    return classrun.grade(job)


def cells(path: Path, name: str) -> Cells:
    """What nbgrader's own interface reads of a gradebook."""
    found: Cells = {}
    with Gradebook(f"sqlite:///{path}") as book:
        for submission in book.assignment_submissions(name):
            for one in submission.notebooks:
                comments = {comment.name: comment.auto_comment for comment in one.comments}
                for grade in one.grades:
                    found[submission.student.id, one.name, grade.name] = (
                        grade.auto_score,
                        grade.max_score,
                        grade.needs_manual_grade,
                        comments.get(grade.name),
                    )
    return found


def points(found: Cells, student: str) -> dict[str, float | None]:
    return {cell: facts[0] for (who, _, cell), facts in found.items() if who == student}


def example(folder: Path, name: str = "ps1", top: str = "source") -> Path:
    """nbgrader's documentation course, with the submissions that come with it."""
    shutil.copytree(GUIDE / top / "ps1", folder / top / name, dirs_exist_ok=True)
    for student in ("bitdiddle", "hacker"):
        handed_in = folder / "submitted" / student / name
        shutil.copytree(GUIDE / "submitted" / student / "ps1", handed_in)
    return folder


def course(folder: Path, book: NotebookNode, answers: Mapping[str, NotebookNode]) -> Path:
    """A course folder with one notebook and a submission for each student."""
    write(book, folder, "source", NAME, f"{NAME}.ipynb")
    for student, handed_in in answers.items():
        write(handed_in, folder, "submitted", student, NAME, f"{NAME}.ipynb")
    return folder


TESTED = {
    "p1": ("submitted-unchanged", "submitted-changed"),
    "hidden": ("test-hidden-tests", "test-hidden-tests"),
    "file": ("open_relative_file", "open_relative_file"),
    "variable": ("validating-environment-variable", "validating-environment-variable"),
    "autotest": ("autotest-hidden", "autotest-hidden-changed-right"),
}
"""nbgrader's own test notebooks: source, and what a student who is right hands in."""


def tested(folder: Path) -> Path:
    """nbgrader's test notebooks: one student is right, one tampers and is wrong, and one hands in
    two of them.
    """
    top = folder / "source" / NAME
    top.mkdir(parents=True, exist_ok=True)
    shutil.copy(FILES / "data.txt", top)
    shutil.copy(FILES / "autotests.yml", folder)
    others = {"p1": "submitted-grade-cell-changed", "autotest": "autotest-hidden-changed-wrong"}
    for name, (source, right) in TESTED.items():
        shutil.copy(FILES / f"{source}.ipynb", top / f"{name}.ipynb")
        hand_in(folder, "hacker", name, right)
        hand_in(folder, "bitdiddle", name, others.get(name, right))
    (folder / "submitted" / "bitdiddle" / NAME / "data.txt").write_text("mine")
    hand_in(folder, "lazy", "p1", "submitted-locked-cell-changed")
    hand_in(folder, "lazy", "autotest", "autotest-hidden-unchanged")
    return folder


def hand_in(folder: Path, student: str, name: str, file: str) -> None:
    to = folder / "submitted" / student / NAME
    to.mkdir(parents=True, exist_ok=True)
    shutil.copy(FILES / f"{file}.ipynb", to / f"{name}.ipynb")
