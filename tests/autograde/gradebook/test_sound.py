"""A gradebook that is damaged, locked, or something else's: nothing is lost, and it is told."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import nbformat
import pytest

from autograde import stored_json
from autograde.authoring import samples
from autograde.gradebook import deadlines, scores, sound
from autograde.marking import classrun, seal
from autograde.reports import feedback, fresh
from autograde.results import Item, StudentResult
from autograde.tree import find

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"
TEXT = "why_top5"
NOW = datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture(scope="module")
def job(tmp_path_factory) -> classrun.Job:
    """A graded class; a person has marked and commented one answer."""
    work = tmp_path_factory.mktemp("class")
    chosen = [one for one in samples.load(COURSE.samples(LAB)) if one.name == "reference"]
    samples.hand_in(chosen, COURSE, LAB, work / "submitted")
    found = classrun.Job(COURSE, LAB, work / "submitted", work)
    classrun.grade(found)
    with scores.opened(work / "gradebook.db") as book:
        for notebook in book.find_submission(LAB, "reference").notebooks:
            for grade in (one for one in notebook.grades if one.auto_score is None):
                grade.manual_score, grade.needs_manual_grade = 1.5, False
            for comment in notebook.comments:
                comment.manual_comment = "well said"
        book.db.commit()
    return found


def marks(work: Path) -> tuple[set[float], set[str]]:
    """What a person gave and wrote."""
    with scores.opened(work / "gradebook.db") as book:
        (notebook,) = book.find_submission(LAB, "reference").notebooks
        given = {one.manual_score for one in notebook.grades if one.manual_score is not None}
        return given, {one.manual_comment for one in notebook.comments if one.manual_comment}


DAMAGES = {
    "text": lambda data: b"no database",
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "torn": lambda data: data[:8192] + b"\xff" * 4096 + data[12288:],
}


def test_a_damaged_gradebook_is_made_again_with_the_scores_and_a_persons_marks(job):
    book = job.work / "gradebook.db"
    before = scores.read(book, LAB), marks(job.work)
    assert before[1] == ({1.5}, {"well said"})
    assert sound.sound(book, NOW) == ""  # as each grading does; makes a copy
    book.write_bytes(DAMAGES["torn"](book.read_bytes()))
    result = classrun.grade(job)
    (flag,) = [one for one in result.flags if one.code == "gradebook-rebuilt"]
    assert "set aside as gradebook.broken-" in flag.message
    assert (scores.read(book, LAB), marks(job.work)) == before
    with scores.opened(book) as opened:
        assert not opened.find_submission(LAB, "reference").needs_manual_grade  # read, as before
    assert sound.sound(book, NOW) == ""


@pytest.mark.parametrize("damage", ["text", "torn"])
def test_who_asks_a_damaged_gradebook_for_grades_is_told_what_mends_it(tmp_path, job, damage):
    work = tmp_path / "class"
    shutil.copytree(job.work, work)
    path = work / "gradebook.db"
    sound.sound(path, NOW)  # which keeps a copy, as each grading does
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    for ask in (deadlines.apply, lambda work, lab: feedback.generate(lab, work)):
        with pytest.raises(sound.GradebookError) as told:
            ask(work, LAB)
        assert "is damaged" in str(told.value)
        assert f"Run `autograde grade LAB --workdir {work}`" in str(told.value)
    path.rename(tmp_path / "away.db")
    with pytest.raises(feedback.FeedbackError, match="has no grades of"):
        feedback.generate(LAB, work)
    (tmp_path / "away.db").rename(path)
    classrun.grade(replace(job, submissions=work / "submitted", work=work))
    (standing,) = deadlines.apply(work, LAB)
    assert standing.points == 9.5  # a person's 1.5 among them


def test_a_mark_given_back_for_an_answer_that_has_changed_since_waits_for_a_person(job, tmp_path):
    shutil.copytree(job.work, tmp_path / "class")
    own = replace(job, submissions=tmp_path / "class/submitted", work=tmp_path / "class")
    path = own.submissions / "reference" / LAB / f"{LAB}.ipynb"
    notebook = nbformat.read(path, 4)
    (cell,) = [
        one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("grade_id") == TEXT
    ]
    cell.source += "\n\nOr not?"
    nbformat.write(notebook, path)
    own.gradebook.write_bytes(DAMAGES["torn"](own.gradebook.read_bytes()))
    classrun.grade(own)
    with scores.opened(own.gradebook) as opened:
        grade = opened.find_grade(TEXT, LAB, LAB, "reference")
        assert (grade.manual_score, grade.needs_manual_grade) == (1.5, True)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_gradebook_is_set_aside_as_it_is_and_what_can_be_read_is_kept(
    job, tmp_path, damage
):
    book = tmp_path / "gradebook.db"
    book.write_bytes((job.work / "gradebook.db").read_bytes())
    assert sound.sound(book, NOW) == ""
    broken = damage(book.read_bytes())
    book.write_bytes(broken)
    assert "could be read: " in sound.sound(book, NOW)
    assert (tmp_path / "gradebook.broken-20260102-030405.db").read_bytes() == broken
    assert not book.exists()
    assert "well said" in (tmp_path / sound.KEPT).read_text()


def test_is_a_gradebook_that_another_program_has_named_after_some_patience(
    job, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sound, "PATIENCE", 0.2)
    other = sqlite3.connect(job.work / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(sound.GradebookError, match="another program has had"):
            sound.sound(job.work / "gradebook.db", NOW)
    finally:
        other.close()


def test_does_grading_wait_for_a_program_that_soon_lets_go(job):
    other = sqlite3.connect(
        job.work / "gradebook.db", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN EXCLUSIVE")
    timer = threading.Timer(1.0, other.close)
    timer.start()
    assert sound.sound(job.work / "gradebook.db", NOW) == ""
    timer.join()


def test_is_a_database_of_something_else_left_alone(tmp_path):
    place = tmp_path / "gradebook.db"
    with sqlite3.connect(place) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    before = place.read_bytes()
    with pytest.raises(sound.GradebookError, match="not nbgrader's"):
        sound.sound(place, NOW)
    assert place.read_bytes() == before


def test_a_folder_in_its_place_is_named(tmp_path):
    (tmp_path / "gradebook.db").mkdir()
    with pytest.raises(sound.GradebookError, match="can't be written"):
        sound.sound(tmp_path / "gradebook.db", NOW)


def test_none_there_is_fine(tmp_path):
    assert sound.sound(tmp_path / "gradebook.db", NOW) == ""


def test_a_second_damaged_one_does_not_take_the_place_of_the_first(job, tmp_path):
    """Whatever the clock says."""
    place = tmp_path / "gradebook.db"
    for damaged in (b"first", b"second", b"third"):
        place.write_bytes(damaged)
        assert "set aside" in sound.sound(place, NOW)
    kept = [one.read_bytes() for one in sorted(tmp_path.glob("gradebook.broken-*.db"))]
    assert sorted(kept) == [b"first", b"second", b"third"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "null",
        '[{"lab": "a"}]',
        '[{"lab": ["a"], "student": "b", "cell": "c"}]',
        '[{"lab": "a", "student": "b", "cell": "c", "score": "1"}]',
        '[{"lab": "a", "student": "b", "cell": "c", "score": NaN}]',
        '[{"lab": "a", "student": "b", "cell": "c", "extra": 1' + "0" * 400 + "}]",
    ],
)
def test_damaged_marks_are_set_aside_and_it_is_told(job, tmp_path, text):
    (tmp_path / sound.KEPT).write_text(text)
    told = sound.sound(tmp_path / "gradebook.db", NOW)
    assert "set aside as manual-marks.broken-20260102-030405.json" in told
    assert (tmp_path / "manual-marks.broken-20260102-030405.json").read_text() == text
    assert sound.sound(tmp_path / "gradebook.db", NOW) == ""


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE submitted_notebook SET assignment_id = NULL",  # no grade would be written
        "UPDATE assignment SET duedate = 0",
        "UPDATE base_cell SET type = 'x' || id",
        "UPDATE base_cell SET name = 'x' || id",
    ],
)
def test_a_gradebook_with_what_nbgrader_never_writes_is_refused_in_a_few_lines(
    job, tmp_path, change
):
    place = tmp_path / "gradebook.db"
    place.write_bytes((job.work / "gradebook.db").read_bytes())
    with sqlite3.connect(place) as base:
        base.execute(change)
    base.close()
    result = StudentResult("reference", "graded", (Item("topk_error", 3.0, "passed", 3.0),))
    with (
        pytest.raises(sound.GradebookError, match="holds what nbgrader did not write") as found,
        scores.opened(place) as book,
    ):
        scores.save(book, LAB, scores.Scored(result))
    assert str(place) in str(found.value)
    assert "\n" not in str(found.value)


def test_one_grading_at_a_time(tmp_path):
    with (
        sound.alone(tmp_path),
        pytest.raises(sound.GradebookError, match=r"at work here \(process"),
        sound.alone(tmp_path),
    ):
        pass
    with sound.alone(tmp_path):
        pass


@pytest.mark.parametrize("left", [0, 3, 99])
def test_one_that_was_never_finished_is_made_again_without_a_word(job, tmp_path, left):
    """As a kill leaves it while nbgrader makes its tables."""
    place = tmp_path / "gradebook.db"
    with sqlite3.connect(job.work / "gradebook.db") as whole, sqlite3.connect(place) as part:
        query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name != 'alembic_version'"
        for (made,) in whole.execute(query).fetchall()[:left]:
            part.execute(made)
    whole.close()
    part.close()
    assert sound.sound(place, NOW) == ""
    assert not place.exists()


@pytest.mark.parametrize(
    "name",
    [
        ".grading",
        "gradebook.db",
        "manual-marks.json",
        "journal/lab00_setup.jsonl",
        "journal/lab00_setup.seal.json",
        "results/lab00_setup.json",
    ],
)
def test_what_is_no_file_is_named_and_neither_waited_for_nor_read_without_end(
    name: str, tmp_path: Path
) -> None:
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    for make, kind in (
        (os.mkfifo, "a named pipe"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (Path.mkdir, "a folder"),
    ):
        make(place)
        with (
            pytest.raises(sound.GradebookError, match=f"{name}: expected a file, found {kind}"),
            sound.alone(tmp_path),
        ):
            pass
        place.rmdir() if kind == "a folder" else place.unlink()
    with sound.alone(tmp_path):
        pass


@pytest.mark.parametrize("mark", ["9e999", "-9e999", "1e300", "'much'", "x'00ff'"])
def test_a_mark_that_nobody_gave_is_named_and_not_exported(job, tmp_path: Path, mark: str) -> None:
    shutil.copytree(job.work, tmp_path / "class")
    with sqlite3.connect(tmp_path / "class" / "gradebook.db") as base:
        base.execute(f"UPDATE grade SET manual_score = {mark} WHERE manual_score IS NOT NULL")
    with pytest.raises(sound.GradebookError, match=f"reference, {TEXT}: "):
        deadlines.apply(tmp_path / "class", LAB)


def test_json_that_nests_too_deeply_is_damaged_and_a_device_is_not_read(tmp_path: Path) -> None:
    deep, device = tmp_path / "deep.json", tmp_path / "device.json"
    deep.write_bytes(b"[" * 200_000)
    device.symlink_to("/dev/zero")
    with pytest.raises(ValueError, match="nests too deeply"):
        stored_json.load(deep)
    with pytest.raises(FileNotFoundError):
        stored_json.load(device)


def test_a_deeply_nested_seal_or_list_of_pages_is_none(job, tmp_path: Path) -> None:
    shutil.copytree(job.work, tmp_path / "class")
    one = replace(job, work=tmp_path / "class")
    for place in (one.seal, one.seal.with_name(f"{LAB}.pages.json")):
        place.write_bytes(b"[" * 200_000)
    assert seal.held(one) is None
    assert fresh.stale(LAB, one.work) == ["reference"]
