"""A lab's zip for Gradescope, unpacked and run in a folder of Gradescope's layout."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import nbformat
import pytest

from autograde.authoring import samples
from autograde.gradescope import results, run
from autograde.gradescope.package import package
from autograde.marking.classrun import grade
from autograde.marking.job import Job
from autograde.results import ClassResult, Item, StudentResult
from autograde.tree import Tree
from course.checks import CaseResult, Report

LAB = "lab00_setup"
SAMPLES = ("reference", "wrong-axes", "not-attempted")
SYSTEM_PYTHON = "/usr/bin/python3"
POINTS = 8.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="Gradescope's containers run Linux"),
]

HOSTILE = """
import json, os, sys, time
ROOT = {root!r}
FAKE = json.dumps(dict(score=100, output="mine"))
def strike():
    got = []
    for top, _, names in os.walk(ROOT):
        for name in set(names) - {{"run_autograder"}}:  # has nothing in it
            try:
                got.append(open(os.path.join(top, name), errors="replace").read())
            except OSError:
                pass
    for place in ("results/results.json", "results/stdout", "run_autograder"):
        try:
            open(os.path.join(ROOT, place), "w").write(FAKE)
            got.append("wrote " + place)
        except OSError:
            pass
    return got
got = strike()
print("got:", got, sorted(os.environ))
sys.stderr.write("got: " + str(got))
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for _ in range(600):
            strike()
            time.sleep(0.05)
    os._exit(0)
