"""How long one student may take while the others wait."""

from __future__ import annotations

from bisect import insort

Round = int
"""In how many rounds before a student took longer than it might."""

LAST: Round = 4
"""The round in which it may take all that a submission has; for slow classes an earlier one is."""

SOME = 5  # students of whom it must be known what they took
START, UNKNOWN = 2.0, 6.0  # seconds in the first round until then, and where many take longer
DOUBLED = 10  # times, at most
LEAST, MOST = 0.5, 24.0  # seconds in the first round, afterwards
TIMES = 2.0  # what half of the class takes
MORE = 3.0  # times as many in the next round as in the one before
ENOUGH = 24.0  # seconds; who would get more gets all, if it was late twice


class Pace:
    """What students took; from it, what one may take in a round.

    A notebook that burns takes all that it may. With twice what half of the class takes, as many
    burners as honest students cost these about twice their own time before they have their
    results. From round to round everybody else may take a multiple, so who takes a little longer
    waits a little longer; in the last, all that a submission has.

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
        self._late += round_ == 0

    def within(self, round_: Round) -> float | None:
        """Seconds that a student may take; ``None`` for all that a submission has."""
        seconds = self._first() * MORE**round_
        all_of_it = round_ >= LAST or (round_ > 1 and seconds > ENOUGH)
        return None if all_of_it else seconds

    def _first(self) -> float:
        if len(self._taken) < SOME:
            more = self._late - len(self._taken)
            grown = START * 2.0 ** min(max(0, more), DOUBLED)
            return min(UNKNOWN, max(grown, TIMES * max(self._taken, default=0.0)))
        return min(max(LEAST, TIMES * self._taken[len(self._taken) // 2]), MOST)
