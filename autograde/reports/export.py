"""Grade files for LMSs, spreadsheets and programs: what everyone has, and what is not final."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

from autograde.reports import worksheets
from autograde.reports.grade_sheet import Line, Sheet, number, written

Target = Literal["moodle", "canvas", "gradescope", "csv", "json"]

GRADESCOPE = (
    "Name", "SID", "Email", "Total Score", "Max Points", "Status", "Submission ID",
    "Submission Time", "Lateness (H:M:S)", "View Count", "Submission Count",
)  # fmt: skip
PLAIN = (
    "student", "name", "mail", "section", "points", "late_penalty", "grade", "maximum",
    "not_yet_read", "handed_in", "seconds_late", "outcome",
)  # fmt: skip


def text(target: Target, sheet: Sheet) -> str:
    """The grade file.

    Raises:
        ExportError: the template does not fit.
    """
    makers: dict[Target, Callable[[Sheet], str]] = {
        "moodle": worksheets.moodle,
        "canvas": worksheets.canvas,
        "gradescope": _gradescope,
        "csv": _plain,
        "json": _json,
    }
    return makers[target](sheet)


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
    return written(rows)


def _plain(sheet: Sheet) -> str:
    rows = [list(PLAIN)]
    for line in sheet.lines:
        row = {**_facts(sheet, line), "grade": sheet.grade(line)}
        rows.append(["" if row[key] is None else _cell(row[key]) for key in PLAIN])
    return written(rows)


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
