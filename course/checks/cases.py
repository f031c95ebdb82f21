"""A case: one probe, one judge, one hint; and the result of putting it to a student's work."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from course import weights
from course.checks import kinds, pasting, wording
from course.checks.advice import advice
from course.checks.claims import reading
from course.checks.judges import Close, Finding, Judge, close
from course.checks.kinds import Hint, Kind
from course.checks.probes import Answer, Files, Probe, called, gradient_of
from course.checks.results import CaseResult, Outcome
from course.checks.sketches import ALIKE, Fingerprint, Reading

BESIDE_ERROR = 60  # characters of what is expected that are read beside an error
LONGEST_EXAMPLE = 120  # characters of an example's call
LARGE = "tensor of shape"  # what a tensor reads like that is not written out


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
        hint: shown when it fails and no known mistake matches. A text is about values, and shown
            for them alone; a mapping has a hint for each kind of failure that it names, see
            :mod:`course.checks.kinds`.
        judge: compares the answer with what is expected.
        expected: a golden value; by default what the author's oracle answers to the same probe. A
            probe of a handed-in file needs a golden one, which may be None.
        weight: share of the check's points, relative to the other cases.
    """

    title: str
    probe: Probe
    hint: Hint = ""
    judge: Judge = field(default_factory=close)
    expected: Any = FROM_ORACLE
    weight: float = 1.0

    def __post_init__(self) -> None:
        kinds.checked(self.hint)

    @property
    def asks_gradient(self) -> bool:
        """Whether the values that it asks for are those of a gradient."""
        return self.probe.question is gradient_of

    def hint_for(self, kind: Kind) -> str:
        """The author's hint for this kind of failure, if there is one."""
        return kinds.hint_for(self.hint, kind, asks_gradient=self.asks_gradient)


