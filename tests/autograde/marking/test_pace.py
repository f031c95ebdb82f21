"""What one student may take while others wait, and who comes after whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pytest

from autograde.marking import pace, rounds
from autograde.marking.crews import Crew
from autograde.marking.grader import Delayed, Marked
from autograde.marking.pace import LAST, Pace, Round
from autograde.marking.rounds import _in_rounds
from autograde.results import StudentResult


@pytest.mark.parametrize(
    ("taken", "rounds"),
    [
        ([0.4] * (pace.SOME - 1), [2.0, 6.0, 18.0, None, None]),  # too few to go by
        ([1.0] * pace.SOME, [2.0, 6.0, 18.0, None, None]),
        ([1.0, 1.0, 1.0, 2.0, 60.0], [2.0, 6.0, 18.0, None, None]),  # by what half of them take
        ([0.1] * 9, [0.5, 1.5, 4.5, 13.5, None]),
        ([100.0] * 9, [24.0, 72.0, None, None, None]),
    ],
)
def test_a_student_may_take_twice_what_half_of_the_class_takes_and_more_each_round(
    taken: list[float], rounds: list[float | None]
) -> None:
    found = Pace()
    for seconds in taken:
        found.note(seconds)
    assert [found.within(round_) for round_ in range(LAST + 1)] == rounds


def test_burners_get_little_where_nothing_is_known_yet() -> None:
    """Who takes as long as he may is no reason to give the next one more, if others are done."""
    found, taken = Pace(), list[float]()
    for _ in range(pace.SOME):
        taken.append(found.within(0) or 0.0)
        found.note_late(0)
        found.note(0.4)
    assert taken == [pace.START] * pace.SOME


def test_a_class_that_takes_long_gets_there() -> None:
    found, taken = Pace(), list[float]()
    for _ in range(2_000):
        taken.append(found.within(0) or 0.0)
        found.note_late(0)
    assert taken[:3] == [2.0, 4.0, 6.0]
    assert taken[-1] == pace.UNKNOWN
    found.note_late(LAST)
    assert Pace().within(0) == pace.START


def test_once_one_who_takes_long_is_done_nobody_alike_comes_later() -> None:
    found, late = Pace(), 0
    for _ in range(2 * pace.SOME):
        if (found.within(0) or 0.0) < 2.5:
            found.note_late(0)
            late += 1
        else:
            found.note(2.5)
    assert late == 1


@dataclass(frozen=True)
class One:
    student: str
    flags: tuple[()] = ()


class Slow(Crew[One]):
    """Grades each student in the round that it is told; before, some are steady."""

    def __init__(self, done: dict[str, Round], steady: set[str]) -> None:
        self.done, self.steady, self.tried = done, steady, list[str]()

    def through(self, submissions: Iterator[One], round_: Round) -> Iterator[Marked | Delayed]:
        for one in submissions:
            self.tried.append(f"{round_} {one.student}")
            if self.done[one.student] == round_:
                yield Marked(StudentResult(one.student, "graded", (), ()), "", {})
            else:
                yield Delayed(one.student, one.student in self.steady)


def test_burners_come_after_whoever_was_nearly_done() -> None:
    rounds: dict[str, Round] = {"ann": 0, "burn": LAST, "slow": 1, "slower": 2}
    crew = Slow(rounds, steady={"slow", "slower"})
    read = list[str]()

    def collect(*, only: Collection[str] | None = None) -> Iterator[One]:
        for name in ("burn", "slow", "ann", "slower"):
            if only is None or name in only:
                read.append(name)
                yield One(name)

    found = _in_rounds(crew, collect)
    assert [one.result.student for one in found] == ["ann", "slow", "slower", "burn"]
    assert crew.tried[4:7] == ["1 slow", "1 slower", "1 burn"]
    assert crew.tried[7:] == ["2 slower", "2 burn", "3 burn", "4 burn"]
    assert read.count("ann") == 1  # nobody is read again who is done


@pytest.mark.parametrize("size", [3, 40, 1_000])
def test_the_roster_decides_nobodys_turn(size: int) -> None:
    """Hostile names that come first would make all others wait, and the class seem slow."""
    roster, reads, firsts = [f"s{number:04}" for number in range(size)], list[int](), set[str]()

    def collect(*, only: Collection[str] | None = None) -> Iterator[One]:
        reads.append(1)
        return (One(name) for name in roster if only is None or name in only)

    for _ in range(20):
        crew = Slow(dict.fromkeys(roster, 0), steady=set())
        found = _in_rounds(crew, collect, roster)
        assert sorted(one.result.student for one in found) == roster
        firsts.add(crew.tried[0])
    assert len(firsts) > 1
    assert len(reads) <= 20 * 2 * rounds.DRAWS  # and not one for each student
