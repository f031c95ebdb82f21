"""Grade files for LMSs, spreadsheets and programs: what everyone has, and what is not final."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from autograde.errors import DesignedError
from autograde.gradebook.deadlines import Standing
from autograde.handing_in.collecting.headers import MEANS, NAMELESS, meanings
from autograde.handing_in.collecting.layouts import number_in
from autograde.handing_in.collecting.names import same, squashed, title_of, words
from autograde.handing_in.collecting.record import Entry, Record
from autograde.handing_in.normalise.flags import listed, shown
from autograde.results import Handing

Target = Literal["moodle", "canvas", "gradescope", "csv", "json"]

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
DECIMAL_COMMA = re.compile(r"\d+,\d{1,5}")
OURS = re.compile(
    r"\s*(?:-?[\d.,]+ of [\d.,]+ points(?:; handed in late: [\d.,]+ off)?"
    r"(?:; \d+ answers? (?:is|are) not yet read by a person)?\.)\s*$"
)
"""What :attr:`Line.comment` wrote below a comment at an earlier time."""
MOODLE = (
    "Identifier", "Full name", "Email address", "Grade", "Maximum grade",
    "Last modified (grade)", "Feedback comments",
)  # fmt: skip
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
GRADESCOPE = (
    "Name", "SID", "Email", "Total Score", "Max Points", "Status", "Submission ID",
    "Submission Time", "Lateness (H:M:S)", "View Count", "Submission Count",
)  # fmt: skip
PLAIN = (
    "student", "name", "mail", "section", "points", "late_penalty", "grade", "maximum",
    "not_yet_read", "handed_in", "seconds_late", "outcome",
)  # fmt: skip


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


def text(target: Target, sheet: Sheet) -> str:
    """The grade file.

    Raises:
        ExportError: the template does not fit.
    """
    makers: dict[Target, Callable[[Sheet], str]] = {
        "moodle": _moodle,
        "canvas": _canvas,
        "gradescope": _gradescope,
        "csv": _plain,
        "json": _json,
    }
    return makers[target](sheet)


def number(value: float) -> str:
    """Points without needless digits."""
    return f"{round(value, 2):g}" if abs(value) < 1e5 else f"{value:.2f}"


def safe(cell: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    if cell != "-" and unicodedata.normalize("NFKC", cell[:1]).startswith(FORMULA):
        return f"'{cell}"
    return cell


def _written(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def _moodle(sheet: Sheet) -> str:
    if sheet.template:
        return _moodle_filled(sheet)
    rows = [list(MOODLE)]
    for line in sheet.lines:
        if line.number("moodle"):
            identifier = f"Participant {line.number('moodle')}"
            maximum = number(sheet.out_of or sheet.maximum)
            left_out = bool(line.known) and not sheet.grade(line)
            rows.append(
                [identifier, line.entry.name, line.entry.mail, sheet.grade(line), maximum, "-",
                 "" if left_out else line.comment]
            )  # fmt: skip
    return _written(rows)


def _moodle_filled(sheet: Sheet) -> str:
    header, *rows = [list(row) for row in sheet.template]
    columns = {means: i for i, means in meanings(header, _first(rows)).items()}
    low = [head.strip().casefold() for head in header]
    at = _grade_column(sheet, header, low, lambda head: MEANS.get(squashed(head)) == "grade")
    comments = columns.get("comment", _like(low, "comment", "komment"))
    top = columns.get("maximum", _like(low, "max"))
    mark = "," if any(DECIMAL_COMMA.fullmatch(cell) for row in rows for cell in row) else "."
    for row, (_, line) in zip(rows, _in_template(sheet), strict=True):
        if line is None or not sheet.grade(line):
            continue
        if 0 <= top < len(row):
            _check_maximum(sheet, row[top])
        row[at] = sheet.grade(line).replace(".", mark)
        if 0 <= comments < len(row):
            kept = OURS.sub("", row[comments]).rstrip()
            row[comments] = f"{kept}\n{line.comment}" if kept else line.comment
    return _written([header, *rows])


def _first(rows: Sequence[Sequence[str]]) -> Sequence[str]:
    return next((row for row in rows if any(row)), ())


def _like(low: Sequence[str], *parts: str) -> int:
    """The first header with one of these in it; -1 if none has."""
    return next((i for i, head in enumerate(low) if any(part in head for part in parts)), -1)


def absent(target: Target, sheet: Sheet) -> list[str]:
    """Who has a grade, and no line in the template."""
    if not sheet.template or target not in ("moodle", "canvas"):
        return []
    if target == "moodle":
        there = {line.student for _, line in _in_template(sheet) if line}
    else:
        header, rows = _of_canvas(sheet)
        there = {line.student for line in sheet.lines if _canvas_row(line, header, rows)}
    return [one.student for one in sheet.lines if sheet.grade(one) and one.student not in there]


def _in_template(sheet: Sheet) -> list[tuple[Sequence[str], Line | None]]:
    """Each row of a worksheet, and whose it is.

    Raises:
        ExportError: it is another assignment's.
    """
    header, *rows = sheet.template
    columns = {means: i for i, means in meanings(header, _first(rows)).items()}
    number_at, mail_at = columns.get("lms_id", 0), columns.get("mail", -1)
    names = [columns[key] for key in ("name", "first", "last") if key in columns]
    names = names or [i for i, head in enumerate(header) if "name" in squashed(head)]
    by_id = {line.number("moodle"): line for line in sheet.lines if line.number("moodle")}
    by_mail = {same(line.entry.mail): line for line in sheet.lines if line.entry.mail}
    found: list[tuple[Sequence[str], Line | None]] = []
    for row in rows:
        cells = dict(enumerate(row))
        identifier = cells.get(number_at, "")
        line = by_id.get("".join(filter(str.isdigit, identifier)))
        if line:
            _check_same(line, identifier, " ".join(cells.get(one, "") for one in names).strip())
            owner = by_mail.get(same(cells.get(mail_at, "")))
            if owner and owner is not line:
                raise ExportError(
                    f"the worksheet's {shown(identifier)} has the mail address of "
                    f"{shown(owner.student)}, in this archive it was {shown(line.student)}. It is "
                    "another assignment's: download this one's."
                )
        found.append((row, line))
    if sheet.lines and rows and not any(line for _, line in found):
        raise ExportError(
            f"none of the worksheet's {len(rows)} lines has the number of somebody collected here. "
            "It is another assignment's: download this one's. Or collect with it, `autograde "
            f"collect {sheet.lab} ARCHIVE --roster WORKSHEET`, which tells whose the numbers are."
        )
    return found


def _check_same(line: Line, identifier: str, name: str) -> None:
    """Moodle counts participants anew in every assignment."""
    known = line.entry.name
    nameless = not known or not name or squashed(known) in NAMELESS
    if not nameless and not set(words(name)) & set(words(known)):
        raise ExportError(
            f"the worksheet's {shown(identifier)} is {shown(name)}, in this archive it was "
            f"{shown(known)}. It is another assignment's: download this one's."
        )


def _check_maximum(sheet: Sheet, cell: str) -> None:
    try:
        there = float(cell.replace(",", "."))
    except ValueError:
        return
    if there != (sheet.out_of or sheet.maximum):
        raise ExportError(
            f"the template's grades go to {number(there)}, the lab's to {number(sheet.maximum)}. "
            f"Set the maximum there, or pass --out-of {number(there)} to scale them."
        )


def _grade_column(
    sheet: Sheet, header: Sequence[str], low: Sequence[str], fits: Callable[[str], bool]
) -> int:
    wanted = sheet.column.strip().casefold()
    found = [i for i, head in enumerate(low) if (head == wanted if wanted else fits(head))]
    if len(found) == 1:
        return found[0]
    raise ExportError(
        f"which column has the grades? Name it with --column. Columns: {listed(header, 30)}."
    )


def _canvas(sheet: Sheet) -> str:
    begins = title_of(sheet.lab)

    def fits(head: str) -> bool:
        return bool(begins.match(head)) and "(" in head

    keep, title = list(CANVAS), sheet.column or sheet.lab
    theirs: list[Sequence[str]] = []
    header: list[str] = []
    if sheet.template:
        header, theirs = _of_canvas(sheet)
        at = _grade_column(sheet, header, [head.strip().casefold() for head in header], fits)
        title, keep = header[at], [head for head in header if head.strip() in CANVAS]
        for row in theirs:
            if same(row[0] if row else "").startswith("points possible") and at < len(row):
                _check_maximum(sheet, row[at])
    most = number(sheet.out_of or sheet.maximum)
    rows = [[*keep, title], ["    Points Possible", *[""] * (len(keep) - 1), most]]
    for line in sheet.lines:
        own = _own(line)
        if not sheet.template:
            rows.append([*(own[head] for head in keep), sheet.grade(line)])
        elif there := _canvas_row(line, header, theirs):
            cells = dict(zip(header, there, strict=False))
            rows.append([*(cells.get(head, "") for head in keep), sheet.grade(line)])
    if sheet.template and len(rows) == 2:
        raise ExportError(
            "nobody of this class is in the gradebook that was given: it is another course's, or "
            "it lacks the columns ID, SIS Login ID and SIS User ID."
        )
    return _written(rows)


def _own(line: Line) -> dict[str, str]:
    """What Canvas knows of a student, as far as we do."""
    entry = line.entry
    return {
        "Student": entry.name or line.student,
        "ID": line.number("canvas"),
        "SIS User ID": entry.sis_id,
        "SIS Login ID": entry.login or line.student,
        "Section": entry.section,
    }


def _of_canvas(sheet: Sheet) -> tuple[list[str], list[Sequence[str]]]:
    return list(sheet.template[0]), list(sheet.template[1:])


def _canvas_row(
    line: Line, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> Sequence[str] | None:
    """A student's row of the gradebook: by number, login or SIS's id, the first that is there."""
    own = _own(line)
    for key in ("ID", "SIS Login ID", "SIS User ID"):
        if key in header and own[key]:
            at = list(header).index(key)
            for row in rows:
                if at < len(row) and row[at] == own[key]:
                    return row
    return None


def _gradescope(sheet: Sheet) -> str:
    cells = next((one.standing.cells for one in sheet.lines if one.standing), {})
    titles = [f"{n}: {name} ({most} pts)" for n, (name, (_, most)) in enumerate(cells.items(), 1)]
    rows = [[*GRADESCOPE, *titles]]
    for line in sheet.lines:
        one = line.known
        head = [line.entry.name, line.student, line.entry.mail]
        if one is None:
            status = "Ungraded" if line.outcome == "ungradable" else "Missing"
            rows.append([*head, "", number(sheet.maximum), status, *[""] * (5 + len(titles))])
            continue
        seconds = int(one.late or 0)
        late = f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
        status = "Ungraded" if one.unread else "Graded"
        when = f"{one.time:%Y-%m-%d %H:%M:%S %z}" if one.time else ""
        middle = [sheet.grade(line), number(sheet.out_of or one.maximum), status, "", when, late]
        rows.append(
            [*head, *middle, "", str(len(line.entry.versions) or 1)]
            + [number(points) for points, _ in one.cells.values()]
        )
    return _written(rows)


def _plain(sheet: Sheet) -> str:
    rows = [list(PLAIN)]
    for line in sheet.lines:
        row = {**_facts(sheet, line), "grade": sheet.grade(line)}
        rows.append(["" if row[key] is None else _cell(row[key]) for key in PLAIN])
    return _written(rows)


def _cell(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _json(sheet: Sheet) -> str:
    found = [
        {
            **_facts(sheet, line),
            "grade": float(sheet.grade(line)) if sheet.grade(line) else None,
            "cells": {
                name: {"points": points, "maximum": most}
                for name, (points, most) in (line.known.cells if line.known else {}).items()
            },
        }
        for line in sheet.lines
    ]
    told = {"lab": sheet.lab, "maximum": sheet.out_of or sheet.maximum, "students": found}
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _facts(sheet: Sheet, line: Line) -> dict[str, Any]:
    one = line.known
    return {
        "student": line.student,
        "name": line.entry.name,
        "mail": line.entry.mail,
        "section": line.entry.section,
        "points": one.points if one else None,
        "late_penalty": one.penalty if one else None,
        "maximum": sheet.maximum,
        "not_yet_read": one.unread if one else None,
        "handed_in": one.time.isoformat() if one and one.time else "",
        "seconds_late": one.late if one else None,
        "outcome": line.outcome,
    }
