"""A lab's submissions in nbgrader's database, some hundred at a time: neither a query nor memory
for each student's every grade.
"""

from __future__ import annotations

from collections.abc import Iterator

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy.orm import joinedload, selectinload, undefer

AT_ONCE = 200
"""Submissions; about as many as SQLite takes names in one query of any version."""


def submissions(book: Gradebook, lab: str) -> Iterator[SubmittedAssignment]:
    """A lab's submissions with their notebooks, grades, comments and students, by student.

    What is changed in one is flushed before the next ones are read; committing is the caller's.
    """
    of_lab = Assignment.name == lab
    wanted = book.db.query(SubmittedAssignment.id).join(SubmittedAssignment.assignment)
    every = [one for (one,) in wanted.filter(of_lab).order_by(SubmittedAssignment.student_id)]
    # Held, or each grade asks for its cell, and each submission for its assignment.
    held = [
        book.db.query(Assignment).filter(of_lab).all(),
        book.db.query(BaseCell)
        .join(Notebook, Notebook.id == BaseCell.notebook_id)
        .join(Assignment, Assignment.id == Notebook.assignment_id)
        .filter(of_lab)
        .options(joinedload(BaseCell.notebook))
        .all(),
    ]
    for start in range(0, len(every), AT_ONCE):
        some = book.db.query(SubmittedAssignment).options(*_parts())
        some = some.filter(SubmittedAssignment.id.in_(every[start : start + AT_ONCE]))
        yield from some.order_by(SubmittedAssignment.student_id)
        book.db.flush()
    held.clear()


def _parts() -> tuple[object, ...]:
    """What is read with a submission; nbgrader asks for each sum by itself otherwise."""
    notebooks = selectinload(SubmittedAssignment.notebooks)
    grades = notebooks.selectinload(SubmittedNotebook.grades)
    return (
        joinedload(SubmittedAssignment.student),
        notebooks.options(undefer(SubmittedNotebook.score), joinedload(SubmittedNotebook.notebook)),
        grades.options(undefer(Grade.max_score)),
        notebooks.selectinload(SubmittedNotebook.comments),
    )
