"""Results of grading as values: what each student got, why, and what needs a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

from autograde.handing_in.normalise import Flag
from autograde.handing_in.normalise.flags import listed

if TYPE_CHECKING:
    from course.checks import Report  # loads torch

MOST_ALIKE = 3
"""Of these flags, that are told one by one."""

ALIKE = frozenset({"cell-type-restored", "marks-restored"})
"""Codes of flags that were settled the same way wherever they stand; of others each is evidence."""

Status = Literal["passed", "failed", "skipped", "grader_error", "manual"]
Handing = Literal["graded", "ungradable", "not handed in"]


@dataclass(frozen=True)
class Item:
    """One graded cell of one student.

    ``status`` is a check's outcome, or ``manual`` for a written answer that a person grades.
    ``points`` is None while nobody knows: a written answer, or a check that failed itself.
    ``replaced`` names exercises in whose place the course's own answer stood when the points were
    earned, and ``note`` tells the student so.
    """

    grade_id: str
    maximum: float
    status: Status
    points: float | None
    report: Report | None = None
    replaced: tuple[str, ...] = ()
    note: str = ""

    @property
    def measured(self) -> dict[str, float]:
        """What the judge of the check's last case measured: hidden cases come last."""
        results = self.report.results if self.report else ()
        # No earlier case stands in for it: code can know the visible images, and fail on others.
        return dict(results[-1].measured) if results else {}

    def as_json(self) -> dict[str, Any]:
        """The item for machines."""
        found: dict[str, Any] = {
            "points": self.points,
            "maximum": self.maximum,
            "status": self.status,
        }
        if self.replaced:
            found["replaced"] = list(self.replaced)
        if self.measured:
            found["measured"] = self.measured
        if self.report and self.status != "passed":
            mistakes = sorted({r.mistake for r in self.report.results if r.mistake})
            found |= {"failed": [r.title for r in self.report.results if r.outcome == "failed"]}
            found |= {"mistakes": mistakes} if mistakes else {}
        return found


@dataclass(frozen=True)
class StudentResult:
    """What became of one student's submission."""

    student: str
    outcome: Handing
    items: tuple[Item, ...]
    flags: tuple[Flag, ...] = ()
    seconds: float = 0.0

    @property
    def points(self) -> float:
        """Points known so far."""
        return round(sum(item.points or 0.0 for item in self.items), 2)

    @property
    def maximum(self) -> float:
        """Points that the lab gives at most."""
        return sum(item.maximum for item in self.items)

    @property
    def attention(self) -> list[Flag]:
        """Flags that want a look; what was put back in many cells is told once, and counted."""
        found = [flag for flag in self.flags if flag.severity != "info"]
        counts = Counter(flag.code for flag in found)
        return [*_once(found, {code for code in ALIKE if counts[code] > MOST_ALIKE})]

    @property
    def needs(self) -> list[str]:
        """Why a person should look, in words; empty when nobody needs to."""
        reasons = [flag.message for flag in self.attention]
        broken = [item.grade_id for item in self.items if item.status == "grader_error"]
        if broken:
            reasons.append(f"the check itself failed for {', '.join(broken)}: grade by hand")
        written = [item.grade_id for item in self.items if item.status == "manual"]
        if written:
            reasons.append(f"read the answers to {', '.join(written)}")
        return reasons

    def as_json(self) -> dict[str, Any]:
        """The result for machines."""
        return {
            "student": self.student,
            "outcome": self.outcome,
            "points": self.points,
            "maximum": self.maximum,
            "cells": {item.grade_id: item.as_json() for item in self.items},
            "flags": [_flag(flag) for flag in self.flags],
        }


def _once(found: list[Flag], often: set[str]) -> Iterator[Flag]:
    """The flags, those whose code is told too often only where the first of them stands."""
    told = set[str]()
    for flag in found:
        if flag.code not in often:
            yield flag
        elif flag.code not in told:
            told.add(flag.code)
            alike = [one for one in found if one.code == flag.code]
            cells = listed(dict.fromkeys(one.cell for one in alike if one.cell))
            where = f" ({cells})" if cells else ""
            message = f"{len(alike)} times alike{where}, first: {flag.message}"
            yield Flag(flag.code, flag.severity, "", message)


@dataclass(frozen=True, order=True)
class Move:
    """A score that a regrading changed."""

    student: str
    grade_id: str
    before: float | None
    after: float | None
    why: str = ""


@dataclass(frozen=True)
class ClassResult:
    """What became of a class."""

    lab: str
    students: tuple[StudentResult, ...]
    isolation: str = "full"
    moves: tuple[Move, ...] = ()
    flags: tuple[Flag, ...] = ()  # of the whole folder
    seconds: float = field(default=0.0, compare=False)

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> ClassResult:
        """A class as its JSON has it: all but the reports."""
        students = tuple(_student(one) for one in found["students"])
        flags = tuple(Flag(**flag) for flag in found["flags"])
        return cls(found["lab"], students, found["isolation"], flags=flags)

    def as_json(self) -> dict[str, Any]:
        """The class for machines: nothing in it depends on when or where it was graded."""
        return {
            "lab": self.lab,
            "isolation": self.isolation,
            "students": [student.as_json() for student in self.students],
            "exercises": summary(self.students),
            "flags": [_flag(flag) for flag in self.flags],
        }


def results_of(work: Path, lab: str) -> Path:
    """Where a class's folder has the results of the last grading that came to its end."""
    return work / "results" / f"{lab}.json"


def summary(students: Iterable[StudentResult]) -> dict[str, dict[str, float]]:
    """For each exercise how many students have each status, and their mean points; of notebooks
    that were graded.
    """
    found: dict[str, dict[str, float]] = {}
    points: dict[str, list[float]] = {}
    for student in students:
        for item in student.items:
            row = found.setdefault(item.grade_id, {"maximum": item.maximum})
            if student.outcome != "graded":
                continue
            row[item.status] = row.get(item.status, 0) + 1
            if item.points is not None:
                points.setdefault(item.grade_id, []).append(item.points)
    for name, row in found.items():
        row["mean"] = round(fmean(points[name]), 2) if name in points else 0.0
    return found


def _student(found: Mapping[str, Any]) -> StudentResult:
    items = tuple(
        Item(
            name, one["maximum"], one["status"], one["points"], None, tuple(one.get("replaced", ()))
        )
        for name, one in found["cells"].items()
    )
    flags = tuple(Flag(**flag) for flag in found["flags"])
    return StudentResult(found["student"], found["outcome"], items, flags)


def _flag(flag: Flag) -> dict[str, str]:
    return {
        "code": flag.code,
        "severity": flag.severity,
        "cell": flag.cell,
        "message": flag.message,
    }
