"""What a blank exercise costs: the reference's notebook with some answers left out, graded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from autograde.authoring import build, samples
from autograde.authoring.source import ANSWER
from autograde.marking import engine
from autograde.results import Item
from autograde.sandbox import Warm
from autograde.tree import Tree


@dataclass(frozen=True)
class Paper:
    """A lab's notebook as its reference answers it, and as students get it.

    Attributes:
        lab: the lab's name.
        full: every exercise answered.
        student: none.
        files: what the sample ``reference`` hands in beside the notebook, by name.
    """

    lab: str
    full: NotebookNode
    student: NotebookNode
    files: Mapping[str, bytes]

    @classmethod
    def of(cls, tree: Tree, lab: str) -> Paper:
        """Build both notebooks from the lab's source, which takes about a second."""
        built = build.expected(tree, lab)
        full = samples.answered(built.solution, built.student)
        return cls(lab, full, built.student, _files(tree, lab))

    @property
    def exercises(self) -> list[str]:
        """Names of the exercises that a check grades, in the notebook's order."""
        marks = [cell.metadata.get("nbgrader", {}) for cell in self.student.cells]
        graded = {one["grade_id"] for one in marks if one.get("grade")}
        names = [one.get("grade_id", "").removesuffix(ANSWER.format("")) for one in marks]
        return [name for name in dict.fromkeys(names) if name in graded and self._answered(name)]

    def without(self, blank: Collection[str]) -> NotebookNode:
        """The answered notebook, with these exercises as they were handed out."""
        left = {ANSWER.format(name) for name in blank}
        given = {cell["id"]: cell.source for cell in self.student.cells}
        book = nbformat.from_dict(self.full)
        for cell in book.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") in left:
                cell.source = given[cell["id"]]
        return book

    def _answered(self, name: str) -> bool:
        marks = [cell.metadata.get("nbgrader", {}) for cell in self.student.cells]
        return any(one.get("grade_id") == ANSWER.format(name) for one in marks)


def graded(paper: Paper, blank: Collection[str], warm: Warm) -> dict[str, Item]:
    """The items that checks grade, by exercise, when these are left blank."""
    book = paper.without(blank)
    found = engine.grade(paper.lab, book, warm, paper.files, release=paper.student)
    return {item.grade_id: item for item in found.items if item.report}


def cascade(paper: Paper, blank: Collection[str], warm: Warm) -> dict[str, float]:
    """Points that the other exercises lose when these are left blank; nothing where all is well.

    Args:
        paper: of the lab.
        blank: names of exercises.
        warm: the pre-imported process; no walls are needed, all code is the course's own.
    """
    items = [item for name, item in graded(paper, blank, warm).items() if name not in blank]
    lost = {item.grade_id: item.maximum - (item.points or 0.0) for item in items}
    return {name: round(points, 2) for name, points in lost.items() if points > 0}


def _files(tree: Tree, lab: str) -> dict[str, bytes]:
    path = tree.samples(lab) / "reference--full.py"
    found = samples.read(path).files if path.is_file() else {}
    return {name: file.read_bytes() for name, file in found.items()}
