"""Stock nbgrader with the course's own set-up: its commands work as instructors know them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograde.authoring import samples
from autograde.tree import find

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"


def nbgrader(folder: Path, *words: str) -> str:
    here = str(Path(sys.executable).parent)
    env = {
        **os.environ,
        "PATH": here + os.pathsep + os.environ["PATH"],
        "COURSE_ROOT": str(COURSE.root),
        "COURSE_PROFILE": "grade",
    }
    command = [sys.executable, "-m", "nbgrader", *words]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A course folder as nbgrader sees it, with one lab."""
    home = tmp_path_factory.mktemp("course")
    shutil.copy(COURSE.root / "nbgrader_config.py", home)
    notebooks = COURSE.notebooks.relative_to(COURSE.root)
    shutil.copytree(COURSE.notebooks / LAB, home / notebooks / LAB)
    (home / "grading").mkdir()
    nbgrader(home, "generate_assignment", LAB)
    return home


def without_exploration(book):
    book.cells = [c for c in book.cells if "explore" not in c.metadata.get("tags", ())]
    return book


def test_generate_assignment_makes_the_committed_student_notebook(folder):
    made = nbformat.read(folder / "labs" / LAB / f"{LAB}.ipynb", 4)
    assert made == nbformat.read(COURSE.student(LAB), 4)


@pytest.mark.parametrize(
    ("answered", "told"), [(True, "Success!"), (False, "VALIDATION FAILED ON 4 CELL(S)")]
)
def test_validate_tells_answered_and_untouched_notebooks_apart(folder, tmp_path, answered, told):
    student = nbformat.read(COURSE.student(LAB), 4)
    book = samples.answered(nbformat.read(COURSE.solution(LAB), 4), student)
    path = tmp_path / f"{LAB}.ipynb"
    nbformat.write(without_exploration(book if answered else student), path)
    assert told in nbgrader(folder, "validate", str(path))


def test_nbgraders_own_autograde_runs_no_students_code_and_says_what_to_use(folder):
    """By the command, and by the interface that formgrader's button calls; nothing is removed."""
    from nbgrader.apps import NbGraderAPI

    from autograde.nbgrader_settings import settings

    home = folder / "grading"
    student = home / "submitted" / "pupil" / LAB
    student.mkdir(parents=True)
    book = nbformat.read(COURSE.student(LAB), 4)
    witness = home / "it-ran"
    book.cells.insert(0, nbformat.v4.new_code_cell(f"open({str(witness)!r}, 'w').close()"))
    nbformat.write(book, student / f"{LAB}.ipynb")
    graded = home / "autograded" / "pupil" / LAB / f"{LAB}.ipynb"
    graded.parent.mkdir(parents=True)
    graded.write_text("graded before")
    command = [sys.executable, "-m", "nbgrader", "autograde", LAB, "--force"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Grade with `autograde grade LAB`" in done.stdout + done.stderr
    config = settings(folder, home, source=COURSE.notebooks, release=folder / "labs")
    result = NbGraderAPI(config=config).autograde(LAB, "pupil")
    assert not result["success"]
    assert "Grade with `autograde grade LAB`" in result["log"]
    assert graded.read_text() == "graded before"
    assert not witness.exists()
