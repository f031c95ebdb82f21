"""What a grade file is made of: the students, their grades, and text that is no formula."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from autograde.errors import DesignedError
from autograde.gradebook.deadlines import Standing
from autograde.handing_in.collecting.layouts import number_in
from autograde.handing_in.collecting.record import Entry, Record
from autograde.results import Handing

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
ENDS = re.compile(r"([;\t\r\n]\s*)(\S.?)")  # what may end a cell, and how the next one begins


class ExportError(DesignedError):
    """A grade file can't be made as asked; the message says what to change."""


@dataclass(frozen=True)
class Line:
    """One student of a grade file; ``standing`` is None where nothing is graded."""

    student: str
    entry: Entry
    standing: Standing | None
    outcome: Handing | Literal["not graded"] = "graded"

    def number(self, lms: str) -> str:
        """What the LMS counts the student as: by their work's name, else by the class list."""
        names = self.entry.naming.get(lms, ())
        return next(filter(None, map(number_in, names)), self.entry.lms_id)

    @property
    def known(self) -> Standing | None:
        """The standing, if it is a grade: what is missing or can't be read is none by itself."""
        if self.standing and (self.outcome == "graded" or self.standing.points):
            return self.standing
        return None

    @property
    def comment(self) -> str:
        """What stands beside the grade."""
        one = self.known
        if one is None:
            return {"ungradable": "Could not be graded: your teacher looks at it."}.get(
                self.outcome, ""
            )
        told = [f"{number(one.points)} of {number(one.maximum)} points"]
        if one.penalty:
            told.append(f"handed in late: {number(one.penalty)} off")
        if one.unread:
            answers = "answer is" if one.unread == 1 else "answers are"
            told.append(f"{one.unread} {answers} not yet read by a person")
        return "; ".join(told) + "."


@dataclass(frozen=True)
class Sheet:
    """What a grade file is made of.

    Attributes:
        lines: the students.
        out_of: the maximum of the other side; None for the lab's own.
        template: the cells of a file that the LMS gave, its header first.
        column: the header of the grades in it.
        unread: whether those with unread answers have a grade in it.
    """

    lab: str
    lines: Sequence[Line]
    out_of: float | None = None
    template: Sequence[Sequence[str]] = ()
    column: str = ""
    unread: bool = True

    @property
    def maximum(self) -> float:
        """Points at most."""
        return next((one.standing.maximum for one in self.lines if one.standing), 0.0)

    def grade(self, line: Line) -> str:
        """A student's, scaled; empty where there is none."""
        if line.known is None or (line.known.unread and not self.unread):
            return ""
        if self.out_of is None:
            return number(line.known.grade)
        return number(round(line.known.grade * self.out_of / (self.maximum or 1), 2))


def lines(
    known: Record, standings: Iterable[Standing], outcomes: Mapping[str, Handing]
) -> list[Line]:
    """Everyone of the class list and of the gradebook."""
    by_name = {one.student: one for one in standings}
    return [
        Line(
            student,
            known.students.get(student, Entry()),
            by_name.get(student),
            outcomes.get(student, "graded") if student in by_name else "not graded",
        )
        for student in sorted({*known.students, *by_name})
    ]


def number(value: float) -> str:
    """Points without needless digits."""
    return f"{round(value, 2):g}" if abs(value) < 1e5 else f"{value:.2f}"


def safe(cell: str) -> str:
    """A text that no spreadsheet takes for a formula, or for one behind the end of a cell: in half
    of Europe a semicolon ends it, and what looks like a quoted line break ends the row.
    """
    inside = ENDS.sub(lambda found: f"{found[1]}{_told(found[2])}", cell)
    return cell if cell == "-" else f"'{inside}" if _begins_formula(cell) else inside


def _told(text: str) -> str:
    is_list = text.startswith("- ")
    return f"'{text}" if _begins_formula(text) and not is_list else text


def _begins_formula(text: str) -> bool:
    head = text[:1] + text.lstrip()[:1]
    return any(unicodedata.normalize("NFKC", one).startswith(FORMULA) for one in head)


def written(rows: Iterable[Sequence[str]]) -> str:
    """The rows as CSV, as spreadsheets read it."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue()
