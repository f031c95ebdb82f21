"""The checks of one lab, by name, and how a notebook runs them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, update_wrapper
from types import FunctionType
from typing import Any

from course import progress, weights
from course.checks import remarks, stored, waiting, wording
from course.checks.cases import Budget, Prepared
from course.checks.listening import listening, own_randomness
from course.checks.own import Rules, plain_name, used_by
from course.checks.probes import Answer, Probe, copied, plain
from course.checks.report import Report
from course.checks.results import CaseResult
from course.device import one_thread

NAMING = 2.0  # seconds that the search for known mistakes may take

Ask = Callable[[Probe], Answer]


@dataclass(frozen=True)
class Shown:
    """What a visible check tells besides.

    Attributes:
        lab: whose check it is.
        others: names that the lab's other exercises ask for.
        more: how many further cases grading has.
        share: of the points that these count.
        forbidden: what each of the other exercises forbids, plain names, by the name asked for.
    """

    lab: str
    others: frozenset[str] = frozenset()
    more: int = 0
    share: float = 0.0
    forbidden: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One exercise's check.

    Attributes:
        name: the exercise's id, which is also its ``grade_id``.
        about: one line that the student reads.
        cases: what it tries.
        forbids: plain names of what the exercise asks to write by hand.
        allows: beginnings of full names in ``course`` that an answer may use.
        shown: given where the student runs it.
    """

    name: str
    about: str
    cases: tuple[Prepared, ...]
    forbids: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    shown: Shown | None = None

    def __post_init__(self) -> None:
        for one in self.cases if self.forbids else ():
            one.watch(tuple(map(plain_name, self.forbids)))

    @property
    def uses(self) -> dict[str, None]:
        """Names of the student's objects that it asks."""
        return dict.fromkeys(name for one in self.cases for name in one.case.probe.uses)

    def run(self, namespace: Mapping[str, Any], *, points: float = 1.0) -> Report:
        """Probe the student's objects and judge their answers in this process; files that are
        handed in lie beside the notebook, in the current folder.
        """
        calls: dict[str, None] = {}

        def ask(probe: Probe) -> Answer:
            answer = probe.run(namespace)
            calls.update(dict.fromkeys(answer.calls))
            return answer

        with own_randomness():
            results = tuple(
                self._results(ask) if self.shown else (one.put(ask) for one in self.cases)
            )
        report = Report(self.name, self.about, results, points)
        return self._with_remarks(report, namespace, calls) if self.shown else report

    def _results(self, ask: Ask) -> Iterator[CaseResult]:
        """The results of a student's own run, who waits for them."""
        budget = Budget(NAMING)
        with waiting.telling(self.name, len(self.cases)) as trying:
            for number, one in enumerate(self.cases, start=1):
                trying(number)
                yield one.put(ask, budget=budget)

    def _with_remarks(
        self, report: Report, namespace: Mapping[str, Any], calls: Iterable[str]
    ) -> Report:
        """What the student is told besides, where the exercise is written."""
        assert self.shown is not None
        if report.outcome in ("skipped", "grader_error"):
            return report
        rules = Rules.of(self.forbids, self.allows)
        used = used_by(self.uses, namespace, rules, self.shown.others)
        return replace(
            report,
            own=remarks.own_work(used, calls),
            adds=remarks.grading(self.shown.more, self.shown.share),
            meanwhile=remarks.meanwhile(
                (f"{one.found} {one.message}".strip() for one in report.results),
                self.shown.forbidden,
            ),
            repeats=remarks.repeating(self.name) if report.outcome == "failed" else "",
            examples=self._examples() if report.outcome == "failed" else {},
        )

    def _examples(self) -> dict[int, str]:
        """Calls that are code, and what they give, by the number of their case."""
        found = ((number, one.example()) for number, one in enumerate(self.cases, start=1))
        return {number: text for number, text in found if text}


