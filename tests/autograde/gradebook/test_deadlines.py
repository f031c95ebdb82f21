"""Due dates, extensions and penalties in a gradebook of nbgrader's own making."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograde.gradebook import deadlines, scores
from autograde.handing_in.collecting import record
from autograde.handing_in.collecting.record import Entry, Record

LAB = "lab01_activations"
DUE = "2026-10-01T10:00:00+00:00"
DAY = 86_400.0


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("made") / "gradebook.db"
    with scores.opened(path) as book:
        book.add_assignment(LAB)
        book.add_notebook(LAB, LAB)
        for name, kind in (("code", "code"), ("text", "markdown")):
            book.add_grade_cell(name, LAB, LAB, max_score=5, cell_type=kind)
        for student in ("anna", "boris", "clara"):
            book.add_student(student)
            with book.db.no_autoflush:
                book.add_submission(LAB, student)
            book.find_grade("code", LAB, LAB, student).auto_score = 5
            mark = book.find_grade("text", LAB, LAB, student)
            mark.manual_score, mark.needs_manual_grade = 3, False  # as formgrader does
        book.find_grade("text", LAB, LAB, "clara").manual_score = None
        book.db.commit()
    return path


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Path:
    """A class of three with 8 of 10 points each; one of the two cells was marked by hand."""
    shutil.copy(made, tmp_path)
    return tmp_path


def collected(work: Path, rule: str) -> dict[str, deadlines.Standing]:
    late = "2026-10-02T12:00:00+00:00"
    people = {
        "anna": Entry("Anna Ivanova", "anna@uni.example", time="2026-10-01T09:00:00+00:00"),
        "boris": Entry("Petrov, Boris", time=late),
        "clara": Entry("Clara", time=late, extension=2 * DAY),
    }
    record.write(work, Record(LAB, DUE, rule, people))
    return {one.student: one for one in deadlines.apply(work, LAB)}


def test_do_extension_and_rule_make_the_penalty(work: Path) -> None:
    found = collected(work, "10%/day")
    assert {name: one.grade for name, one in found.items()} == {
        "anna": 8, "boris": 6.4, "clara": 5
    }  # fmt: skip
    assert {name: one.late for name, one in found.items()} == {
        "anna": 0, "boris": DAY + 7200, "clara": 0
    }  # fmt: skip
    assert [found[name].unread for name in ("anna", "clara")] == [0, 1]
    with scores.opened(work / "gradebook.db") as book:
        boris = book.find_submission(LAB, "boris")
        assert (boris.late_submission_penalty, boris.total_seconds_late) == (1.6, DAY + 7200)
        assert (boris.student.first_name, boris.student.last_name) == ("Petrov", "Boris")
        assert book.find_submission(LAB, "clara").total_seconds_late == 0


def test_does_a_penalty_follow_the_marks_and_go_with_its_rule(work: Path) -> None:
    collected(work, "10%/day")
    with scores.opened(work / "gradebook.db") as book:
        book.find_grade("text", LAB, LAB, "boris").manual_score = 5
        book.db.commit()
    assert collected(work, "10%/day")["boris"].grade == 8
    assert collected(work, "none")["boris"].grade == 10


def test_a_mark_given_for_an_earlier_answer_leaves_the_new_one_unread(work: Path) -> None:
    with scores.opened(work / "gradebook.db") as book:
        book.find_grade("text", LAB, LAB, "anna").needs_manual_grade = True  # as grading anew does
        book.find_grade("code", LAB, LAB, "boris").needs_manual_grade = True  # no mark: only asked
        book.db.commit()
    found = {one.student: (one.unread, one.points) for one in deadlines.apply(work, LAB)}
    assert found == {"anna": (1, 8), "boris": (0, 8), "clara": (1, 5)}


def test_is_what_nbgrader_has_left_alone_where_nothing_is_said(work: Path) -> None:
    with scores.opened(work / "gradebook.db") as book:
        book.find_assignment(LAB).duedate = datetime(2026, 9, 1)
        boris = book.find_submission(LAB, "boris")
        boris.timestamp = datetime(2026, 9, 2)
        boris.notebooks[0].late_submission_penalty = 2.5
        book.find_student("boris").first_name = "B."
        book.db.commit()
    before = (work / "gradebook.db").stat().st_mtime_ns
    found = {one.student: one for one in deadlines.apply(work, LAB)}
    assert (work / "gradebook.db").stat().st_mtime_ns == before
    boris = found["boris"]
    assert (boris.grade, boris.late, boris.time) == (5.5, DAY, datetime(2026, 9, 2, tzinfo=UTC))
    assert collected(work, "")["boris"] == replace(boris, late=0.0)  # the deadline is said now
    before = (work / "gradebook.db").stat().st_mtime_ns
    collected(work, "")
    assert (work / "gradebook.db").stat().st_mtime_ns == before
    assert deadlines.apply(work, "lab02_lenet") == []
