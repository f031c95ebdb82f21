"""What a class costs the gradebook: as many queries for fifty students as for five."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import event
from traitlets.config import Config

from autograde.gradebook import deadlines, late, pieces, scores
from autograde.gradebook.sound import GradebookError, Mark, keep, restore
from autograde.gradebook.stored import stored
from autograde.handing_in.collecting.record import Entry, Record
from autograde.results import Item, StudentResult
from tests.autograde.gradebook.made import CELLS, DUE, LAB, a_class

FEW, MANY = 5, 50


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    top = tmp_path_factory.mktemp("classes")
    return {size: a_class(top / str(size), size) for size in (FEW, MANY)}


@contextmanager
def counted(book: Gradebook) -> Iterator[list[str]]:
    """The queries; not what is written, of which each student has a share."""
    found: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            found.append(statement)

    event.listen(book.engine, "before_cursor_execute", note)
    yield found
    event.remove(book.engine, "before_cursor_execute", note)


def penalised(book: Gradebook, path: Path) -> None:
    late.penalise(book, LAB, Config())


def by_rule(book: Gradebook, path: Path) -> None:
    people = {name: Entry(f"Anna {name}") for name in ("s000", "s001")}
    found = deadlines.applied(book, LAB, Record(LAB, DUE.isoformat(), "10%/day", people))
    assert [one.points for one in found] == [6.0] * len(found)
    assert {one.maximum for one in found} == {12.0}


def given_back(book: Gradebook, path: Path) -> None:
    keep(path, [Mark(LAB, "s003", "two", 3.0)])
    restore(book, path, LAB)


@pytest.mark.parametrize("step", [penalised, by_rule, given_back])
def test_a_class_ten_times_as_large_asks_the_gradebook_no_more(
    classes: dict[int, Path], step: Callable[[Gradebook, Path], None]
) -> None:
    queries = {}
    for size, path in classes.items():
        with scores.opened(path) as book, counted(book) as found:
            step(book, path)
        queries[size] = len(found)
    assert queries[MANY] == queries[FEW] > 0


def test_is_nobody_missed_where_a_class_is_several_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "AT_ONCE", 3)
    path = a_class(tmp_path / "eight", 8)
    with scores.opened(path) as book:
        people = {f"s{number:03}": Entry() for number in range(8)}
        found = deadlines.applied(book, LAB, Record(LAB, DUE.isoformat(), "50%/day", people))
        names = [one.student.id for one in pieces.submissions(book, LAB)]
    assert names == sorted(people) == [one.student for one in found]
    assert {one.penalty for one in stored(path, LAB).students.values()} == {3.0}


def test_are_students_saved_together_in_one_commit_or_none_of_them(tmp_path: Path) -> None:
    path = a_class(tmp_path / "none", 0)
    items = tuple(Item(name, 4.0, "passed", 4.0) for name in CELLS)
    every = [scores.Scored(StudentResult(f"s{n}", "graded", items)) for n in range(20)]
    with scores.opened(path) as book:
        commits: list[int] = []
        event.listen(book.engine, "commit", lambda connection: commits.append(1))
        scores.save(book, LAB, *every[:10])
        assert len(commits) == 1
        odd = scores.Scored(StudentResult("odd", "graded", items[:1]))
        with pytest.raises(GradebookError):
            scores.save(book, LAB, *every[10:], odd)
    assert stored(path, LAB).students.keys() == {f"s{n}" for n in range(10)}
