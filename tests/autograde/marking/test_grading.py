"""Grading a whole class through the real engine: the sample submissions and what must come out."""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import os
import re
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import pytest

from autograde.authoring import samples
from autograde.authoring.build import environment, quiet_nbgrader
from autograde.gradebook import cells, scores
from autograde.marking import classrun, demo, engine
from autograde.nbgrader_settings import settings
from autograde.reports import feedback
from autograde.results import ClassResult
from autograde.tree import find

COURSE = find(Path(__file__).parent)
LABS = demo.labs(COURSE)
SAMPLES = [(lab, path) for lab in LABS for path in samples.paths(COURSE.samples(lab))]


@dataclass(frozen=True)
class Graded:
    """A graded class and where it lies."""

    work: Path
    samples: list[samples.Sample]
    result: ClassResult
    before: dict[Path, str]

    def of(self, student: str):
        return next(one for one in self.result.students if one.student == student)


def digests(folder: Path) -> dict[Path, str]:
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def graded(lab: str, work: Path) -> Graded:
    class_ = demo.hand_in(COURSE, lab, work)
    before = digests(work / "submitted")
    result = classrun.grade(classrun.Job(COURSE, lab, work / "submitted", work))
    return Graded(work, class_, result, before)


@pytest.fixture(scope="session")
def class_of(tmp_path_factory) -> Callable[[str], Graded]:
    """Each lab's class, graded once and only if a test asks for it."""
    return cache(lambda lab: graded(lab, tmp_path_factory.mktemp(lab)))


@pytest.fixture(scope="session")
def activations(class_of) -> Graded:
    return class_of("lab01_activations")


@pytest.fixture(scope="session")
def pages(activations) -> list[Path]:
    return feedback.generate("lab01_activations", activations.work)


@pytest.mark.parametrize(
    ("lab", "path"), SAMPLES, ids=[f"{lab[:5]}-{path.stem}" for lab, path in SAMPLES]
)
def test_each_sample_comes_out_as_its_file_says(class_of, lab, path):
    sample = samples.read(path)
    result = class_of(lab).of(sample.name)
    assert demo.surprises(sample, result) == []


def test_the_json_has_points_status_and_flags_of_every_cell_and_student(activations):
    found = json.loads(json.dumps(activations.result.as_json()))
    (reference,) = [s for s in found["students"] if s["student"] == "reference"]
    assert reference["cells"]["sigmoid"]["status"] == "passed"
    assert reference["cells"]["sigmoid"]["points"] == reference["cells"]["sigmoid"]["maximum"]
    assert all({"points", "maximum", "cells", "flags"} <= set(s) for s in found["students"])
    assert {s["student"] for s in found["students"]} == {s.name for s in activations.samples}


def test_no_file_of_a_students_is_changed(activations):
    assert digests(activations.work / "submitted") == activations.before


def test_the_gradebook_holds_the_same_points(activations):
    stored = scores.read(activations.work / "gradebook.db", "lab01_activations")
    for student in activations.result.students:
        points = {item.grade_id: item.points or 0.0 for item in student.items}
        assert stored[student.student] == points


def test_grading_again_gives_identical_results_and_runs_nobody(activations):
    job = classrun.Job(
        COURSE, "lab01_activations", activations.work / "submitted", activations.work
    )
    before = job.journal.read_bytes()
    again = classrun.grade(job)
    assert again.as_json() == activations.result.as_json()
    assert job.journal.read_bytes() == before


def test_a_second_class_gives_identical_points(activations, tmp_path):
    shutil.copytree(activations.work / "submitted", tmp_path / "submitted")
    again = classrun.grade(
        classrun.Job(COURSE, "lab01_activations", tmp_path / "submitted", tmp_path, jobs=1)
    )
    assert again.as_json() == activations.result.as_json()


def test_feedback_pages_are_written_for_all_and_hold_no_script_of_a_students(activations, pages):
    assert {page.parents[1].name for page in pages} == {s.name for s in activations.samples}
    text = next(p for p in pages if p.parents[1].name == "reference").read_text()
    assert "cases passed" in text


def test_a_page_tells_why_nothing_could_be_graded(pages):
    text = next(p for p in pages if p.parents[1].name == "empty-file").read_text()
    assert "Nothing could be graded" in text
    assert "the file is empty. Save it, look whether it opens, and hand it in again." in text
    assert "<b>Not graded yet</b>" in text
    assert text.index("hand it in again.") < text.index('class="contents"')  # what to do, first
    assert text.count("Nothing could be graded") == 1
    assert "not graded yet, 2 points" in text
    assert not re.search(r"\b0 of \d", text)  # no zero for what nobody could decide
    assert "Notes:" not in text  # "No response." is not true of a file that nobody could read


def test_the_lab_is_named_once_and_notes_by_their_exercise(pages):
    text = next(p for p in pages if p.parents[1].name == "not-attempted").read_text()
    title = "Lab 1 · Activations and their derivatives"
    assert len(re.findall(rf">{title}<", text)) == 2  # the window's, the page's
    assert re.search(r'Notes: <a href="#\w+">(?:Exercise|Question) 1\.\d', text)


def test_no_page_speaks_to_the_instructor(pages):
    for page in pages:
        told = re.findall(
            r"[^.>]*(?:Ask for|look at the cell|grade again|decide\.)", page.read_text()
        )
        assert told == [], page


