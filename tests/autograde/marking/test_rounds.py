"""What grading writes: the gradebook is told of several students at once, and of all in the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event

from autograde.gradebook import scores
from autograde.gradebook.stored import Book, stored
from autograde.marking import journal, rounds
from autograde.marking.grader import Delayed, Marked
from autograde.marking.job import Job
from autograde.marking.pace import Round
from autograde.results import Item, StudentResult
from autograde.tree import find
from tests.autograde.gradebook.made import CELLS, LAB, a_class

ITEMS = tuple(Item(name, 4.0, "passed", 4.0) for name in CELLS)
ANSWERS = dict.fromkeys(CELLS, "digest")


class Crew:
    """Gives back so many results, and may be interrupted after some of them."""

    def __init__(self, size: int, until: int | None = None) -> None:
        self._size, self._until = size, until

    def through(self, submissions: Iterator[Any], round_: Round) -> Iterator[Marked | Delayed]:
        for number in range(self._size):
            if number == self._until:
                raise KeyboardInterrupt
            result = StudentResult(f"s{number:03}", "graded", ITEMS)
            yield Marked(result, "key", {}, answers=ANSWERS)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    work = a_class(tmp_path / "work", 0).parent
    return Job(find(Path(__file__).parent), LAB, work / "submitted", work)


def commits(job: Job, crew: Crew, size: int) -> int:
    """How often the gradebook was written to disk for a class."""
    found: list[int] = []
    grader: Any = SimpleNamespace(known={})
    with scores.opened(job.gradebook) as book:
        event.listen(book.engine, "commit", lambda connection: found.append(1))
        writer = rounds.Writer(job, book, {}, Book())
        rounds.grade_all(grader, lambda *, only=None: iter(()), writer, size, None, crew)
    return len(found)


def test_a_commit_is_for_many_students(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "LONGEST", 1e9)
    size = 2 * rounds.TOGETHER + 1
    assert commits(job, Crew(size), size) == 3
    assert len(stored(job.gradebook, LAB).students) == size
    assert len(journal.saved(job.saved)) == size


def test_the_gradebook_does_not_wait_for_long(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "LONGEST", 0.0)
    assert commits(job, Crew(4), 4) >= 4


def test_who_is_graded_before_an_interruption_is_in_the_gradebook(job: Job) -> None:
    with pytest.raises(KeyboardInterrupt):
        commits(job, Crew(9, until=5), 9)
    names = {f"s{number:03}" for number in range(5)}
    assert stored(job.gradebook, LAB).students.keys() == names
    assert journal.saved(job.saved).keys() == names


@pytest.mark.parametrize("amid", ["_save", "note_saved"])
def test_an_interruption_amid_a_commit_loses_nobody(
    job: Job, monkeypatch: pytest.MonkeyPatch, amid: str
) -> None:
    home, done = {"_save": scores, "note_saved": journal}[amid], list[int]()
    real = getattr(home, amid)

    def third(*of: Any) -> None:
        done.append(1)
        if len(done) == 3:
            raise KeyboardInterrupt
        real(*of)

    monkeypatch.setattr(home, amid, third)
    monkeypatch.setattr(rounds, "TOGETHER", 4 if amid == "_save" else 1)
    with pytest.raises(KeyboardInterrupt):
        commits(job, Crew(9), 9)
    names = {f"s{number:03}" for number in range(4 if amid == "_save" else 3)}
    assert stored(job.gradebook, LAB).students.keys() == names
