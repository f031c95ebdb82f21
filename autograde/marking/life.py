"""A student's process for as long as grading lasts, and what a check asks of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from math import ceil

from torch import Tensor

from autograde.marking import judging
from autograde.sandbox import CellRun, Limits, Session, Tested, Warm
from autograde.sandbox.ahead import MOST_AHEAD
from autograde.sandbox.bounds import TransportError
from course import weights
from course.checks import Answer, CaseResult, Prepared, Probe

CELL_SECONDS = 30.0
PROBE_SECONDS = 10.0
SUBMISSION_SECONDS = 240.0  # all sessions of a student together, and what checks ask for besides
REPLAY_SECONDS = 60.0  # what cells that take long may take when they are run again
LONG = 1.0  # seconds from which a cell takes long
PATIENCE = 2  # cells and questions that may run out of time before the others get less


class Later(Exception):
    """A submission has used its time of a round, others left it too little, or the system killed
    it: it is graded from the start when the others are done.

    Attributes:
        steady: whether no cell or question took half of the time: it may have been nearly done.
    """

    def __init__(self, steady: bool) -> None:
        super().__init__()
        self.steady = steady


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


@dataclass(frozen=True)
class Ran:
    """A cell that was run, and the seconds that it took."""

    source: str
    seconds: float
    test: bool = False


@dataclass
class Life:
    """A student's session that can be begun again: what ran before is replayed, what killed it
    is not.
    """

    warm: Warm
    files: Mapping[str, bytes]
    session: Session | None = None
    history: list[Ran] = field(default_factory=list)
    earlier: float = 0.0  # seconds that ended sessions have used
    more: float = 0.0  # seconds that the lab's checks ask for, for training
    within: float | None = None  # seconds in this round; after them it comes later
    cell_seconds: float = CELL_SECONDS
    burns: int = 0  # cells and questions that ran out of time
    longest: float = 0.0  # seconds that one of them took
    replayed: float = 0.0
    skipped: bool = False  # whether a cell was too long to be run again
    starved: bool = False  # whether others left it too little of the processors
    killed: bool = False  # whether the system killed it
    exhausted: bool = False  # whether it used all its time
    heard: set[str] = field(default_factory=set)  # calls that answers claim to have seen

    @property
    def spent(self) -> float:
        """Seconds of its own that the submission has used."""
        return self.earlier + (self.session.spent if self.session else 0.0)

    def again(self) -> Life:
        """Another one for the same submission, from the start, with the time that is left."""
        return Life(
            self.warm,
            self.files,
            earlier=self.spent,
            more=self.more,
            within=self.within,
            burns=self.burns,
            longest=self.longest,
            cell_seconds=self.cell_seconds,
        )

    def run(self, source: str) -> CellRun:
        """Run a cell; it joins the history unless it ended the session.

        Raises:
            Later: it has used its time of the round.
        """
        return self._joined(source)

    def test(self, source: str) -> Tested:
        """Run a test cell, likewise.

        Raises:
            Later: it has used its time of the round.
        """
        found = self._joined(source, test=True)
        return found if isinstance(found, Tested) else Tested(found.status, message=found.message)

    def _joined(self, source: str, test: bool = False) -> CellRun:
        session = self._alive()
        if self._left() <= 0:
            return CellRun("timeout", [], 0.0, self._exhausted())
        found, seconds = self._run(session, source, self._given(self.cell_seconds), test)
        if self._alive_now():
            self.history.append(Ran(source, seconds, test))
        return found

    def ask(self, probe: Probe, coming: Sequence[Probe] = ()) -> Answer:
        """Put a probe to the student's objects.

        Args:
            probe: what is asked now.
            coming: what is asked next, see :meth:`autograde.sandbox.Session.ask`.

        Raises:
            Later: it has used its time of the round.
        """
        if probe.alone:
            return self._asked_alone(probe)
        session = self._alive()
        if self._left() <= 0:
            return Answer("raised", error=self._exhausted())
        seconds = self._given(max(PROBE_SECONDS, probe.seconds))
        answer = session.ask(probe, timeout=seconds, coming=coming)
        self._note(session)
        self.heard.update(answer.calls)
        return answer

    def _asked_alone(self, probe: Probe) -> Answer:
        """Ask where no cell of the student's ran; only what an answer brought comes along."""
        if self._left() <= 0:
            return Answer("raised", error=self._exhausted())
        with self.warm.session(limits=self._limits()) as session:
            try:
                seconds = self._given(max(PROBE_SECONDS, probe.seconds))
                answer = session.ask(probe, timeout=seconds)
            except TransportError as error:
                answer = Answer("raised", error=f"brought what can't be looked at: {error}")
            self.earlier += session.spent
            self._note(session)
        return answer

    def close(self) -> None:
        """End the session, if any."""
        if self.session is not None:
            self.session.close()

    def lost(self) -> bool:
        """Whether the last cell or question ended the session."""
        return not self._alive_now()

    def ending(self) -> str:
        """Why the last session ended."""
        return self.session.ending if self.session else ""

    def _alive_now(self) -> bool:
        return self.session is not None and self.session.alive

    def _alive(self) -> Session:
        if self.session is None or (not self.session.alive and self._left() > 0):
            self.close()
            self.earlier = self.spent
            self.session = self.warm.session(self.files, limits=self._limits())
            for ran in self.history:
                self._replay(self.session, ran)
        return self.session

    def _replay(self, session: Session, ran: Ran) -> None:
        """Run a cell again. Long ones have a budget: no notebook burns anew in every session."""
        if ran.seconds >= LONG:
            if self.replayed + ran.seconds > REPLAY_SECONDS:
                self.skipped = True
                return
            self.replayed += ran.seconds
        if self._left() > 0:
            self._run(session, ran.source, min(self.cell_seconds, self._left()), ran.test)

    def _run(
        self, session: Session, source: str, seconds: float, test: bool = False
    ) -> tuple[CellRun, float]:
        # What a cell shows that ends its round is for nobody: it runs again later.
        grace = self.within is None or seconds < self._left()
        found = (session.test if test else session.run)(source, timeout=seconds, grace=grace)
        self._note(session)
        return found, session.took

    def _note(self, session: Session) -> None:
        self.longest = max(self.longest, session.took)
        if not session.alive:
            self.burns += session.late
            self.starved |= session.starved
            self.killed |= session.killed
            self.exhausted |= session.late and self._left() <= 0
            undone = self.starved or self.killed or self._left() <= 0
            if self.within is not None and undone:
                raise self._later(self.within)

    def _given(self, seconds: float) -> float:
        """Less and less, where one after the other runs out of time, and never above what is left
        of the whole.
        """
        less = 2.0 ** max(0, self.burns - PATIENCE)
        return min(max(seconds / less, min(seconds, LONG)), self._left())

    def _left(self) -> float:
        return self._whole() - self.spent

    def _whole(self) -> float:
        whole = SUBMISSION_SECONDS + self.more
        return whole if self.within is None else min(self.within, whole)

    def _limits(self) -> Limits:
        """Those of a session, which may last as long as all the submission."""
        usual, whole = self.warm.limits, SUBMISSION_SECONDS + self.more
        return replace(
            usual,
            session_seconds=max(usual.session_seconds, whole),
            cpu_seconds=max(usual.cpu_seconds, ceil(whole)),
        )

    def _later(self, within: float) -> Later:
        return Later(steady=self.longest < within / 2)

    def _exhausted(self) -> str:
        self.close()
        if self.within is not None:
            raise self._later(self.within)
        self.exhausted = True
        whole = self._whole()
        return f"the notebook took longer than {whole:g} s in all and was stopped"


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
    stopped, coming, ordered = "", list[Probe](), list(cases)

    def ask(probe: Probe) -> Answer:
        nonlocal stopped
        with judging.paused():
            answer = life.ask(probe, coming)
        if life.lost():
            # One killed probe tells enough; the next check gets a fresh session.
            why = answer.error or life.ending()
            stopped = f"not tried, because an earlier case ended the run: {why}"
        if answer.kind == "missing" and reason:
            return Answer("raised", error=f"{answer.error}: {reason}", cause="missing")
        return answer

    for place, case in enumerate(ordered, start=1):
        following = (one.case.probe for one in ordered[place : place + MOST_AHEAD])
        coming = list(takewhile(_at_once, following))
        with judging.alone():
            if stopped:
                result = case.result(Answer("raised", error=stopped))
            else:
                result = case.put(ask, tensors)
        yield result


def _at_once(probe: Probe) -> bool:
    """Whether it goes to the student's process as it is."""
    return not probe.alone and not probe.files
