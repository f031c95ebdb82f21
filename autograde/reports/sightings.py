"""What is seen in the reports of a class: mistakes, failures without a name, what grading adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from autograde.authoring.source import ANSWER
from autograde.results import Item, StudentResult
from course.checks import CaseResult, Report
from course.checks.results import sentence

LOW = 0.4  # share of the points that checks give, below which a student is named
NOT_TRIED = "not tried"

Visible = Callable[[str], int | None]
"""How many cases of a check the notebook tries as well; None where nobody knows."""


@dataclass(frozen=True)
class Seen:
    """Students in whose work something was seen.

    Attributes:
        exercise: its name.
        what: the mistake's name, or the case's title.
        told: the mistake's hint, or how the case fails and what one of them found.
        students: all of them.
        attempted: how many tried the exercise.
        hidden: whether it is a case that only grading has; None where nobody knows.
    """

    exercise: str
    what: str
    told: str
    students: tuple[str, ...]
    attempted: int
    hidden: bool | None = None

    @property
    def share(self) -> float:
        """Of those who tried."""
        return len(self.students) / self.attempted if self.attempted else 0.0


@dataclass(frozen=True)
class Student:
    """A student's result, with what a person gave."""

    result: StudentResult
    marks: Mapping[str, float]

    @property
    def name(self) -> str:
        """The folder's."""
        return self.result.student

    @cached_property
    def reports(self) -> Mapping[str, Report]:
        """Full reports, by exercise, of what was tried and could be judged."""
        return {
            item.grade_id: item.report
            for item in self.result.items
            if item.report and item.status in ("passed", "failed")
        }

    def points(self, item: Item) -> float | None:
        """A person's, else the check's; None while nobody knows."""
        return self.marks.get(item.grade_id, item.points)

    def total(self, counted: Mapping[str, float]) -> float:
        """Points of these exercises."""
        found = (self.points(one) for one in self.result.items if one.grade_id in counted)
        return round(sum(one or 0.0 for one in found), 2)

    def needs(self, visible: Visible) -> Iterator[str]:
        """Why a person should look; ``visible`` tells checks from written answers."""
        if self.result.outcome == "not handed in":
            yield "not handed in"
        for flag in self.result.attention:
            where = flag.cell.removesuffix(ANSWER.format(""))
            known = not where or where in flag.message
            yield flag.message if known else f"{where}: {flag.message}"
        for item in self.result.items:
            if item.status == "grader_error" and self.points(item) is None:
                yield f"{item.grade_id}: the check itself failed; mark it by hand"
        if self.result.outcome == "graded":
            yield from self._low(visible)

    def _low(self, visible: Visible) -> Iterator[str]:
        judged = [
            one
            for one in self.result.items
            if one.status not in ("manual", "grader_error")
            and (one.report or visible(one.grade_id) is not None)  # a blank written one has neither
        ]
        if judged and all(one.status == "skipped" for one in judged):
            yield "nothing attempted"
            return
        whole = sum(one.maximum for one in judged)
        got = sum(self.points(one) or 0.0 for one in judged)
        if got < LOW * whole:
            yield f"low: {got:g} of {whole:g} points by checks"


class Sightings:
    """What is seen in the reports of a class.

    Args:
        read: students whose notebook was read.
        visible: how many cases of a check the notebook tries as well.
    """

    def __init__(self, read: Iterable[Student], visible: Visible) -> None:
        self._read = list(read)
        self._tried = Counter(name for one in self._read for name in one.reports)
        self._visible = {name: visible(name) for name in self._tried}

    def mistakes(self) -> tuple[Seen, ...]:
        """Known mistakes, the most frequent first."""

        def known(name: str, report: Report) -> Iterator[Sight]:
            for place, case in enumerate(report.results):
                if case.mistake:
                    yield Sight(case.mistake, case.hint, place)

        return self._seen(known)

    def unexplained(self) -> tuple[Seen, ...]:
        """For each student the first case of a check that fails, where no mistake is recognised."""

        def first(name: str, report: Report) -> Iterator[Sight]:
            if not any(case.mistake for case in report.results):
                yield from [*_failing(report)][:1]

        return self._seen(first)

    def beyond(self) -> tuple[Seen, ...]:
        """Cases that only grading has, failed by students who pass all that the notebook tries."""

        def missed(name: str, report: Report) -> Iterator[Sight]:
            count = self._visible[name]
            if count and all(case.outcome == "passed" for case in report.results[:count]):
                yield from _failing(report)

        return self._seen(missed)

    def _seen(self, look: Callable[[str, Report], Iterable[Sight]]) -> tuple[Seen, ...]:
        found: dict[tuple[str, str, str], dict[str, Sight]] = {}
        for student in self._read:
            for name, report in student.reports.items():
                for one in look(name, report):
                    key = (name, one.what, one.sort)
                    found.setdefault(key, {}).setdefault(student.name, one)
        every = [self._summed(name, seen) for (name, *_), seen in found.items()]
        return tuple(sorted(every, key=lambda one: (-len(one.students), -one.share)))

    def _summed(self, name: str, seen: Mapping[str, Sight]) -> Seen:
        told = Counter(one.told for one in seen.values()).most_common(1)[0][0]
        one, count = next(iter(seen.values())), self._visible[name]
        beyond = None if count is None else one.place >= count
        return Seen(name, one.what, told, tuple(seen), self._tried[name], beyond)


@dataclass(frozen=True)
class Sight:
    """Something in one report: what, told how, in which case; ``sort`` tells alike ones apart."""

    what: str
    told: str
    place: int
    sort: str = ""


def _failing(report: Report) -> Iterator[Sight]:
    for place, case in enumerate(report.results):
        if case.outcome == "failed" and not case.found.startswith(NOT_TRIED):
            error = case.found.partition(":")[0] if case.kind == "raised" else ""
            yield Sight(case.title, _how(case), place, f"{case.kind} {error}")


def _how(case: CaseResult) -> str:
    """How a case fails, and what was found where that tells more."""
    if case.kind in ("raised", "unfit", "missing", "unwritten", ""):
        return case.found or case.message or sentence(case)
    return sentence(case)