def test_a_page_names_the_exercises_and_counts_no_answer_that_waits(class_of):
    work = class_of("lab00_setup").work
    page = next(one for one in feedback.generate("lab00_setup", work) if "reference" in str(one))
    text = " ".join(re.sub(r"<[^>]+>", " ", page.read_text()).split())
    assert "8 of 8 points ; 2 more wait to be marked by a person" in text
    assert "Exercise 0.1 · From bytes to what a network likes 3 of 3 points" in text
    assert "Question 0.4 · Would you report top-5 here? waits to be read, 2 points" in text
    assert "Test cell" not in text
    with scores.opened(work / "gradebook.db") as book:
        mark = book.find_grade("why_top5", "lab00_setup", "lab00_setup", "reference")
        mark.manual_score, mark.needs_manual_grade = 1, False  # as formgrader does
        book.db.commit()
    feedback.generate("lab00_setup", work)
    text = " ".join(re.sub(r"<[^>]+>", " ", page.read_text()).split())
    assert "9 of 10 points ." in text
    assert "top-5 here? 1 of 2 points" in text


def test_several_processes_make_the_same_pages_as_one(class_of, tmp_path, monkeypatch):
    work = tmp_path / "class"
    shutil.copytree(class_of("lab00_setup").work, work)
    shutil.rmtree(work / "feedback", ignore_errors=True)
    alone = {page: page.read_bytes() for page in feedback.generate("lab00_setup", work)}
    assert len(alone) > 4
    shutil.rmtree(work / "feedback")
    monkeypatch.setattr(feedback, "AT_ONCE", -(-len(alone) // 2))
    parts: list[int] = []
    pool = feedback.ProcessPoolExecutor

    def counted(jobs, context):
        parts.append(jobs)
        return pool(jobs, context)

    monkeypatch.setattr(feedback, "ProcessPoolExecutor", counted)
    several = {page: page.read_bytes() for page in feedback.generate("lab00_setup", work, 2)}
    assert (parts, several) == ([2], alone)


def test_where_the_grader_fails_the_page_says_that_nothing_is_lost(tmp_path, monkeypatch):
    def failing(*args, **kwargs):
        raise RuntimeError("grade by hand")

    lab, submitted = "lab00_setup", tmp_path / "submitted"
    folder = submitted / "someone" / lab
    folder.mkdir(parents=True)
    shutil.copy(COURSE.student(lab), folder)
    monkeypatch.setattr(engine, "grade", failing)
    classrun.grade(classrun.Job(COURSE, lab, submitted, tmp_path))
    (page,) = feedback.generate(lab, tmp_path)
    text = page.read_text()
    assert "The grader itself failed here; no points are lost. Your instructor looks at it." in text
    assert "not graded yet, 3 points" in text
    assert "grade by hand" not in text


def test_nbgrader_exports_the_scores(activations, tmp_path):
    from nbgrader.apps import ExportApp

    target = tmp_path / "grades.csv"
    with quiet_nbgrader():
        app = ExportApp(config=_config(activations.work))
        app.initialize(["--to", str(target)])
        app.start()
    table = csv.DictReader(target.read_text().splitlines())
    rows = {row["student_id"]: row for row in table}
    for student in activations.result.students:
        assert float(rows[student.student]["raw_score"]) == pytest.approx(student.points)


def _config(work: Path):
    return settings(work, work, source=work / "source", release=work / "release")


HONEST = ["reference", "not-attempted"]


@pytest.fixture(scope="session")
def stock(activations, tmp_path_factory) -> Path:
    """Some of the same notebooks graded by nbgrader itself, with its own kernels.

    It puts no course's answer in the place of a wrong one, so none where that was done.
    """
    from nbconvert.exporters import NotebookExporter
    from nbgrader.apps import NbGraderAPI

    work = tmp_path_factory.mktemp("stock")
    alone = {s.student for s in activations.result.students if not any(i.replaced for i in s.items)}
    losing = [s.name for s in activations.samples if s.outcome.startswith("loses-")]
    names = HONEST + [name for name in losing if name in alone][:2]
    for name in names:
        shutil.copytree(activations.work / "submitted" / name, work / "submitted" / name)
    solution = nbformat.read(
        activations.work / "source" / "lab01_activations" / "lab01_activations.ipynb", 4
    )
    cells.record("lab01_activations", solution, work)
    config = _config(work)
    config.Autograde.exporter_class = NotebookExporter  # these notebooks are our own
    api = NbGraderAPI(config=config)
    with environment("grade"), quiet_nbgrader(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's own, from its database layer
        os.environ["COURSE_ROOT"] = str(COURSE.root)
        for name in names:
            result = api.autograde("lab01_activations", name)
            assert result["success"], result["log"]
    return work


def test_stock_nbgrader_gives_the_same_points_cell_by_cell(activations, stock):
    theirs = scores.read(stock / "gradebook.db", "lab01_activations")
    ours = scores.read(activations.work / "gradebook.db", "lab01_activations")
    assert theirs
    for name, points in theirs.items():
        assert points == ours[name], name


def test_a_missing_submissions_folder_is_named(tmp_path):
    job = classrun.Job(COURSE, LABS[0], tmp_path / "nowhere", tmp_path)
    with pytest.raises(classrun.GradeError, match="nowhere: expected STUDENT/"):
        classrun.grade(job)


def test_a_person_who_did_not_hand_in_is_listed(tmp_path):
    (tmp_path / "submitted" / "absent").mkdir(parents=True)
    result = classrun.grade(classrun.Job(COURSE, LABS[0], tmp_path / "submitted", tmp_path))
    (student,) = result.students
    assert (student.outcome, student.points) == ("not handed in", 0)


logging.getLogger("traitlets").setLevel(logging.CRITICAL)
