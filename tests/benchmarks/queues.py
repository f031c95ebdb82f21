"""Submissions through coordinators and workers, by discrete events.

A submission arrives on disk; a coordinator sends it, one of its turns; a worker grades it; the
coordinator writes the result, another turn. A coordinator does one thing at a time, and writes
before it sends. No more are under way than the workers need ahead, as in
:mod:`autograde.marking.schedulers.cluster`; the others wait on disk.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from math import exp, log1p
from random import Random

ARRIVED, SENT, GRADED, WRITTEN = range(4)


@dataclass(frozen=True)
class Turns:
    """What each takes, in seconds: of a coordinator, and of a worker (drawn from these)."""

    send: float
    write: float
    grade: Sequence[float]


@dataclass
class Seen:
    """What came of it.

    Attributes:
        last: seconds from the first moment to the last result.
        waited: seconds that a submission waited for a worker, on average, without sending.
        coordinators: share of the time until the last result for which one was busy.
        workers: the same.
        on_disk: submissions that waited to be sent, at most.
        under_way: sent and not yet written, at most.
        unwritten: results that waited to be written, at most.
    """

    last: float = 0.0
    waited: float = 0.0
    coordinators: float = 0.0
    workers: float = 0.0
    on_disk: int = 0
    under_way: int = 0
    unwritten: int = 0


@dataclass
class Coordinator:
    """One that sends and writes; it is busy with one thing."""

    room: float
    to_send: deque[int] = field(default_factory=deque)
    to_write: deque[int] = field(default_factory=deque)
    under_way: int = 0
    busy: bool = False


def rising(submissions: int, seconds: float, rise: float, chance: Random) -> list[float]:
    """Times of handing in, sorted: at the end ``exp(rise)`` times as many a second as at first."""
    if rise == 0:
        return sorted(seconds * chance.random() for _ in range(submissions))
    top = exp(rise) - 1
    return sorted(seconds / rise * log1p(top * chance.random()) for _ in range(submissions))


class Simulation:
    """Lets submissions through.

    Args:
        arrivals: seconds, sorted.
        turns: what each takes.
        workers: how many grade, one student at a time.
        coordinators: how many share the submissions out, each with classes of its own.
        ahead: under way at a time for each worker; ``inf`` for no bound.
        chance: draws what grading takes.
    """

    def __init__(
        self,
        arrivals: Sequence[float],
        turns: Turns,
        workers: int,
        coordinators: int = 1,
        *,
        ahead: float = 2.0,
        chance: Random | None = None,
    ) -> None:
        self._arrivals, self._turns, self._chance = arrivals, turns, chance or Random(0)
        room = max(1.0, ahead * workers / coordinators)
        self._desks = [Coordinator(room) for _ in range(coordinators)]
        self._workers = self._free = workers
        self._queue = deque[tuple[int, float]]()
        self._events: list[tuple[float, int, int, int]] = []
        self._number = count()
        self._now = self._working = self._sitting = self._waited = 0.0
        self._on_disk = self._under_way = self._unwritten = 0
        self._seen = Seen()

    def run(self) -> Seen:
        """From the first arrival to the last result."""
        happened = (self._arrived, self._sent, self._graded, self._written)
        self._later(self._arrivals[0], ARRIVED, 0)
        while self._events:
            self._now, _, kind, which = heapq.heappop(self._events)
            desk = self._desks[which % len(self._desks)]
            happened[kind](desk, which)
            self._note()
            if not desk.busy:
                self._turn(desk)
        return self._summed()

    def _later(self, when: float, kind: int, which: int) -> None:
        heapq.heappush(self._events, (when, next(self._number), kind, which))

    def _arrived(self, desk: Coordinator, which: int) -> None:
        desk.to_send.append(which)
        self._on_disk += 1
        if (after := which + 1) < len(self._arrivals):
            self._later(self._arrivals[after], ARRIVED, after)

    def _sent(self, desk: Coordinator, which: int) -> None:
        desk.busy = False
        self._queue.append((which, self._now))
        self._grade()

    def _graded(self, desk: Coordinator, which: int) -> None:
        self._free += 1
        desk.to_write.append(which)
        self._unwritten += 1
        self._grade()

    def _written(self, desk: Coordinator, _: int) -> None:
        desk.busy = False
        desk.under_way -= 1
        self._under_way -= 1

    def _grade(self) -> None:
        while self._free and self._queue:
            which, since = self._queue.popleft()
            seconds = self._chance.choice(self._turns.grade)
            self._free -= 1
            self._working += seconds
            self._waited += self._now - since
            self._later(self._now + seconds, GRADED, which)

    def _turn(self, desk: Coordinator) -> None:
        """What a coordinator does next: write, else send, else nothing."""
        if desk.to_write:
            self._unwritten -= 1
            which, seconds, kind = desk.to_write.popleft(), self._turns.write, WRITTEN
        elif desk.to_send and desk.under_way < desk.room:
            desk.under_way += 1
            self._on_disk -= 1
            self._under_way += 1
            which, seconds, kind = desk.to_send.popleft(), self._turns.send, SENT
        else:
            return
        desk.busy = True
        self._sitting += seconds
        self._later(self._now + seconds, kind, which)

    def _note(self) -> None:
        seen = self._seen
        seen.on_disk = max(seen.on_disk, self._on_disk)
        seen.under_way = max(seen.under_way, self._under_way)
        seen.unwritten = max(seen.unwritten, self._unwritten)

    def _summed(self) -> Seen:
        seen, now = self._seen, self._now
        seen.last, seen.waited = now, self._waited / len(self._arrivals)
        seen.coordinators = self._sitting / (len(self._desks) * now) if now else 0.0
        seen.workers = self._working / (self._workers * now) if now else 0.0
        return seen