"""
LOOP = "def accuracy_by_class(logits, labels, classes):\n    while True:\n        pass\n"


@pytest.fixture(scope="module")
def packed(course: Tree) -> bytes:
    return package(course, LAB)


@pytest.fixture(scope="module")
def class_(course: Tree, tmp_path_factory: pytest.TempPathFactory) -> tuple[ClassResult, Path]:
    """Samples, and a file that is no notebook, as ``autograde grade`` has them."""
    work = tmp_path_factory.mktemp("class")
    chosen = [one for one in samples.load(course.samples(LAB)) if one.name in SAMPLES]
    samples.hand_in(chosen, course, LAB, work / "submitted")
    unread = work / "submitted" / "cut" / LAB / f"{LAB}.ipynb"
    unread.parent.mkdir(parents=True)
    unread.write_text('{"cells": [')
    return grade(Job(course, LAB, work / "submitted", work, jobs=1)), work


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that others may enter, unlike pytest's own: only the grader closes what is in it."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Path(place)


def container(folder: Path, packed: bytes) -> Path:
    """What Gradescope makes of the zip: ``source/``, and a copy of ``run_autograder``."""
    for name in ("source", "submission", "results"):
        (folder / name).mkdir(parents=True)
    with zipfile.ZipFile(BytesIO(packed)) as archive:
        archive.extractall(folder / "source")
    shutil.copy(folder / "source" / "run_autograder", folder)
    (folder / "run_autograder").chmod(0o755)
    about = {"assignment": {"total_points": "100.0"}, "users": [{"name": "A student"}]}
    (folder / "submission_metadata.json").write_text(json.dumps(about))
    return folder


def executed(root: Path, way: str) -> tuple[dict, str, int]:
    """Run it; for ``user`` with a Python that others may read, and no bubblewrap."""
    environment = {**os.environ, "GRADESCOPE_ROOT": str(root), "CANARY": "the grader's own"}
    environment["GRADESCOPE_PYTHON"] = sys.executable
    if way == "user":
        tools = root.parent / "tools"
        tools.mkdir()
        for one in ("bash", "cat", "env"):
            (tools / one).symlink_to(shutil.which(one) or one)
        (tools / "alembic").symlink_to(Path(sysconfig.get_path("scripts")) / "alembic")
        shim = tools / "python"
        shim.write_text(
            f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{sysconfig.get_path("purelib")}" '
            f'exec {SYSTEM_PYTHON} -s "$@"\n'
        )
        shim.chmod(0o755)
        environment |= {"GRADESCOPE_PYTHON": str(shim), "PATH": str(tools)}
    done = subprocess.run(
        [str(root / "run_autograder")],
        env=environment,
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return json.loads((root / "results/results.json").read_text()), done.stdout, done.returncode


def test_points_are_those_of_autograde_grade_for_right_partial_and_blank(
    class_: tuple[ClassResult, Path],
) -> None:
    for one in class_[0].students:
        if one.student == "cut":
            continue
        found = results.results(class_[0], one)
        assert found["score"] == one.points, one.student
        tests = found["tests"]
        scores = [test["score"] for test in tests if "score" in test]
        assert sum(scores) == pytest.approx(one.points)
        most = sum(test.get("max_score", 0) for test in tests)
        assert most == pytest.approx(POINTS)
        assert found["stdout_visibility"] == "hidden"
        assert {test["visibility"] for test in tests} == {"visible", "after_published"}
        assert all(test["name"].startswith("0.") for test in tests)
    by_name = {one.student: results.results(class_[0], one) for one in class_[0].students}
    assert (by_name["reference"]["score"], by_name["not-attempted"]["score"]) == (POINTS, 0.0)
    assert 0 < by_name["wrong-axes"]["score"] < POINTS


def test_a_written_answer_has_no_score_and_says_who_reads_it(
    class_: tuple[ClassResult, Path],
) -> None:
    for one in class_[0].students[1:]:
        (written,) = [t for t in results.results(class_[0], one)["tests"] if "0.4" in t["name"]]
        assert "score" not in written, one.student
        assert "person" in written["output"]


def test_an_unreadable_file_says_why_and_what_to_do(class_: tuple[ClassResult, Path]) -> None:
    (cut,) = [one for one in class_[0].students if one.student == "cut"]
    found = results.results(class_[0], cut)
    assert found["tests"] == []
    assert "not a mark" in found["output"]
    assert f"Upload {LAB}.ipynb" in found["output"]


def test_a_measured_network_is_on_the_leaderboard() -> None:
    measured = {"accuracy": 0.91, "images": 2000, "parameters": 4321}
    case = CaseResult("on new images", "passed", 1.0, measured=measured)
    item = Item("trained_network", 10.0, "passed", 10.0, Report("trained_network", "", (case,), 10))
    class_ = ClassResult("lab07_summary", (StudentResult("one", "graded", (item,)),))
    assert results.leaderboard(class_)["leaderboard"] == [
        {"name": "Accuracy", "value": 0.91},
        {"name": "Parameters", "value": 4321, "order": "asc"},
    ]


def test_the_zip_has_the_two_scripts_and_no_sample_or_answer_of_another_lab(packed: bytes) -> None:
    with zipfile.ZipFile(BytesIO(packed)) as archive:
        names = archive.namelist()
        assert archive.getinfo("run_autograder").external_attr >> 16 & stat.S_IXUSR
        assert archive.getinfo("setup.sh").external_attr >> 16 & stat.S_IXUSR
        wanted = archive.read("requirements.txt").decode()
    secret = {Path(one).parts[2] for one in names if one.startswith("tree/solutions/")}
    assert secret == {"held_out.npz", "seed.txt", LAB}
    assert not [one for one in names if {"samples", "answers"} & set(Path(one).parts)]
    assert not [one for one in names if "lab01" in one]
    assert "nbgrader" in wanted
    assert "convnet-course" not in wanted
    assert packed == package_again(names, packed)


def package_again(names: list[str], packed: bytes) -> bytes:
    """The same files packed anew, in their order."""
    from autograde.publishing.contents import zipped

    with zipfile.ZipFile(BytesIO(packed)) as archive:
        return zipped({name: archive.read(name) for name in names}, ("setup.sh", "run_autograder"))


@pytest.mark.parametrize("way", ["full", "user"])
def test_a_hostile_submission_gets_what_its_answers_are_worth_and_nothing_else(
    way: str, packed: bytes, course: Tree, open_path: Path
) -> None:
    if way == "user" and (os.getuid() or sys.version_info[:2] != system_version()):
        pytest.skip("needs root, and the same Python where other users may read it")
    root = container(open_path / "autograder", packed)
    solution = nbformat.read(course.solution(LAB), 4)
    book = samples.answered(solution, nbformat.read(course.student(LAB), 4))
    hostile = nbformat.v4.new_code_cell(HOSTILE.format(root=str(root)))
    book.cells.insert(3, hostile)
    for cell in book.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name == "topk_error_answer":
            cell.source = f"assert not got\n{cell.source}"  # whoever got something loses points
        if name == "accuracy_by_class_answer" and way == "user":
            cell.source = LOOP
    nbformat.write(book, root / "submission" / "my lab (1).ipynb")
    (root / "submission" / "results.json").write_text('{"score": 100}')
    (root / "submission" / "link").symlink_to("/etc/passwd")
    found, told, code = executed(root, way)
    assert code == 0, told
    assert found["extra_data"]["isolation"] == way, told
    assert found["score"] == (6.0 if way == "user" else POINTS)
    assert found == json.loads((root / "results/results.json").read_text())
    seed = (course.solutions / "seed.txt").read_text().strip()
    for text in (json.dumps(found), told):
        assert seed not in text
        assert "the grader's own" not in text
        assert "got:" not in text
    assert "the assignment gives 100 points, the lab 10" in told
    assert (root / "results").stat().st_mode & 0o077 == 0


def system_version() -> tuple[int, int]:
    done = subprocess.run(
        [SYSTEM_PYTHON, "-c", "import sys; print(*sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    major, minor = (int(one) for one in (done.stdout or "0 0").split())
    return major, minor


def test_a_grader_that_can_not_begin_writes_results_that_say_so(
    tmp_path: Path, monkeypatch
) -> None:
    root = tmp_path / "autograder"
    (root / "submission").mkdir(parents=True)
    (root / "results" / "results.json").mkdir(parents=True)  # what has its name is put away
    monkeypatch.setenv(run.ROOT_VARIABLE, str(root))
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    with pytest.raises(SystemExit):
        run.main()
    found = json.loads((root / "results/results.json").read_text())
    assert "grader itself failed" in found["output"]
    assert found["score"] == 0.0