@dataclass
class Budget:
    """Seconds of computing that something may still take; a busy machine takes none of them."""

    seconds: float = math.inf

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Take off what runs inside."""
        start = time.thread_time()
        try:
            yield
        finally:
            self.seconds -= time.thread_time() - start


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
    judge = getattr(judge, "judge", judge)  # what is found in a claim is compared by another
    if isinstance(judge, Close):
        return {"dtype": judge.dtype, "rtol": judge.rtol, "atol": judge.atol}
    return {"dtype": False, "rtol": ALIKE}


@dataclass
class Prepared:
    """A case with what is expected and which mistakes are known. Both are found on first need and
    kept: a class of students shares them.

    Attributes:
        case: what is tried.
        expect: finds what is expected.
        know: finds the known mistakes.
        again: a line that tries the case again, where the student has all that it takes.
    """

    case: Case
    expect: Callable[[], Any]
    know: Callable[[], Iterable[Known]] = tuple
    again: str = ""

    @cached_property
    def expected(self) -> Any:
        """What the case expects."""
        return self.expect()

    @cached_property
    def known(self) -> tuple[Known, ...]:
        """Mistakes that this case can tell from a right answer."""
        return tuple(self.know())

    def watch(self, names: tuple[str, ...]) -> None:
        """Have the answers tell which of these functions of torch they call."""
        self.case = replace(self.case, probe=replace(self.case.probe, watched=names))

    def put(
        self,
        ask: Callable[[Probe], Answer],
        files: Files = weights.read,
        budget: Budget | None = None,
    ) -> CaseResult:
        """Ask the probe and judge the answer.

        Args:
            ask: puts a probe to the student's objects.
            files: reads what is handed in. A file that it can't read fails the case, unless it is
                not there and the exercise is not attempted either.
            budget: what looking for known mistakes may cost; by default anything.
        """
        try:
            probe = self.case.probe.with_files(files)
        except weights.MissingWeights as error:
            answer = ask(replace(self.case.probe.with_files(lambda name: {}), then=None))
            attempted = answer.kind in ("value", "raised")
            return self._without_file(error) if attempted else self.result(answer)
        except weights.WeightsError as error:
            return self._without_file(error)
        return self.result(probe.answered(ask), probe, budget)

    def result(
        self, answer: Answer, probe: Probe | None = None, budget: Budget | None = None
    ) -> CaseResult:
        """Judge an answer. A failure of the check itself is ``grader_error``, not ``failed``.

        Args:
            answer: what came back.
            probe: as it was asked, with its files; by default the case's own.
            budget: as for :meth:`put`.
        """
        try:
            if answer.kind == "value":
                return self._of_value(answer, probe or self.case.probe, budget)
            if answer.kind == "raised":
                return self._of_error(answer)
            return self._unanswered(answer)
        except Exception as error:
            return self._as("grader_error", message=_own_failure(error))

    def _as(self, outcome: Outcome, **details: Any) -> CaseResult:
        case, (tried, again) = self.case, self._tried()
        return CaseResult(case.title, outcome, case.weight, tried=tried, again=again, **details)

    def _tried(self) -> tuple[str, str]:
        """What was tried, and how to try it again: the call itself where it is short."""
        code = self.code() if self.again else ""
        return (code, "") if code else (self.case.probe.text, self.again)

    def code(self) -> str:
        """The call as code that runs where it is pasted; empty where it is long or no mere call."""
        probe = self.case.probe
        if probe.question is not called:
            return ""
        return pasting.call_code(probe.uses[0], probe.args, probe.kwargs)

    def example(self) -> str:
        """A small call and what it gives, in prose; empty where one of them is large."""
        probe = self.case.probe
        if probe.question is not called or not isinstance(self.case.judge, Close):
            return ""
        if len(probe.text) > LONGEST_EXAMPLE or LARGE in probe.text:
            return ""
        gives = wording.value(self.expected)
        return "" if LARGE in gives else f"{probe.text} gives {gives}"

    def _of_value(self, answer: Answer, probe: Probe, budget: Budget | None) -> CaseResult:
        finding = self._judged(answer.value, probe)
        told: dict[str, Any] = {
            "expected": finding.expected,
            "found": finding.found,
            "message": finding.message,
            "printed": answer.printed,
            "warned": answer.warned,
            "measured": {name: float(number) for name, number in finding.measured.items()},
        }
        if finding.passed:
            return self._as("passed", **told)
        kind, mistake = self._kind(answer, finding), self._recognised(answer, budget or Budget())
        return self._as(
            "failed",
            **told,
            kind=kind,
            hint=mistake.hint if mistake else self.case.hint_for(kind),
            mistake=mistake.name if mistake else "",
        )

    def _judged(self, value: Any, probe: Probe) -> Finding:
        """What the judge sees. An answer that it can't take fails; where it can't take what was
        expected either, the fault is the grader's.
        """
        try:
            return self.case.judge(value, self.expected, probe)
        except Exception as error:
            if self.expected is None:
                raise
            self.case.judge(self.expected, self.expected, probe)
            found = f"a {type(value).__name__} that can't be compared with it: {error}"
            return Finding(False, wording.value(self.expected), found, kind="type")

    def _kind(self, answer: Answer, finding: Finding) -> Kind:
        if finding.kind != "values":
            return finding.kind
        if answer.value is None and self.expected is not None:
            return "none"
        return "gradient" if self.case.asks_gradient else "values"

    def _without_file(self, error: weights.WeightsError) -> CaseResult:
        names = " and ".join(self.case.probe.files)
        wanted = f"the weights of your network in {names}, beside the notebook"
        return self._as("failed", expected=wanted, found=str(error))

    def _of_error(self, answer: Answer) -> CaseResult:
        kind = kinds.known(answer.cause)
        common = advice(answer.error) if kind == "raised" else ""
        expected = "" if kind == "unwritten" else wording.value(self.expected)
        return self._as(
            "failed",
            expected=expected if len(expected) <= BESIDE_ERROR else "",
            found=answer.error,
            kind=kind,
            hint=self.case.hint_for(kind) or common,
            printed=answer.printed,
            warned=answer.warned,
        )

    def _unanswered(self, answer: Answer) -> CaseResult:
        if answer.kind == "missing":
            told = f"{answer.error}: run the exercise cell above, then this check again"
            return self._as("skipped", message=told, kind="missing")
        stub = f"{answer.error}: " if answer.error.startswith("`") else ""
        todo = "write your answer in the exercise cell, run it, then run this check again"
        return self._as("skipped", message=stub + todo, kind="unwritten")

    def _recognised(self, answer: Answer, budget: Budget) -> Known | None:
        if budget.seconds <= 0:
            return None
        with budget.spending():
            return self._named(answer)

    def _named(self, answer: Answer) -> Known | None:
        if not self.known:
            return None
        judge = self.case.judge
        said = Reading(reading(judge, answer.value, self.case.probe), **tolerances(judge))
        fits = [one for one in self.known if said.fits(one.fingerprint)]
        # Two that advise differently: the case can't tell which it is, so neither is named.
        return fits[0] if len({one.hint for one in fits}) == 1 else None


def _own_failure(error: Exception) -> str:
    return (
        f"the check itself failed ({type(error).__name__}: {error}); this is not your mistake, "
        "and no points are lost: tell your instructor"
    )
