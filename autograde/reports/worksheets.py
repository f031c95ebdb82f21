"""Grade files for Moodle and Canvas: their own, filled in, or new ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from autograde.handing_in.collecting.headers import MEANS, NAMELESS, meanings
from autograde.handing_in.collecting.names import same, squashed, title_of, words
from autograde.handing_in.normalise.flags import listed, shown
from autograde.reports.grade_sheet import ExportError, Line, Sheet, number, written

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


def moodle(sheet: Sheet) -> str:
    """For Moodle: a worksheet of our own, or the one that it gave, filled in."""
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
    return written(rows)


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
        row += [""] * (len(header) - len(row))
        if 0 <= top < len(row):
            _check_maximum(sheet, row[top])
        row[at] = sheet.grade(line).replace(".", mark)
        if 0 <= comments < len(row):
            kept = OURS.sub("", row[comments]).rstrip()
            row[comments] = f"{kept}\n{line.comment}" if kept else line.comment
    return written([header, *rows])


def _first(rows: Sequence[Sequence[str]]) -> Sequence[str]:
    return next((row for row in rows if any(row)), ())


def _like(low: Sequence[str], *parts: str) -> int:
    """The first header with one of these in it; -1 if none has."""
    return next((i for i, head in enumerate(low) if any(part in head for part in parts)), -1)


def absent(target: str, sheet: Sheet) -> list[str]:
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
    columns = f"Its columns: {listed(header, 30)}."
    if not wanted:
        raise ExportError(
            "which column of the template has the grades? Pass --column 'NAME', as it stands in "
            f"the template. {columns}"
        )
    if found:
        raise ExportError(
            f"{len(found)} columns of the template are called {shown(sheet.column)}. Rename all "
            f"but the right one in it, or download it anew. {columns}"
        )
    raise ExportError(
        f"--column: no column of the template is called {shown(sheet.column)}. Pass --column "
        f"'NAME' with one that it has, or another --template. {columns}"
    )


def canvas(sheet: Sheet) -> str:
    """For Canvas: a gradebook of this column alone, which is how it imports one."""
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
    return written(rows)


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