class Checks:
    """The visible checks of a lab. Calling it runs one on the objects of the calling notebook.

    They are data: questions, inputs, what is expected, what known mistakes answer. The course's
    authors write them elsewhere, and ``autograde build`` stores them.

    Args:
        lab: the package of ``course.labs`` beside which they are stored.
    """

    def __init__(self, lab: str) -> None:
        self.lab = lab

    @cached_property
    def _stored(self) -> dict[str, Any]:
        checks: dict[str, Any] = stored.read(self.lab)["checks"]
        return checks

    def __getitem__(self, name: str) -> Check:
        if name not in self._stored:
            known = ", ".join(self._stored) or "none"
            raise KeyError(f"{self.lab} has no check {name!r}; it has: {known}")
        facts = self._stored[name]
        cases = tuple(stored.cases(facts))
        for number, one in enumerate(cases, start=1):
            one.again = f'check.again("{name}", {number})'
        more, share = facts.get("extra", (0, 0.0))
        shown = Shown(self.lab, self._others(name), more, share, self._forbidden)
        forbids, allows = (tuple(facts.get(key, ())) for key in ("forbids", "allows"))
        return Check(name, facts["about"], cases, forbids, allows, shown)

    def _others(self, name: str) -> frozenset[str]:
        """Names that the lab's other exercises ask for."""
        asked = {
            one: {use for case in facts["cases"] for use in case["probe"].get("uses", ())}
            for one, facts in self._stored.items()
        }
        return frozenset().union(*(asked[one] for one in asked if one != name)) - asked[name]

    @cached_property
    def _forbidden(self) -> dict[str, tuple[str, ...]]:
        """What the exercise of a name forbids, as plain names."""
        return {
            use: tuple(map(plain_name, facts.get("forbids", ())))
            for facts in self._stored.values()
            for case in facts["cases"]
            for use in case["probe"].get("uses", ())
        }

    def __iter__(self) -> Iterator[Check]:
        return (self[name] for name in self._stored)

    def __contains__(self, name: object) -> bool:
        return name in self._stored

    def __call__(self, name: str, points: float = 1.0) -> Report:
        """Run a visible check on the names of the calling notebook."""
        names = sys._getframe(1).f_globals
        with one_thread():  # what checks run is small
            check = self[name]
            report = self._before_setup(check, names, points) or check.run(names, points=points)
        report = replace(report, lab=self.lab)
        return replace(report, so_far=progress.noted(self.lab, name, report.result))

    def _before_setup(self, check: Check, names: Mapping[str, Any], points: float) -> Report | None:
        """What is told where neither the answer nor the setup cell has been run."""
        setup = progress.missing_setup(self.lab, names)
        if not setup or all(use in names for use in check.uses):
            return None
        told = CaseResult("", "skipped", 1.0, message=remarks.before_setup(setup))
        return Report(check.name, check.about, (told,), points)

    def again(self, name: str, number: int) -> Any:
        """Try one case of a check again, on the names of the calling notebook. What your code
        raises comes as Python has it.

        Args:
            name: of the check.
            number: of the case, as the check's panel has it.

        Returns:
            What your code answers, tensors without their graph.

        Raises:
            KeyError: there is no such check.
            IndexError: it has no such case.
            NameError: the exercise's cell has not been run.
        """
        probe, objects = self._asked(name, number, sys._getframe(1).f_globals)
        case = self._case(name, number)
        print(f"{name}, case {number}, {case.case.title}: {probe.text}")
        print(f"to paste: {case.code() or remarks.pasted(name, number, probe.uses)}")
        with one_thread(), own_randomness():
            answer = plain(probe.question(*objects, *copied(probe.args), **copied(probe.kwargs)))
            if probe.then:
                answer = plain(probe.then.question(answer, *probe.then.args, **probe.then.kwargs))
        print(f"gives {wording.value(answer)}")
        return answer

    def inputs(self, name: str, number: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What a case of a check gives to your code: positional and keyword arguments.

        A case that calls your function several times, or a class: of the first call.

        Args:
            name: of the check.
            number: of the case, as the check's panel has it.

        Raises:
            KeyError: there is no such check.
            IndexError: it has no such case.
            NameError: the exercise's cell has not been run.
        """
        probe, objects = self._asked(name, number, sys._getframe(1).f_globals)
        calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        with suppress(Exception), listening({}), own_randomness(), one_thread():
            probe.question(
                *(_noting(one, calls) for one in objects),
                *copied(probe.args),
                **copied(dict(probe.kwargs)),
            )
        return calls[0] if calls else (copied(probe.args), copied(dict(probe.kwargs)))

    def _asked(
        self, name: str, number: int, namespace: Mapping[str, Any]
    ) -> tuple[Probe, list[Any]]:
        """A case's probe, and the notebook's objects that it asks."""
        probe = self._case(name, number).case.probe.with_files(weights.read)
        if missing := [use for use in probe.uses if use not in namespace]:
            raise NameError(f"{missing[0]} is not defined: run the exercise's cell first")
        return probe, [namespace[use] for use in probe.uses]

    def _case(self, name: str, number: int) -> Prepared:
        cases = self[name].cases
        if not 1 <= number <= len(cases):
            raise IndexError(f"{name} has cases 1 to {len(cases)}, none of number {number}")
        return cases[number - 1]


def _noting(thing: Any, calls: list[tuple[tuple[Any, ...], dict[str, Any]]]) -> Any:
    """A function or class that notes what it is called with; anything else as it is."""
    if not isinstance(thing, FunctionType | type):
        return thing

    def noting(*args: Any, **kwargs: Any) -> Any:
        calls.append((copied(args), copied(kwargs)))
        return thing(*args, **kwargs)

    return update_wrapper(noting, thing)
