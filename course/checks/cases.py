"""A case: one probe, one judge, one hint; and the result of putting it to a student's work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from course import weights
from course.checks import wording
from course.checks.judges import Judge, close
from course.checks.probes import Answer, Files, Probe

Outcome = Literal["passed", "failed", "skipped", "grader_error"]


class _FromOracle:
    def __repr__(self) -> str:
        return "FROM_ORACLE"


FROM_ORACLE = _FromOracle()


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer, as code: whoever answers like it gets its hint.

    Attributes:
        name: short, stable name; class reports count it.
        objects: the wrong objects, under the student's names.
        hint: a sentence that makes one think, not the answer.
    """

    name: str
    objects: Mapping[str, Any]
    hint: str


@dataclass(frozen=True)
class Case:
    """One thing that a check tries.

    Attributes:
        title: what holds when it passes ("stays finite at ±1000").
        probe: the question.
        hint: shown when it fails and no known mistake matches.
        judge: compares the answer with what was expected.
        expected: a golden value, or what the oracle answers to the same probe. A probe of a
            handed-in file needs a golden one, which may be None.
        weight: share of the check's points, relative to the other cases.
    """

    title: str
    probe: Probe
    hint: str = ""
    judge: Judge = field(default_factory=close)
    expected: Any = FROM_ORACLE
    weight: float = 1.0


@dataclass(frozen=True)
class CaseResult:
    """What became of a case, in the student's words; ``measured`` is the judge's, never a claim."""

    title: str
    outcome: Outcome
    weight: float
    tried: str = ""
    expected: str = ""
    found: str = ""
    message: str = ""
    hint: str = ""
    mistake: str = ""
    printed: str = ""
    measured: Mapping[str, float] = field(default_factory=dict, hash=False)


def expectation(case: Case, oracle: Mapping[str, Any]) -> Any:
    """What the case expects: its golden value, or the oracle's answer.

    Raises:
        RuntimeError: the oracle has no answer; that is the grader's fault, never the student's.
    """
    if case.expected is not FROM_ORACLE:
        return case.expected
    if case.probe.files:
        raise RuntimeError(f"{case.title!r} is about a handed-in file: give what it expects")
    answer = case.probe.run(oracle)
    if answer.kind != "value":
        raise RuntimeError(f"the oracle has no answer to {case.probe.text}: {answer.error}")
    return answer.value


@dataclass
class Patience:
    """How long one run of a check may look for known mistakes, since somebody waits for it.

    What was found in one case is tried first in the next; once the time is up, it alone.
    """

    seconds: float
    spent: float = 0.0
    found: list[Mistake] = field(default_factory=list)

    def first(self, known: Sequence[Mistake], fits: Callable[[Mistake], bool]) -> Mistake | None:
        """The first mistake that fits, as far as the time goes."""
        others = [one for one in known if one not in self.found]
        for mistake in (*self.found, *others):
            if self.spent > self.seconds and mistake not in self.found:
                return None
            begun = time.monotonic()
            match = fits(mistake)
            self.spent += time.monotonic() - begun
            if match:
                self.found = [mistake, *(one for one in self.found if one is not mistake)]
                return mistake
        return None


@dataclass
class Prepared:
    """A case with everything that a class of students shares: what is expected, and what each
    known mistake answers. Both are found on first need and kept.

    Attributes:
        patience: bounds the search for mistakes; without it, all are tried in their order.
    """

    case: Case
    oracle: Mapping[str, Any]
    mistakes: tuple[Mistake, ...] = ()
    patience: Patience | None = None
    _answers: dict[str, Answer] = field(default_factory=dict)

    @cached_property
    def expected(self) -> Any:
        """What the case expects."""
        return expectation(self.case, self.oracle)

    @property
    def wrong(self) -> Iterator[tuple[Mistake, Answer]]:
        """What each known mistake answers to the probe; nothing where it is about a file."""
        return ((mistake, self._answer_of(mistake)) for mistake in self._mistakes())

    def _mistakes(self) -> Sequence[Mistake]:
        return () if self.case.probe.files else self.mistakes

    def _answer_of(self, mistake: Mistake) -> Answer:
        if mistake.name not in self._answers:
            names = {**self.oracle, **mistake.objects}
            self._answers[mistake.name] = self.case.probe.run(names)
        return self._answers[mistake.name]

    def put(self, ask: Callable[[Probe], Answer], files: Files = weights.read) -> CaseResult:
        """Ask the probe and judge the answer.

        Args:
            ask: puts a probe to the student's objects.
            files: reads what is handed in. A file that it can't read fails the case, unless it is
                not there and the exercise is not attempted either.
        """
        try:
            probe = self.case.probe.with_files(files)
        except weights.MissingWeights as error:
            answer = ask(self.case.probe.with_files(lambda name: {}))
            attempted = answer.kind in ("value", "raised")
            return self._without_file(error) if attempted else self.result(answer)
        except weights.WeightsError as error:
            return self._without_file(error)
        return self.result(ask(probe), probe)

    def result(self, answer: Answer, probe: Probe | None = None) -> CaseResult:
        """Judge an answer. A failure of the check itself is ``grader_error``, not ``failed``.

        Args:
            answer: what came back.
            probe: as it was asked, with its files; by default the case's own.
        """
        try:
            if answer.kind == "value":
                return self._of_value(answer, probe or self.case.probe)
            if answer.kind == "raised":
                return self._of_error(answer)
            return self._unanswered(answer)
        except Exception as error:
            return self._as("grader_error", message=_own_failure(error))

    def _as(self, outcome: Outcome, **details: Any) -> CaseResult:
        case = self.case
        return CaseResult(case.title, outcome, case.weight, tried=case.probe.text, **details)

    def _of_value(self, answer: Answer, probe: Probe) -> CaseResult:
        finding = self.case.judge(answer.value, self.expected, probe)
        mistake = None if finding.passed else self._recognised(answer)
        return self._as(
            "passed" if finding.passed else "failed",
            expected=finding.expected,
            found=finding.found,
            message=finding.message,
            hint="" if finding.passed else (mistake.hint if mistake else self.case.hint),
            mistake=mistake.name if mistake else "",
            printed=answer.printed,
            measured={name: float(number) for name, number in finding.measured.items()},
        )

    def _without_file(self, error: weights.WeightsError) -> CaseResult:
        names = " and ".join(self.case.probe.files)
        wanted = f"the weights of your network in {names}, beside the notebook"
        return self._as("failed", expected=wanted, found=str(error))

    def _of_error(self, answer: Answer) -> CaseResult:
        return self._as(
            "failed",
            expected=wording.value(self.expected),
            found=answer.error,
            hint=self.case.hint,
            printed=answer.printed,
        )

    def _unanswered(self, answer: Answer) -> CaseResult:
        todo = "write your answer in the exercise cell, run it, then run this check again"
        missing = f"{answer.error}: run the exercise cell above, then this check again"
        return self._as("skipped", message=missing if answer.kind == "missing" else todo)

    def _recognised(self, answer: Answer) -> Mistake | None:
        if self.patience:
            return self.patience.first(self._mistakes(), lambda one: self._fits(one, answer))
        return next((one for one in self._mistakes() if self._fits(one, answer)), None)

    def _fits(self, mistake: Mistake, answer: Answer) -> bool:
        wrong = self._answer_of(mistake)
        if wrong.kind != "value":
            return False
        return self.case.judge(answer.value, wrong.value, self.case.probe).passed


def _own_failure(error: Exception) -> str:
    return (
        f"the check itself failed ({type(error).__name__}: {error}); this is not your mistake, "
        "and no points are lost: tell your instructor"
    )
