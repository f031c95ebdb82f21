"""Files, journal and gradebook say the same, whatever changed since the last grading."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from traitlets.config import Config

from autograde.authoring import build, samples
from autograde.gradebook import changes, late, scores, sound
from autograde.gradebook.stored import stored
from autograde.handing_in import roster
from autograde.marking import classrun, journal, seal
from autograde.nbgrader_settings import own
from autograde.reports import feedback, fresh, show
from autograde.tree import find

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"
WRITTEN = "why_top5"


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """The walls are proved elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classrun, "proven", lambda warm: [])
        yield


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> classrun.Job:
    """A graded class of two; one was handed in with nbgrader's own files."""
    work = tmp_path_factory.mktemp("class")
    chosen = [
        s for s in samples.load(COURSE.samples(LAB)) if s.name in ("reference", "scales-last")
    ]
    samples.hand_in(chosen, COURSE, LAB, work / "submitted")
    folder = work / "submitted" / "reference" / LAB
    (folder / "timestamp.txt").write_text("2026-01-20 12:00:00.000000 UTC")
    (folder / "submission_secret.txt").write_text("quince")
    job = classrun.Job(COURSE, LAB, work / "submitted", work)
    classrun.grade(job)
    with scores.opened(job.gradebook) as book:
        mark = book.find_grade(WRITTEN, LAB, LAB, "reference")
        mark.manual_score, mark.needs_manual_grade = 1.5, False
        book.find_comment(WRITTEN, LAB, LAB, "reference").manual_comment = "well said"
        book.db.commit()
    return job


@pytest.fixture
def job(graded, tmp_path) -> classrun.Job:
    """A copy of the graded class."""
    work = tmp_path / "class"
    shutil.copytree(graded.work, work)
    return classrun.Job(COURSE, LAB, work / "submitted", work)


def mark(job: classrun.Job, student: str = "reference") -> tuple[float | None, bool]:
    """A written answer's mark, and whether it waits for a person."""
    with scores.opened(job.gradebook) as book:
        found = book.find_grade(WRITTEN, LAB, LAB, student)
        return found.manual_score, found.needs_manual_grade


def rewrite(job: classrun.Job, cell: str, source: str) -> None:
    """Hand in the reference with another text in a cell."""
    path = job.submissions / "reference" / LAB / f"{LAB}.ipynb"
    book = json.loads(path.read_text())
    (found,) = [one for one in book["cells"] if one.get("id") == cell]
    found["source"] = source
    path.write_text(json.dumps(book))


def test_what_a_person_has_read_stays_read_until_its_answer_is_another_one(job):
    classrun.grade(job)
    assert mark(job) == (1.5, False)
    rewrite(job, "topk_error_answer", "def topk_error(logits, labels, k):\n    return 0.5")
    moved = classrun.grade(job).moves
    assert mark(job) == (1.5, False)
    assert {(one.grade_id, one.why) for one in moved} == {("topk_error", "handed in anew")}
    rewrite(job, WRITTEN, "I have changed my mind.")
    classrun.grade(job)
    assert mark(job) == (1.5, True)


def test_a_kill_before_the_gradebook_is_written_leaves_no_changed_answer_read(job, monkeypatch):
    rewrite(job, WRITTEN, "I have changed my mind.")
    with monkeypatch.context() as patch:
        patch.setattr(scores, "save", _killed)
        with pytest.raises(KeyboardInterrupt):
            classrun.grade(job)
    assert mark(job) == (1.5, False)
    classrun.grade(job)
    assert mark(job) == (1.5, True)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def touch(job: classrun.Job) -> None:
    rewrite(job, WRITTEN, "Something else.")


def auto(job: classrun.Job) -> None:
    with scores.opened(job.gradebook) as book:
        book.find_grade("topk_error", LAB, LAB, "reference").auto_score = 0.25
        book.db.commit()


