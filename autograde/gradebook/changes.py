"""A lab that has other exercises than when its class was graded: the gradebook follows.

nbgrader refuses such a lab once there are submissions. Here what is new is added to each
submission, and what is gone is taken away; a person's marks and comments of it go to
``manual-marks.json``, and come back should the exercise come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader import api
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import is_grade, is_locked, is_solution, is_task

from autograde.gradebook import sound
from autograde.gradebook.scores import opened
from autograde.gradebook.sound import Mark, legible

KINDS = {
    api.GradeCell: is_grade,
    api.SolutionCell: is_solution,
    api.TaskCell: is_task,
    api.SourceCell: lambda cell: any(
        fits(cell) for fits in (is_grade, is_solution, is_locked, is_task)
    ),
}


@dataclass(frozen=True)
class Changes:
    """Graded cells that a lab has more, and fewer, than the gradebook; marks kept of the latter."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: int = 0

    def __str__(self) -> str:
        """What was done, for a person; empty where nothing was."""
        parts = []
        if self.added:
            parts.append(f"The lab has new exercises: {', '.join(self.added)}; all are graded.")
        if self.removed:
            parts.append(
                f"The lab no longer has {', '.join(self.removed)}: out of the gradebook. "
                f"A person's marks and comments of them: {self.kept}, kept in {sound.KEPT}; they "
                "come back with the exercise's name. Was it renamed? Then enter them anew."
            )
        return " ".join(parts)


def follow(path: Path, lab: str, notebook: NotebookNode) -> Changes:
    """Give the gradebook's submissions of a lab the cells that it has now.

    Args:
        path: of ``gradebook.db``; a copy as it was before lies beside it.
        lab: the lab's name.
        notebook: as nbgrader is going to release it.

    Raises:
        GradebookError: the gradebook can't be used.
    """
    if not path.is_file():
        return Changes()
    with opened(path) as book, legible(book):
        try:
            known = book.find_notebook(lab, lab)
        except MissingEntry:
            return Changes()
        return _follow(book, path, known, notebook) if known.submissions else Changes()


def _follow(book: Gradebook, path: Path, known: Any, notebook: NotebookNode) -> Changes:
    lab = known.assignment.name
    cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader")]
    wanted = {
        (kind, _name(cell)): cell for kind, fits in KINDS.items() for cell in cells if fits(cell)
    }
    kinds = (known.grade_cells, known.solution_cells, known.task_cells, known.source_cells)
    there = {(type(cell), cell.name): cell for cells in kinds for cell in cells}
    gone = [cell for place, cell in there.items() if place not in wanted]
    new = {place: cell for place, cell in wanted.items() if place not in there}
    marks = [mark for cell in gone for mark in _marks(known, lab, cell)]
    if marks:
        sound.keep(path, marks)
    for cell in gone:
        _take_out(book, known, cell)
    book.db.commit()
    for (kind, name), cell in new.items():
        _put_in(book, known, kind, name, cell)
    book.db.commit()
    graded = (api.GradeCell, api.TaskCell)
    added = tuple(name for kind, name in new if kind in graded)
    removed = tuple(cell.name for cell in gone if isinstance(cell, graded))
    return Changes(added, removed, len(marks))


def _name(cell: NotebookNode) -> str:
    return str(cell.metadata.nbgrader["grade_id"])


def _marks(known: Any, lab: str, cell: Any) -> list[Mark]:
    found = []
    for submission in known.submissions:
        student = submission.student.id
        for one in submission.grades:
            if one.cell_id == cell.id and not (one.manual_score is one.extra_credit is None):
                score, extra, waits = (
                    one.manual_score,
                    one.extra_credit,
                    one.needs_manual_grade,
                )
                found.append(Mark(lab, student, cell.name, score, extra, waits=waits))
        for one in submission.comments:
            if one.cell_id == cell.id and one.manual_comment is not None:
                found.append(Mark(lab, student, cell.name, comment=one.manual_comment))
    return found


def _take_out(book: Gradebook, known: Any, cell: Any) -> None:
    for submission in known.submissions:
        for one in [*submission.grades, *submission.comments]:
            if one.cell_id == cell.id:
                book.db.delete(one)
    book.db.delete(cell)


def _put_in(book: Gradebook, known: Any, kind: type, name: str, cell: NotebookNode) -> None:
    made: dict[str, Any] = {"name": name, "notebook": known}
    if kind in (api.GradeCell, api.TaskCell):
        made |= {"max_score": float(cell.metadata.nbgrader["points"])}
    if kind is not api.SolutionCell:
        made |= {"cell_type": cell.cell_type}
    one = kind(**made)
    book.db.add(one)
    book.db.flush()
    for submission in known.submissions if kind is not api.SourceCell else ():
        if kind is not api.SolutionCell:
            book.db.add(api.Grade(cell_id=one.id, notebook=submission))
        if kind is not api.GradeCell:
            book.db.add(api.Comment(cell_id=one.id, notebook=submission))
