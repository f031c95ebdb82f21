"""A round of nbgrader's exchange with our grading in it, read back through its interface."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.apps import NbGraderAPI
from nbgrader.exchange import default as exchange

from autograde.authoring import samples
from autograde.authoring.build import quiet_nbgrader
from autograde.gradebook import scores
from autograde.marking import classrun
from autograde.nbgrader_settings import settings
from autograde.reports import feedback
from autograde.tree import find

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"


# nbgrader leaves files open
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_round_of_the_exchange(tmp_path, monkeypatch: pytest.MonkeyPatch):
    work, pupil = tmp_path / "class", tmp_path / "pupil"
    for folder in (work, pupil, tmp_path / "exchange"):
        folder.mkdir()
    (tmp_path / "exchange").chmod(0o777)
    config = settings(work, work, source=COURSE.notebooks, release=COURSE.labs)
    config.Exchange.root = str(tmp_path / "exchange")
    config.Exchange.cache = str(tmp_path / "cache")
    config.ExchangeFetchAssignment.assignment_dir = str(pupil)
    config.ExchangeSubmit.assignment_dir = str(pupil)
    config.ExchangeFetchFeedback.assignment_dir = str(pupil)
    api = NbGraderAPI(config=config)
    api.coursedir.assignment_id = LAB

    def step(kind: type) -> None:
        with quiet_nbgrader():
            kind(coursedir=api.coursedir, authenticator=api.authenticator, config=config).start()

    # The course hands out, a student fetches, answers and submits; one comes by mail.
    monkeypatch.chdir(pupil)
    step(exchange.ExchangeReleaseAssignment)
    step(exchange.ExchangeFetchAssignment)
    path = pupil / LAB / f"{LAB}.ipynb"
    book = samples.answered(nbformat.read(COURSE.solution(LAB), 4), nbformat.read(path, 4))
    nbformat.write(book, path)
    step(exchange.ExchangeSubmit)
    step(exchange.ExchangeCollect)
    mailed = work / "submitted" / "mailed" / LAB / f"{LAB}.ipynb"
    mailed.parent.mkdir(parents=True)
    mailed.write_bytes(path.read_bytes())

    # We grade; nbgrader knows who is late, and shows it as graded.
    with scores.opened(work / "gradebook.db") as gradebook:
        gradebook.update_or_create_assignment(LAB, duedate="2000-01-01")
        gradebook.update_or_create_student("mailed", first_name="Ada", last_name="L.")
    rule = classrun.own(COURSE.root).copy()
    rule.LateSubmissionPlugin.penalty_method = "zero"
    monkeypatch.setattr(classrun, "own", lambda root: rule)
    monkeypatch.setattr(classrun, "proven", lambda warm: [])
    result = classrun.grade(classrun.Job(COURSE, LAB, work / "submitted", work))
    (name,) = {one.student for one in result.students} - {"mailed"}
    found = {one["student"]: one for one in api.get_submissions(LAB)}
    assert found[name]["autograded"]
    assert found[name]["timestamp"]
    assert [found[one]["score"] for one in (name, "mailed")] == [8.0, 8.0]
    assert (found["mailed"]["first_name"], found["mailed"]["timestamp"]) == ("Ada", None)

    # The table has times and penalties.
    from nbgrader.apps import ExportApp

    with quiet_nbgrader():
        app = ExportApp(config=config)
        app.initialize(["--to", str(tmp_path / "grades.csv")])
        app.start()
    with (tmp_path / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert rows[name]["timestamp"]
    assert (rows[name]["late_submission_penalty"], rows[name]["score"]) == ("8.0", "0.0")
    assert (rows["mailed"]["late_submission_penalty"], rows["mailed"]["score"]) == ("0.0", "8.0")

    # Feedback goes back, and the student reads the page that we made.
    pages = feedback.generate(LAB, work)
    step(exchange.ExchangeReleaseFeedback)
    step(exchange.ExchangeFetchFeedback)
    (fetched,) = pupil.glob(f"{LAB}/feedback/*/{LAB}.html")
    (ours,) = [page for page in pages if name in page.parts]
    assert fetched.read_text() == ours.read_text()


def test_a_fresh_clone_takes_a_class_list_before_anything_is_graded(tmp_path):
    (tmp_path / "nbgrader_config.py").write_bytes((COURSE.root / "nbgrader_config.py").read_bytes())
    command = [sys.executable, "-m", "nbgrader", "db", "student", "add", "anna", "--last-name=B"]
    environment = os.environ | {"PYTHONPATH": str(COURSE.root)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with scores.opened(tmp_path / "grading" / "gradebook.db") as book:
        assert book.find_student("anna").last_name == "B"
