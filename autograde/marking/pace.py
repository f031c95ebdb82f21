"""How long one student may take while the others wait."""

from __future__ import annotations

from bisect import insort
from typing import Literal

Round = Literal["first", "second", "last"]

SOME = 5  # students of whom it must be known what they took
START, UNKNOWN = 2.0, 6.0  # seconds in the first round until then, and where many take longer
DOUBLED = 10  # times, at most
LEAST, MOST = 0.5, 24.0  # seconds in the first round, afterwards
TIMES = 2.0  # what half of the class takes
MORE = 4.0  # times the first round's seconds in the second


class Pace:
    """What students took; from it, what one may take in a round.

    A notebook that burns takes all that it may. With twice what half of the class takes, as many
    burners as honest students cost these about twice their own time before they have their
    results. In the second round everybody else may take a multiple; in the last, all that a
    submission has.

    Until something is known of the class, its seconds double for each student who comes later,
    and halve for each who is done, though not below twice what one of these took: honest students
    who take long get there and stay there, and burners among others don't.
    """

    def __init__(self) -> None:
        self._taken: list[float] = []
        self._late = 0

    def note(self, seconds: float) -> None:
        """A student was graded, in so many seconds of processor time."""
        insort(self._taken, seconds)

    def note_late(self, round_: Round) -> None:
        """A student took longer than this round allows."""
        self._late += round_ == "first"

    def within(self, round_: Round) -> float | None:
        """Seconds that a student may take; ``None`` for all that a submission has."""
        if round_ == "last":
            return None
        return self._first() if round_ == "first" else max(UNKNOWN, MORE * self._first())

    def _first(self) -> float:
        if len(self._taken) < SOME:
            more = self._late - len(self._taken)
            grown = START * 2.0 ** min(max(0, more), DOUBLED)
            return min(UNKNOWN, max(grown, TIMES * max(self._taken, default=0.0)))
        return min(max(LEAST, TIMES * self._taken[len(self._taken) // 2]), MOST)
