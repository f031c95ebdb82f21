"""Due dates, extensions, names and what being late costs, in nbgrader's database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbgrader.api import Assignment, Grade, Gradebook, SubmittedAssignment

from autograde.gradebook import scores
from autograde.gradebook.pieces import submissions
from autograde.gradebook.sound import is_mark, legible
from autograde.handing_in.collecting import lateness, record
from autograde.handing_in.collecting.record import Entry, Record


@dataclass(frozen=True)
class Standing:
    """How a student stands in one lab; ``points`` without the penalty."""

    student: str
    points: float
    maximum: float
    penalty: float = 0.0
    late: float | None = None  # seconds
    time: datetime | None = None
    unread: int = 0  # answers that wait for a person, those marked before they changed too
    cells: dict[str, tuple[float, float]] = field(default_factory=dict)  # points, at most

    @property
    def grade(self) -> float:
        """What counts."""
        return round(max(0.0, self.points - self.penalty), 2)


def apply(work: Path, lab: str) -> list[Standing]:
    """Give nbgrader what collect knows: due date, extensions, names; and the penalties, by the
    points of now. Nothing is written where all is so already.

    Returns:
        How everyone stands who is in the gradebook; nobody where the lab is not graded yet.
    """
    path = work / "gradebook.db"
    if not scores.knows(path, lab):
        return []
    with scores.opened(path) as book:
        return applied(book, lab, record.read(work, lab))


def applied(book: Gradebook, lab: str, known: Record) -> list[Standing]:
    """The same in a gradebook that is open, with what is known of the hand-ins."""
    with legible(book):
        assignment = book.find_assignment(lab)
        _set(assignment, "duedate", _naive(known.deadline) or assignment.duedate)
        found = list(_standings(book, assignment, known))
        book.db.commit()  # which writes nothing where nothing was set
        return sorted(found, key=lambda one: one.student)


def _standings(book: Gradebook, assignment: Assignment, known: Record) -> Iterator[Standing]:
    rule = lateness.rule(known.rule)
    for submission in submissions(book, assignment.name):
        student = submission.student
        entry = known.students.get(student.id, Entry())
        name = " ".join(entry.name.replace(",", " ").split())  # nbgrader's export quotes nothing
        first, _, last = name.rpartition(" ")
        for attribute, value in (
            ("first_name", first),
            ("last_name", last),
            ("email", entry.mail),
        ):
            if value and not getattr(student, attribute):
                _set(student, attribute, value)
        if student.id in known.students:
            _set(submission, "extension", entry.more or None)
            _set(submission, "timestamp", submission.timestamp or _naive(entry.when))
        if known.rule:
            _charge(submission, rule)
        yield _standing(submission)


def _charge(submission: SubmittedAssignment, rule: lateness.Rule | None) -> None:
    """Write the penalty where nbgrader keeps it."""
    for notebook in submission.notebooks:
        points = sum(one.score or 0.0 for one in notebook.grades)
        off = rule.penalty(points, _late(submission) or 0.0) if rule else 0.0
        _set(notebook, "late_submission_penalty", off or None)


def _late(submission: SubmittedAssignment) -> float | None:
    due, when = submission.assignment.duedate, submission.timestamp
    if due is None or when is None:
        return None
    return max(0.0, (when - due - (submission.extension or timedelta())).total_seconds())


def _standing(submission: SubmittedAssignment) -> Standing:
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    when = submission.timestamp
    for one in grades:
        for points in (one.manual_score, one.score):
            if not is_mark(points or 0.0):
                raise ValueError(f"{submission.student.id}, {one.name}: {points} points")
    return Standing(
        submission.student.id,
        round(sum(one.score or 0.0 for one in grades), 2),
        sum(one.max_score for one in grades),
        sum(one.late_submission_penalty or 0.0 for one in submission.notebooks),
        _late(submission),
        when.replace(tzinfo=UTC) if when else None,
        sum(map(_waits, grades)),
        {one.name: (one.score or 0.0, one.max_score) for one in grades},
    )


def _waits(grade: Grade) -> bool:
    """Whether a person has not read this answer, or not since it or its score has changed."""
    if grade.manual_score is None:
        return bool(grade.auto_score is None)
    return bool(grade.needs_manual_grade)


def _set(row: object, attribute: str, value: object) -> None:
    """Only where it differs: a row that is set is written."""
    if getattr(row, attribute) != value:
        setattr(row, attribute, value)


def _naive(when: datetime | None) -> datetime | None:
    """As nbgrader keeps times: in UTC, without saying so."""
    return when.astimezone(UTC).replace(tzinfo=None) if when else None
