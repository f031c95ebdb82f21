"""A student's process for as long as grading lasts, and what a check asks of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from torch import Tensor

from autograde.sandbox import CellRun, Session, Warm
from course import weights
from course.checks import Answer, CaseResult, Prepared, Probe

CELL_SECONDS = 30.0
PROBE_SECONDS = 10.0
SUBMISSION_SECONDS = 600.0  # all sessions of a student together, with what is run again


@dataclass(frozen=True)
class HandedIn:
    """Files beside the notebook.

    Attributes:
        files: by name; they lie in the session's folder, too.
        left_out: why others were not read, by name.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def tensors(self, name: str) -> dict[str, Tensor]:
        """The tensors of a file that the student handed in, read on this side.

        Raises:
            WeightsError: there is no such file, or it holds no tensors; the message says which.
        """
        if name in self.files:
            return weights.parse(self.files[name], name)
        if name in self.left_out:
            raise weights.WeightsError(self.left_out[name])
        raise weights.MissingWeights(weights.missing(name))


@dataclass
class Life:
    """A student's session that can be begun again: what ran before is replayed, what killed it
    is not.
    """

    warm: Warm
    files: Mapping[str, bytes]
    session: Session | None = None
    history: list[str] = field(default_factory=list)
    spent: float = 0.0
    heard: set[str] = field(default_factory=set)  # calls that answers claim to have seen

    def run(self, source: str) -> CellRun:
        """Run a cell; it joins the history unless it ended the session."""
        with self._clock():
            session = self._alive()
            if self._left() <= 0:
                return CellRun("timeout", [], 0.0, self._exhausted())
            found = session.run(source, timeout=min(CELL_SECONDS, self._left()))
            if self._alive_now():
                self.history.append(source)
            return found

    def ask(self, probe: Probe) -> Answer:
        """Put a probe to the student's objects."""
        with self._clock():
            session = self._alive()
            if self._left() <= 0:
                return Answer("raised", error=self._exhausted())
            answer = session.ask(
                probe, timeout=min(max(PROBE_SECONDS, probe.seconds), self._left())
            )
            self.heard.update(answer.calls)
            return answer

    def close(self) -> None:
        """End the session, if any."""
        if self.session is not None:
            self.session.close()

    def lost(self) -> bool:
        """Whether the last cell or question ended the session."""
        return not self._alive_now()

    def _alive_now(self) -> bool:
        return self.session is not None and self.session.alive

    def _alive(self) -> Session:
        if self.session is None or (not self.session.alive and self._left() > 0):
            self.close()
            self.session = self.warm.session(self.files)
            for source in self.history:
                if self._left() > 0:
                    self.session.run(source, timeout=min(CELL_SECONDS, self._left()))
        return self.session

    @contextmanager
    def _clock(self) -> Iterator[None]:
        self._since = time.monotonic()
        try:
            yield
        finally:
            self.spent += time.monotonic() - self._since

    def _left(self) -> float:
        return SUBMISSION_SECONDS - self.spent - (time.monotonic() - self._since)

    def _exhausted(self) -> str:
        self.close()
        return f"the notebook took longer than {SUBMISSION_SECONDS:g} s in all and was stopped"


def put(
    life: Life,
    cases: Iterable[Prepared],
    tensors: Callable[[str], Mapping[str, Tensor]],
    reason: str = "",
) -> Iterator[CaseResult]:
    """Ask a check's cases, one after the other, and judge the answers.

    Args:
        life: whose objects are asked.
        cases: of the check.
        tensors: reads what was handed in, see :meth:`HandedIn.tensors`.
        reason: why the exercise's name may be missing.
    """
    stopped = ""

    def ask(probe: Probe) -> Answer:
        nonlocal stopped
        answer = life.ask(probe)
        if life.lost():
            # One killed probe tells enough; the next check gets a fresh session.
            stopped = f"not tried, because an earlier case ended the run: {answer.error}"
        if answer.kind == "missing" and reason:
            return Answer("raised", error=f"{answer.error}: {reason}", cause="missing")
        return answer

    for case in cases:
        if stopped:
            yield case.result(Answer("raised", error=stopped))
        else:
            yield case.put(ask, tensors)
