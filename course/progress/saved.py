"""What checks left in a notebook's file: read from its JSON, whatever program saved it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from course.predictions import MIME as PREDICTION_MIME
from course.progress.released import Facts

CHECK_MIME = "application/vnd.convnet-course.check+json"
"""Beside a panel's HTML and text: its numbers, for programs."""

HEADLINE = re.compile(r"(\w+): (\d+) of (\d+) cases passed, ([\d.]+) of ([\d.]+) points")


@dataclass(frozen=True)
class Result:
    """What a visible check found.

    Attributes:
        earned: points.
        points: at most.
        outcome: ``passed``, ``failed``, ``skipped`` or ``grader_error``.
        passed: cases.
        cases: of how many.
    """

    earned: float
    points: float
    outcome: str
    passed: int = 0
    cases: int = 0


def bundle(check: str, result: Result) -> dict[str, Any]:
    """A result as it stands in a notebook's output."""
    return {"check": check, **asdict(result)}


def results(book: Mapping[str, Any]) -> dict[str, Result]:
    """What each check cell shows, by its ``grade_id``; a check that was not run is not in it."""
    found = {}
    for cell in cells(book):
        marks = marks_of(cell)
        shown = [one for one in map(_result, outputs(cell)) if one]
        if marks.get("grade") and shown:
            found[str(marks.get("grade_id"))] = shown[-1]
    return found


def predictions(book: Mapping[str, Any]) -> set[str]:
    """Names of the predictions that were made, as their cells show them."""
    bundles = [
        data.get(PREDICTION_MIME)
        for cell in cells(book)
        for output in outputs(cell)
        if isinstance(data := output.get("data"), dict)
    ]
    return {str(one.get("name")) for one in bundles if isinstance(one, dict) and one.get("made")}


def written(book: Mapping[str, Any], facts: Facts) -> dict[str, bool]:
    """Whether each answer, in words or in code, says something else than the released notebook."""
    released = {grade_id(cell): source(cell) for cell in facts.cells}
    theirs = {grade_id(cell): source(cell) for cell in cells(book)}
    places = {
        one.name: one.name if one.written else f"{one.name}_answer" for one in facts.exercises
    }
    return {
        name: theirs[place].strip() not in ("", released.get(place, "").strip())
        for name, place in places.items()
        if place in theirs
    }


def cells(book: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The notebook's cells that are any."""
    found = book.get("cells")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def marks_of(cell: Mapping[str, Any]) -> dict[str, Any]:
    """nbgrader's marks of a cell; an ordinary cell has none."""
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return marks if isinstance(marks, dict) else {}


def grade_id(cell: Mapping[str, Any]) -> str:
    """Its name for the grader; an ordinary cell has none."""
    return str(marks_of(cell).get("grade_id") or "")


def source(cell: Mapping[str, Any]) -> str:
    """The text of a cell."""
    return joined(cell.get("source"))


def outputs(cell: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a cell shows."""
    found = cell.get("outputs")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def joined(text: Any) -> str:
    """A text that may stand in a notebook as a list of lines."""
    if isinstance(text, list):
        return "".join(one for one in text if isinstance(one, str))
    return text if isinstance(text, str) else ""


def _result(output: Mapping[str, Any]) -> Result | None:
    """The result in an output. A program that drops unknown kinds keeps the text."""
    data = output.get("data")
    if not isinstance(data, dict):
        return None
    if isinstance(found := data.get(CHECK_MIME), dict):
        try:
            return Result(**{key: value for key, value in found.items() if key != "check"})
        except TypeError:
            return None
    return next(_from_text(joined(data.get("text/plain"))), None)


def _from_text(text: str) -> Iterator[Result]:
    if match := HEADLINE.search(text):
        passed, cases, earned, points = match.groups()[1:]
        outcome = "passed" if passed == cases else "failed"
        yield Result(float(earned), float(points), outcome, int(passed), int(cases))
    elif "not attempted yet" in text:
        yield Result(0.0, 0.0, "skipped")
