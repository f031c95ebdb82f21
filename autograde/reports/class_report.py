"""What a class did in a lab: points, exercises, misconceptions, who needs a person, alike code.

It reads what grading left (results, journal, gradebook, graded notebooks). Nothing of a student's
runs.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import mean, median
from typing import Any

from autograde.authoring.checks import CheckError
from autograde.errors import DesignedError
from autograde.gradebook.stored import stored
from autograde.marking import hidden, journal
from autograde.reports.leaderboard import DAMAGE
from autograde.reports.sightings import NOT_TRIED, Seen, Sightings, Student, Visible
from autograde.reports.similar import Similar, search
from autograde.reports.titles import titles
from autograde.results import Item, StudentResult, results_of
from autograde.tree import Tree, TreeError

WORST = 3  # cases named of an exercise
LONGEST = 5  # students named by time
STOPPED = (
    "took longer than",
    "the notebook took longer",
    "used more than",
    "was killed by the system",
)
"""How the sandbox's words begin where it stopped a student's code."""


class ReportError(DesignedError):
    """There is nothing to report on; the message says what was expected and what to do."""


@dataclass(frozen=True)
class Exercise:
    """An exercise in a class: how many have which status, among those whose notebook was read.

    Attributes:
        mean: share of its points, of those whose points are known; None while answers wait.
        worst: cases that failed most, with how many.
        stood_in: students for whom the course's answer stood in for it in other exercises.
    """

    name: str
    title: str
    maximum: float
    mean: float | None
    counts: Mapping[str, int]
    worst: tuple[tuple[str, int], ...]
    stood_in: int


@dataclass(frozen=True)
class Times:
    """Seconds that grading took, by student; who was stopped, and who was left too little."""

    whole: float = 0.0
    middle: float = 0.0
    longest: tuple[tuple[str, float], ...] = ()
    stopped: tuple[tuple[str, str], ...] = ()
    starved: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassReport:
    """A class.

    Attributes:
        points: of those whose notebook was read, by student; by checks alone while answers wait.
        maximum: of the same.
        waiting: written answers that nobody has marked yet.
        broken: checks that failed themselves, and wait for a person too.
        attention: students, and why each needs a person.
        flags: of the whole folder.
        unknown: students of whom only points and names are known, since the journal lacks them.
    """

    lab: str
    title: str
    points: Mapping[str, float]
    maximum: float
    waiting: int
    broken: int
    absent: tuple[str, ...]
    ungradable: tuple[str, ...]
    exercises: tuple[Exercise, ...]
    times: Times
    mistakes: tuple[Seen, ...]
    unexplained: tuple[Seen, ...]
    beyond: tuple[Seen, ...]
    attention: tuple[tuple[str, tuple[str, ...]], ...]
    flags: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    similar: Similar = field(default_factory=Similar)

    @property
    def mean(self) -> float:
        """Of the points."""
        return mean(self.points.values()) if self.points else 0.0

    @property
    def median(self) -> float:
        """Of the points."""
        return median(self.points.values()) if self.points else 0.0

    def as_json(self) -> dict[str, Any]:
        """The report for machines."""
        return {**asdict(self), "mean": self.mean, "median": self.median}


def read(course: Tree, work: Path, lab: str, earlier: Iterable[Path] = ()) -> ClassReport:
    """The report on the last grading that came to its end.

    Args:
        course: that the lab is in.
        work: the class's folder.
        lab: the lab's name.
        earlier: folders of earlier classes' notebooks, to compare the code with.

    Raises:
        ReportError: nothing is graded, or the results are damaged.
        DesignedError: a folder of an earlier class has no notebook of this lab.
    """
    release = work / "release" / lab / f"{lab}.ipynb"
    given = [path for path in (release, course.solution(lab)) if path.is_file()]
    students, flags, unknown = graded(work, lab)
    marks = {name: one.marks for name, one in stored(work / "gradebook.db", lab).students.items()}
    found = of_class(lab, students, titles(release), marks, _visible(lab))
    handed_out = (path.read_bytes() for path in given)
    similar = search(work / "autograded", lab, handed_out, earlier)
    return replace(found, flags=flags, unknown=unknown, similar=similar)


def links(work: Path, lab: str, start: Path) -> Callable[[str], str | None]:
    """A student's feedback page, else the graded notebook, as a path from the folder ``start``."""

    def find(student: str) -> str | None:
        for kind, ending in (("feedback", "html"), ("autograded", "ipynb")):
            place = work / kind / student / lab / f"{lab}.{ending}"
            if place.is_file():
                return os.path.relpath(place, start)
        return None

    return find


