"""What a gradebook has of a lab, read in a moment and without nbgrader: has anything changed?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from autograde.gradebook.naming import named

SUBMISSIONS = """
    SELECT submitted_assignment.student_id, submitted_assignment.timestamp,
           submitted_assignment.extension, submitted_notebook.late_submission_penalty
    FROM submitted_assignment
    JOIN assignment ON assignment.id = submitted_assignment.assignment_id
    JOIN submitted_notebook ON submitted_notebook.assignment_id = submitted_assignment.id
    WHERE assignment.name = ?
"""
OF_A_CELL = """
    SELECT submitted_assignment.student_id, notebook.name, base_cell.name, {columns}
    FROM {table} JOIN base_cell ON base_cell.id = {table}.cell_id
    JOIN notebook ON notebook.id = base_cell.notebook_id
    JOIN submitted_notebook ON submitted_notebook.id = {table}.notebook_id
    JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
    JOIN assignment ON assignment.id = submitted_assignment.assignment_id
    WHERE assignment.name = ?
"""
GRADES = OF_A_CELL.format(
    table="grade",
    columns="grade.auto_score, grade.needs_manual_grade, grade.manual_score, grade.extra_credit",
)
COMMENTS = OF_A_CELL.format(table="comment", columns="comment.auto_comment, comment.manual_comment")
DUE = "SELECT duedate FROM assignment WHERE name = ?"


@dataclass
class Stored:
    """A student's submission, as a gradebook has it.

    Attributes:
        by_hand: what a person gave or wrote.
        marks: the points of it that take the place of a check's.
        again: cells that a person marked before their answer or its automatic score changed.
        asked: cells that nbgrader shows as waiting, those among them.
    """

    timestamp: datetime | None = None
    extension: str | None = None
    penalty: float | None = None
    scores: dict[str, float | None] = field(default_factory=dict)
    comments: dict[str, str | None] = field(default_factory=dict)
    by_hand: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, float] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def waiting(self) -> set[str]:
        """Cells that a person has not read, or not since they changed."""
        unknown = {cell for cell, auto in self.scores.items() if auto is None}
        return (unknown - self.marks.keys()) | set(self.again)


@dataclass(frozen=True)
class Book:
    """A lab in a gradebook: its due date as it is written there, and its submissions."""

    due: str | None = None
    students: Mapping[str, Stored] = field(default_factory=dict)


def stored(path: Path, lab: str) -> Book:
    """What the gradebook at ``path`` has of a lab; nothing where it can't be read."""
    if not path.is_file():
        return Book()
    place = f"file:{quote(str(path))}?mode=ro"
    try:
        with closing(sqlite3.connect(place, uri=True)) as base:
            return _book(base, lab)
    except (sqlite3.Error, ValueError, TypeError):  # damaged, or something else's
        return Book()


def _book(base: sqlite3.Connection, lab: str) -> Book:
    found: dict[str, Stored] = {}
    due = base.execute(DUE, [lab]).fetchone()
    for student, timestamp, extension, penalty in base.execute(SUBMISSIONS, [lab]):
        when = datetime.fromisoformat(timestamp) if timestamp else None
        found[student] = Stored(when, extension, penalty)
    for student, notebook, name, auto, asked, *given in base.execute(GRADES, [lab]):
        one, cell = found[student], named(lab, notebook, name)
        one.scores[cell] = auto
        one.by_hand |= _given(cell, given)
        one.asked += [cell] if asked else []
        manual, extra = given
        if manual is None:
            continue
        if asked:
            one.again.append(cell)
        else:
            one.marks[cell] = manual + (extra or 0)
    for student, notebook, name, auto, *written in base.execute(COMMENTS, [lab]):
        cell = named(lab, notebook, name)
        found[student].comments[cell] = auto
        found[student].by_hand |= _given(f"comment on {cell}", written)
    return Book(due[0] if due else None, found)


def _given(cell: str, values: list[Any]) -> dict[str, list[Any]]:
    return {cell: values} if any(value is not None for value in values) else {}


def written(book: Book) -> Iterator[str]:
    """Lines that differ where grading again would write something else into the gradebook.

    A person's marks count where a penalty for being late depends on them.
    """
    yield repr(book.due)
    for student, one in sorted(book.students.items()):
        late = one.by_hand if book.due and one.timestamp else {}
        yield repr((student, one.timestamp, one.extension, one.penalty, sorted(late.items())))
        yield repr(sorted(one.scores.items()))
        yield repr(sorted(one.comments.items()))
