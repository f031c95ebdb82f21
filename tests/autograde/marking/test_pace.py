"""What one student may take while others wait, and who comes after whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pytest

from autograde.marking import pace
from autograde.marking.crews import Crew
from autograde.marking.grader import Delayed, Marked
from autograde.marking.pace import Pace, Round
from autograde.marking.rounds import _in_rounds
from autograde.results import StudentResult


@pytest.mark.parametrize(
    ("taken", "first", "second"),
    [
        ([0.4] * (pace.SOME - 1), pace.UNKNOWN, 4 * pace.UNKNOWN),  # too few to go by
        ([1.0] * pace.SOME, 2.0, 8.0),
        ([1.0, 1.0, 1.0, 2.0, 60.0], 2.0, 8.0),  # by what half of them take
        ([0.1] * 9, pace.LEAST, pace.UNKNOWN),
        ([100.0] * 9, pace.MOST, 4 * pace.MOST),
    ],
)
def test_a_student_may_take_twice_what_half_of_the_class_takes(taken, first, second) -> None:
    found = Pace()
    for seconds in taken:
        found.note(seconds)
    assert (found.within("first"), found.within("second")) == (first, second)
    assert found.within("last") is None


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
    rounds: dict[str, Round] = {"ann": "first", "burn": "last", "slow": "second", "slower": "last"}
    crew = Slow(rounds, steady={"slow", "slower"})
    read = list[str]()

    def collect(*, only: Collection[str] | None = None) -> Iterator[One]:
        for name in ("burn", "slow", "ann", "slower"):
            if only is None or name in only:
                read.append(name)
                yield One(name)

    found = _in_rounds(crew, collect)
    assert [one.result.student for one in found] == ["ann", "slow", "slower", "burn"]
    assert crew.tried[4:7] == ["second slow", "second slower", "second burn"]
    assert crew.tried[7:] == ["last slower", "last burn"]
    assert read.count("ann") == 1  # nobody is read again who is done