def graded(work: Path, lab: str) -> tuple[list[StudentResult], tuple[str, ...], tuple[str, ...]]:
    """Results of all students, flags of the folder, and of whom the journal has no full report.

    Raises:
        ReportError: nothing is graded, or the results are damaged.
    """
    path = results_of(work, lab)
    again = f"`autograde grade {lab} --workdir {work}`"
    if not path.is_file():
        raise ReportError(
            f"no results of {lab}: expected {path}. Run {again} first; what is graded already is "
            "not run again."
        )
    full = journal.read(work / "journal" / f"{lab}.jsonl")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        names = [str(one["student"]) for one in document["students"]]
        flags = tuple(str(one["message"]) for one in document["flags"])
        brief = {one["student"]: _brief(one) for one in document["students"]}
    except DAMAGE:
        raise ReportError(
            f"{path}: the results are damaged. Run {again}: it writes them anew, and what is "
            "graded already is not run again."
        ) from None
    students = [full[name].result if name in full else brief[name] for name in names]
    return students, flags, tuple(name for name in names if name not in full)


def _brief(found: Mapping[str, Any]) -> StudentResult:
    items = tuple(
        Item(name, float(one["maximum"]), one["status"], one["points"])
        for name, one in found["cells"].items()
    )
    return StudentResult(found["student"], found["outcome"], items)


def _visible(lab: str) -> Visible:
    def count(name: str) -> int | None:
        try:
            return hidden.visible(lab, name)
        except (TreeError, CheckError):  # no longer there
            return None

    return count


def of_class(
    lab: str,
    students: Iterable[StudentResult],
    names: Mapping[str, str],
    marks: Mapping[str, Mapping[str, float]],
    visible: Visible,
) -> ClassReport:
    """The report on results.

    Args:
        lab: the lab's name.
        students: their results.
        names: of exercises, by ``grade_id``; the lab's own has none.
        marks: points that a person gave, by student and cell.
        visible: how many cases of a check the notebook tries as well; None where nobody knows.
    """
    every = [Student(one, marks.get(one.student, {})) for one in students]
    read = [one for one in every if one.result.outcome == "graded"]
    items = [(one, item) for one in read for item in one.result.items]
    waits = Counter(item.status for one, item in items if one.points(item) is None)
    written = {item.grade_id for _, item in items if item.status == "manual"}
    counted = {item.grade_id: item.maximum for _, item in items}
    if waits["manual"]:
        counted = {name: most for name, most in counted.items() if name not in written}
    seen = Sightings(read, visible)
    return ClassReport(
        lab,
        names.get("", lab),
        {one.name: one.total(counted) for one in read},
        sum(counted.values()),
        waits["manual"],
        waits["grader_error"],
        tuple(one.name for one in every if one.result.outcome == "not handed in"),
        tuple(one.name for one in every if one.result.outcome == "ungradable"),
        tuple(_exercises(read, names)),
        _times(read),
        seen.mistakes(),
        seen.unexplained(),
        seen.beyond(),
        tuple((one.name, why) for one in every if (why := tuple(one.needs(visible)))),
    )


def _exercises(read: list[Student], names: Mapping[str, str]) -> Iterator[Exercise]:
    items: dict[str, list[tuple[Student, Item]]] = {}
    stood = Counter[str]()
    for student in read:
        stood.update({name for item in student.result.items for name in item.replaced})
        for item in student.result.items:
            items.setdefault(item.grade_id, []).append((student, item))
    for name, rows in items.items():
        maximum = max(item.maximum for _, item in rows)
        known = [points for one, item in rows if (points := one.points(item)) is not None]
        counts = Counter[str](item.status for _, item in rows)
        counts["waiting"] = len(rows) - len(known)
        failed = Counter(
            case.title
            for _, item in rows
            for case in (item.report.results if item.report else ())
            if case.outcome == "failed" and not case.found.startswith(NOT_TRIED)
        )
        unread = any(item.status == "manual" and one.points(item) is None for one, item in rows)
        share = mean(known) / maximum if known and maximum and not unread else None
        title = names.get(name, name)
        yield Exercise(
            name, title, maximum, share, dict(counts), tuple(failed.most_common(WORST)), stood[name]
        )


def _times(read: list[Student]) -> Times:
    seconds = {one.name: one.result.seconds for one in read}
    if not seconds:
        return Times()
    longest = sorted(seconds.items(), key=lambda one: -one[1])[:LONGEST]
    stopped = tuple((one.name, why) for one in read if (why := _stopped(one)))
    starved = [one for one in read if any(f.code == "machine-busy" for f in one.result.flags)]
    names = tuple(one.name for one in starved)
    return Times(sum(seconds.values()), median(seconds.values()), tuple(longest), stopped, names)


def _stopped(student: Student) -> str:
    """The first time that the student's code was stopped, in words; empty where it was not."""
    for name, report in student.reports.items():
        for case in report.results:
            if case.kind == "raised" and case.found.startswith(STOPPED):
                return f"{name}: {case.found}"
    told = (flag for flag in student.result.flags if flag.code in ("answer-stops", "not-run-again"))
    return next(
        (f.message for f in told if f.code == "not-run-again" or "stopped" in f.message), ""
    )