def due(job: classrun.Job) -> None:
    with scores.opened(job.gradebook) as book:
        book.update_or_create_assignment(LAB, duedate="2026-01-19")


def later(job: classrun.Job) -> None:
    (job.submissions / "reference" / LAB / "timestamp.txt").write_text("2026-01-21 UTC")


def newcomer(job: classrun.Job) -> None:
    (job.submissions / "zoe").mkdir()


def page(job: classrun.Job) -> None:
    job.autograded("reference").unlink()


@pytest.mark.parametrize("change", [touch, auto, due, later, newcomer, page])
def test_is_anything_new_noticed_and_nothing_else(job, change: Callable[[classrun.Job], None]):
    seal.put(job, {}, seal.handed_in(job, {}))  # as a grading of this copy leaves it
    found = seal.held(job)
    assert found is not None
    assert found.as_json()["students"][0]["points"] == 8.0
    change(job)
    assert seal.held(job) is None


def test_a_persons_mark_alone_is_nothing_to_grade(job):
    seal.put(job, {}, seal.handed_in(job, {}))
    with scores.opened(job.gradebook) as book:
        book.find_grade(WRITTEN, LAB, LAB, "scales-last").manual_score = 2
        book.db.commit()
    assert seal.held(job) is not None


def test_grading_seals_what_it_came_to_and_force_grades_all_anew(job, graded):
    assert seal.held(graded) is not None
    before = len(journal.read(job.journal)), job.journal.stat().st_size
    classrun.grade(replace(job, force=True))
    assert (len(journal.read(job.journal)), job.journal.stat().st_size) > before
    assert mark(job) == (1.5, False)


def test_time_and_secret_go_with_a_submission(graded):
    folder = graded.autograded("reference").parent
    assert (folder / "submission_secret.txt").read_text() == "quince"
    book = stored(graded.gradebook, LAB)
    assert book.students["reference"].timestamp == datetime(2026, 1, 20, 12)
    assert book.students["scales-last"].timestamp is None
    from nbgrader.apps import NbGraderAPI

    config = build.release_settings(graded.work)
    (one,) = [
        one
        for one in NbGraderAPI(config=config).get_submissions(LAB)
        if one["student"] == "reference"
    ]
    assert one["autograded"]
    assert one["timestamp"] == "2026-01-20T12:00:00"


