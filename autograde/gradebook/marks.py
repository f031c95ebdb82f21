"""What the gradebook says of a notebook's cells, for the page that its student reads."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import GetGrades
from nbgrader.utils import is_grade
from traitlets import Dict

from autograde.authoring.source import ANSWER


class Marks(GetGrades):
    """Put scores, comments and exercises' names into the cells, and say what is not marked yet.

    ``comment`` is a person's, Markdown. ``told`` is grading's own, which may quote the student.

    A cell that waits for a person has no score: what it may give is told beside the sum, under
    ``waiting``, and is not counted in ``max_score``. A cell of which a person must decide, and so
    each of a notebook that could not be graded, waits as long as it has no points. So does one that
    a person marked before it changed: what was given then is no longer counted.
    """

    graded = True
    titles = Dict(help="Names of exercises, by grade_id.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """The notebook with its marks."""
        self.graded = not any(cell.metadata.get("course", {}).get("notice") for cell in nb.cells)
        nb, resources = super().preprocess(nb, resources)
        resources["nbgrader"]["graded"] = self.graded
        title = self.titles.get("", resources["nbgrader"]["notebook"])
        resources["nbgrader"]["title"] = title
        _without_heading(nb, title)
        marks = [cell.metadata.nbgrader for cell in nb.cells if is_grade(cell)]
        waiting = sum(mark.points for mark in marks if mark.waits)
        resources["nbgrader"]["waiting"] = waiting
        resources["nbgrader"]["max_score"] -= waiting
        resources["nbgrader"]["score"] -= sum(mark.score for mark in marks if mark.waits)
        return nb, resources

    def _get_comment(self, cell: NotebookNode, resources: Any) -> None:
        marks = cell.metadata.nbgrader
        found = self.gradebook.find_comment(
            marks["grade_id"], self.notebook_id, self.assignment_id, self.student_id
        )
        marks["comment"] = found.manual_comment
        name = marks["grade_id"].removesuffix(ANSWER.format(""))
        marks["title"] = self.titles.get(name, name)
        marks["told"] = found.auto_comment if found.manual_comment is None else None

    def _get_score(self, cell: NotebookNode, resources: Any) -> None:
        super()._get_score(cell, resources)
        marks = cell.metadata.nbgrader
        grade = self.gradebook.find_grade(
            marks["grade_id"], self.notebook_id, self.assignment_id, self.student_id
        )
        undecided = grade.needs_manual_grade or not self.graded
        if grade.manual_score is None:
            waits = grade.auto_score is None or (undecided and not grade.auto_score)
        else:
            waits = grade.needs_manual_grade
        marks["waits"] = waits
        marks["title"] = self.titles.get(marks["grade_id"], marks["grade_id"])


def _without_heading(nb: NotebookNode, title: str) -> None:
    """Take the notebook's own heading out, since the page begins with it."""
    for cell in nb.cells:
        first, _, rest = cell.source.partition("\n")
        if cell.cell_type == "markdown" and first == f"# {title}":
            cell.source = rest.strip()
            return
