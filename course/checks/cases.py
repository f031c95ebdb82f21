"""A case: one probe, one judge, one hint; and the result of putting it to a student's work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from course.checks import wording
from course.checks.judges import Finding, Judge, close
from course.checks.probes import Answer, Probe

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
        expected: a golden value, or what the oracle answers to the same probe.
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
    """What became of a case, in the student's words."""

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


def expectation(case: Case, oracle: Mapping[str, Any]) -> Any:
    """What the case expects: its golden value, or the oracle's answer.

    Raises:
        RuntimeError: the oracle has no answer; that is the grader's fault, never the student's.
    """
    if case.expected is not FROM_ORACLE:
        return case.expected
    answer = case.probe.run(oracle)
    if answer.kind != "value":
        raise RuntimeError(f"the oracle has no answer to {case.probe.text}: {answer.error}")
    return answer.value


@dataclass
class Prepared:
    """A case with everything that a class of students shares: what is expected, and what each
    known mistake answers. Both are found on first need and kept.
    """

    case: Case
    oracle: Mapping[str, Any]
    mistakes: tuple[Mistake, ...] = ()

    @cached_property
    def expected(self) -> Any:
        """What the case expects."""
        return expectation(self.case, self.oracle)

    @cached_property
    def wrong(self) -> list[tuple[Mistake, Answer]]:
        """What each known mistake answers to the probe."""
        return [
            (mistake, self.case.probe.run({**self.oracle, **mistake.objects}))
            for mistake in self.mistakes
        ]

    def result(self, answer: Answer) -> CaseResult:
        """Judge an answer. A failure of the check itself is ``grader_error``, not ``failed``."""
        try:
            if answer.kind == "value":
                return self._of_value(answer)
            if answer.kind == "raised":
                return self._of_error(answer)
            return self._unanswered(answer)
        except Exception as error:
            return self._as("grader_error", message=_own_failure(error))

    def _as(self, outcome: Outcome, **details: str) -> CaseResult:
        case = self.case
        return CaseResult(case.title, outcome, case.weight, tried=case.probe.text, **details)

    def _of_value(self, answer: Answer) -> CaseResult:
        finding = self._found(answer.value, self.expected)
        mistake = None if finding.passed else self._recognised(answer)
        return self._as(
            "passed" if finding.passed else "failed",
            expected=finding.expected,
            found=finding.found,
            message=finding.message,
            hint="" if finding.passed else (mistake.hint if mistake else self.case.hint),
            mistake=mistake.name if mistake else "",
            printed=answer.printed,
        )

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

    def _found(self, value: Any, expected: Any) -> Finding:
        return self.case.judge(value, expected, self.case.probe)

    def _recognised(self, answer: Answer) -> Mistake | None:
        for mistake, wrong in self.wrong:
            if wrong.kind == "value" and self._found(answer.value, wrong.value).passed:
                return mistake
        return None


def _own_failure(error: Exception) -> str:
    return (
        f"the check itself failed ({type(error).__name__}: {error}); this is not your mistake, "
        "and no points are lost: tell your instructor"
    )