def test_late_submissions_pay_by_the_rule_of_nbgraders_plugin(job, tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(
        'c = get_config()\nc.LateSubmissionPlugin.penalty_method = "zero"\n'
    )
    due(job)
    with scores.opened(job.gradebook) as book:
        late.penalise(book, LAB, own(tmp_path))
    assert stored(job.gradebook, LAB).students["reference"].penalty == 9.5  # 8, and 1.5 by hand
    assert stored(job.gradebook, LAB).students["scales-last"].penalty is None
    with scores.opened(job.gradebook) as book:
        late.penalise(book, LAB, Config())
    assert stored(job.gradebook, LAB).students["reference"].penalty is None


def test_a_time_that_is_none_is_told(job):
    (job.submissions / "reference" / LAB / "timestamp.txt").write_text("yesterday, at lunch")
    (one,) = [s for s in classrun.grade(job).students if s.student == "reference"]
    assert [f.severity for f in one.flags if f.code == "no-timestamp"] == ["attention"]
    assert not (job.autograded("reference").parent / "timestamp.txt").exists()


def renamed(old: str, new: str) -> nbformat.NotebookNode:
    book = build.expected(COURSE, LAB).solution
    for cell in book.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade_id") == old:
            marks["grade_id"] = new
    return book


def test_a_lab_with_other_exercises_keeps_a_persons_marks(job):
    found = changes.follow(job.gradebook, LAB, renamed(WRITTEN, "why_not"))
    assert (found.added, found.removed, found.kept) == (("why_not",), (WRITTEN,), 2)
    assert "kept in manual-marks.json" in str(found)
    with scores.opened(job.gradebook) as book:
        assert book.find_grade("why_not", LAB, LAB, "scales-last").score == 0
    assert str(changes.follow(job.gradebook, LAB, renamed(WRITTEN, "why_not"))) == ""
    result = classrun.grade(job)  # the lab has the old name again
    assert [flag.code for flag in result.flags] == ["lab-changed"]
    assert mark(job)[0] == 1.5
    with scores.opened(job.gradebook) as book:
        assert book.find_comment(WRITTEN, LAB, LAB, "reference").manual_comment == "well said"
    assert json.loads((job.work / sound.KEPT).read_text()) == []


def test_students_whose_folder_is_gone_or_renamed_are_told(job):
    (job.submissions / "reference").rename(job.submissions / "Reference")
    shutil.rmtree(job.submissions / "scales-last")
    told = {flag.code: flag.message for flag in classrun.grade(job).flags}
    assert told["student-renamed"].startswith("Reference is called reference in the gradebook")
    assert "scales-last" in told["student-gone"]
    assert mark(job) == (1.5, False)
    assert roster.gone(["a", "B"], ["a", "B"]) == ()


def test_a_page_is_made_again_where_something_changed(job):
    first = feedback.generate(LAB, job.work)
    assert fresh.stale(LAB, job.work) == []
    before = [path.stat().st_mtime_ns for path in first]
    assert (first[0].parent / "submission_secret.txt").read_text() == "quince"
    with scores.opened(job.gradebook) as book:
        book.find_grade(WRITTEN, LAB, LAB, "scales-last").manual_score = 2
        book.db.commit()
    assert fresh.stale(LAB, job.work) == ["scales-last"]
    pages = feedback.generate(LAB, job.work)
    after = [path.stat().st_mtime_ns for path in pages]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False]
    pages[0].write_text("damaged")
    assert fresh.stale(LAB, job.work) == ["reference"]


def told(job: classrun.Job, student: str = "reference") -> str:
    """A student's page as text, made anew where it is not of now."""
    feedback.generate(LAB, job.work)
    page = fresh.page(LAB, job.work, student).read_text()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_mark_that_an_answer_has_outlived_stands_on_no_page_and_in_no_sum(job):
    assert "9.5 of 10 points ." in told(job)
    assert "top-5 here? 1.5 of 2 points" in told(job)
    rewrite(job, WRITTEN, "I have changed my mind.")
    classrun.grade(job)
    assert "8 of 8 points ; 2 more wait to be marked by a person" in told(job)
    assert "top-5 here? waits to be read, 2 points" in told(job)
    assert stored(job.gradebook, LAB).students["reference"].waiting == {WRITTEN}
    with scores.opened(job.gradebook) as book:  # read again, and the same points given
        book.find_grade(WRITTEN, LAB, LAB, "reference").needs_manual_grade = False
        book.db.commit()
    assert fresh.stale(LAB, job.work) == ["reference"]
    assert "9.5 of 10 points ." in told(job)
    assert stored(job.gradebook, LAB).students["reference"].waiting == set()


def test_grading_again_asks_a_person_only_for_what_nobody_has_read(job, capsys):
    def asked() -> str:
        known = stored(job.gradebook, LAB).students
        show.attention(classrun.grade(job), show.console(), known=known)
        return capsys.readouterr().out

    assert "1 written answer waits to be read" in asked()  # that of scales-last
    rewrite(job, WRITTEN, "I have changed my mind.")
    classrun.grade(job)
    assert "1 answer changed since a person marked it, and waits to be read again: `auto" in asked()
    assert "1 written answer waits to be read" in asked()
    with scores.opened(job.gradebook) as book:
        for student in ("reference", "scales-last"):
            one = book.find_grade(WRITTEN, LAB, LAB, student)
            one.manual_score, one.needs_manual_grade = 2, False
        book.db.commit()
    assert "to be read" not in asked()
