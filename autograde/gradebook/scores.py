"""Scores and comments in nbgrader's database: one writer, a commit for several students."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from autograde.gradebook.naming import named
from autograde.gradebook.pieces import submissions
from autograde.gradebook.sound import PATIENCE, damaged, foreign, legible, unusable
from autograde.gradebook.stored import Stored
from autograde.handing_in.normalise.flags import UNDECIDED
from autograde.handing_in.normalise.to_student import to_student
from autograde.nbgrader_settings import at_once, put_tools_on_path
from autograde.results import Item, StudentResult


def file_of(url: str) -> str | None:
    """Where nbgrader's ``db_url`` has its file; none where it names a server, or memory."""
    found = make_url(url)
    kept = found.get_backend_name() == "sqlite" and found.database != ":memory:"
    return found.database or None if kept else None


@contextmanager
def opened(path: Path) -> Iterator[Gradebook]:
    """The gradebook file at ``path``, closed afterwards.

    Raises:
        GradebookError: it can't be read or written, or holds what nbgrader did not write.
    """
    put_tools_on_path()
    try:
        book = Gradebook(f"sqlite:///{path}?timeout={PATIENCE}", "convnet-course")
        try:
            yield book
        finally:
            book.close()
    except DatabaseError as error:
        # Its kinds are about locks and disks; it alone is about what the file holds.
        told = damaged if type(error.orig) is sqlite3.DatabaseError else unusable
        raise told(path, error.orig) from None
    except SQLAlchemyError as error:
        raise foreign(path, error) from None


@dataclass(frozen=True)
class Scored:
    """What is to be recorded of a student.

    Attributes:
        result: the student's.
        changed: graded cells whose answer is another one than when they were last recorded.
        timestamp: when it was handed in, UTC.
    """

    result: StudentResult
    changed: Collection[str] = ()
    timestamp: datetime | None = None


def save(book: Gradebook, lab: str, *every: Scored) -> None:
    """Record students' automatic scores and comments, all or none; a person's stay as they are.

    A cell waits for a person where it has no automatic score, or a manual one that was given for
    something else: then its answer is another one, or its automatic score is. Where neither is,
    what a person has read stays read.

    Args:
        book: the gradebook.
        lab: whose cells it knows.
        every: the students.
    """
    with legible(book), at_once(book.db):
        for one in every:
            _save(book, lab, one.result, one.changed, one.timestamp)


def _save(
    book: Gradebook,
    lab: str,
    result: StudentResult,
    changed: Collection[str],
    timestamp: datetime | None,
) -> None:
    book.update_or_create_student(result.student)
    new = not _has_submission(book, lab, result.student)
    with book.db.no_autoflush:  # nbgrader builds the submission's parts before adding it
        submission = book.update_or_create_submission(lab, result.student)
    submission.timestamp = timestamp
    items = {item.grade_id: item for item in result.items}
    comments = _comments(result)
    asking = _asking(result)
    there = {
        named(lab, notebook.name, grade.cell.name)
        for notebook in submission.notebooks
        for grade in notebook.grades
    }
    if differ := items.keys() ^ there:
        raise ValueError(f"other cells of {result.student}'s: {', '.join(sorted(differ))}")
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            item = items[named(lab, notebook.name, grade.cell.name)]
            if new or item.grade_id in changed or grade.auto_score != item.points:
                grade.auto_score = item.points
                wanted = item.points is None or item.grade_id in asking
                grade.needs_manual_grade = wanted or grade.manual_score is not None
        for comment in notebook.comments:
            name = named(lab, notebook.name, comment.cell.name)
            comment.auto_comment = comments.get(name) or _no_response(result, items.get(name))


def is_saved(
    known: Stored | None,
    result: StudentResult,
    changed: Collection[str],
    timestamp: datetime | None,
) -> bool:
    """Whether the gradebook, as it was read, has all that :func:`save` would write."""
    if known is None or changed or known.timestamp != timestamp:
        return False
    items = {item.grade_id: item for item in result.items}
    told = _comments(result)
    comments = {
        name: told.get(name) or _no_response(result, items.get(name)) for name in known.comments
    }
    scores = {name: item.points for name, item in items.items()}
    return scores == known.scores and comments == known.comments


def _has_submission(book: Gradebook, lab: str, student: str) -> bool:
    try:
        book.find_submission(lab, student)
    except MissingEntry:
        return False
    return True


def read(path: Path, lab: str) -> dict[str, dict[str, float]]:
    """Each student's scores by ``grade_id``, manual ones included.

    Raises:
        MissingEntry: the gradebook knows no such lab.
    """
    with opened(path) as book:
        if not _has(book, lab):
            raise MissingEntry(f"{path} has no {lab}")
        with legible(book):
            return {
                submission.student.id: {
                    named(lab, notebook.name, grade.cell.name): grade.score
                    for notebook in submission.notebooks
                    for grade in notebook.grades
                }
                for submission in submissions(book, lab)
            }


def knows(path: Path, lab: str) -> bool:
    """Whether the gradebook has the lab."""
    if not path.is_file():
        return False
    with opened(path) as book:
        return _has(book, lab)


def _has(book: Gradebook, lab: str) -> bool:
    with legible(book):
        try:
            book.find_assignment(lab)
        except MissingEntry:
            return False
        return True


def _asking(result: StudentResult) -> set[str]:
    """Exercises that lost points, and of which a flag says that a person must decide."""
    cells = {flag.cell for flag in result.flags if flag.code in UNDECIDED}
    return {item.grade_id for item in result.items if item.grade_id in cells}


def _comments(result: StudentResult) -> dict[str, str]:
    """What flags say to the student, by cell."""
    found: dict[str, dict[str, None]] = {}
    for flag in result.flags:
        if flag.cell and (told := to_student(flag)):
            # nbgrader shows comments as Markdown with HTML in it; a flag may quote a student, and
            # what a cell said is code there.
            plain = told if flag.code == "answer-stops" else escape(told)
            found.setdefault(flag.cell, {})[plain] = None
    return {cell: " ".join(told) for cell, told in found.items()}


def _no_response(result: StudentResult, item: Item | None) -> str | None:
    if item is None or item.status != "skipped" or item.report or item.note:
        return None
    return "No response." if result.outcome == "graded" else None
