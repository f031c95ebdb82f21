"""A case: one probe, one judge, one hint; and the result of putting it to a student's work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from course import weights
from course.checks import wording
from course.checks.judges import Close, Judge, close
from course.checks.probes import Answer, Files, Probe
from course.checks.results import CaseResult, Outcome
from course.checks.sketches import ALIKE, Fingerprint


class _FromOracle:
    def __repr__(self) -> str:
        return "FROM_ORACLE"


FROM_ORACLE = _FromOracle()


@dataclass(frozen=True)
class Case:
    """One thing that a check tries.

    Attributes:
        title: what holds when it passes ("stays finite at ±1000").
        probe: the question.
        hint: shown when it fails and no known mistake matches.
        judge: compares the answer with what is expected.
        expected: a golden value; by default what the author's oracle answers to the same probe. A
            probe of a handed-in file needs a golden one, which may be None.
        weight: share of the check's points, relative to the other cases.
    """

    title: str
    probe: Probe
    hint: str = ""
    judge: Judge = field(default_factory=close)
    expected: Any = FROM_ORACLE
    weight: float = 1.0


@dataclass(frozen=True)
class Known:
    """A known mistake as a case sees it: whoever answers like it gets its hint.

    Attributes:
        name: short, stable name; class reports count it.
        hint: a sentence that makes one think, not the answer.
        fingerprint: of what it answers.
    """

    name: str
    hint: str
    fingerprint: Fingerprint


def tolerances(judge: Judge) -> dict[str, Any]:
    """How exactly a fingerprint is compared where this judge compares values."""
    if isinstance(judge, Close):
        return {"dtype": judge.dtype, "rtol": judge.rtol, "atol": judge.atol}
    return {"dtype": False, "rtol": ALIKE}


@dataclass
class Prepared:
    """A case with what is expected and which mistakes are known. Both are found on first need and
    kept: a class of students shares them.
    """

    case: Case
    expect: Callable[[], Any]
    know: Callable[[], Iterable[Known]] = tuple

    @cached_property
    def expected(self) -> Any:
        """What the case expects."""
        return self.expect()

    @cached_property
    def known(self) -> tuple[Known, ...]:
        """Mistakes that this case can tell from a right answer."""
        return tuple(self.know())

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

    def _recognised(self, answer: Answer) -> Known | None:
        how = tolerances(self.case.judge)
        return next((one for one in self.known if one.fingerprint.fits(answer.value, **how)), None)


def _own_failure(error: Exception) -> str:
    return (
        f"the check itself failed ({type(error).__name__}: {error}); this is not your mistake, "
        "and no points are lost: tell your instructor"
    )
