"""A round as on a JupyterHub: nbgrader's exchange between the folders of two people."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from autograde.authoring import samples
from autograde.tree import Tree, find
from tests.autograde.cli.test_cli import autograde

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"
NAME = "convnet-course"
SYSTEM_PYTHON = "/usr/bin/python3"
NOBODY = 65534


@dataclass(frozen=True)
class Hub:
    """A teacher's course, a student's home, and the exchange between them.

    Where the tests run as root, and a Python lies where others may read it, the student is another
    user of the machine; else only the folder is another.
    """

    place: Path
    user: int | None

    @property
    def home(self) -> Path:
        return self.place / "student"

    @property
    def inbound(self) -> Path:
        return self.place / "exchange" / NAME / "inbound"

    def graded(self, *words: str) -> str:
        """A command of ours in the course's folder."""
        done = autograde(Tree(self.place / "course"), *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def teacher(self, *words: str) -> str:
        """nbgrader's command, in the course's folder."""
        path = {"PYTHONPATH": str(COURSE.root)}
        command = [sys.executable, "-m", "nbgrader", *words]
        return self._run(command, self.place / "course", path, None)

    def student(self, *words: str) -> str:
        """nbgrader's command, at home."""
        python = SYSTEM_PYTHON if self.user else sys.executable
        path = {"HOME": str(self.home), "PYTHONPATH": sysconfig.get_path("purelib")}
        return self._run([python, "-m", "nbgrader", *words], self.home, path, self.user)

    def _run(self, words: list[str], cwd: Path, more: dict[str, str], user: int | None) -> str:
        tools = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            words,
            cwd=cwd,
            env={
                **os.environ,
                "PATH": tools,
                "JUPYTER_CONFIG_PATH": str(self.place / "etc"),
                **more,
            },
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture
def hub() -> Iterator[Hub]:
    with tempfile.TemporaryDirectory() as place:  # pytest's own are closed to others
        Path(place).chmod(0o755)
        yield furnished(Path(place))


def furnished(place: Path) -> Hub:
    course, home, exchange = (place / one for one in ("course", "student", "exchange"))
    for folder in (course, home, exchange):
        folder.mkdir()
    exchange.chmod(0o777)
    for name in ("solutions", "course", "labs"):
        (course / name).symlink_to(COURSE.root / name)
    shutil.copy(COURSE.root / "pyproject.toml", course)
    shutil.copy(COURSE.root / "nbgrader_config.py", course)
    everybodys = place / "etc" / "nbgrader_config.py"
    everybodys.parent.mkdir()
    everybodys.write_text(
        f"c = get_config()\nc.Exchange.root = {str(exchange)!r}\n"
        f"c.CourseDirectory.course_id = {NAME!r}\n"
    )
    same = subprocess.run(
        [SYSTEM_PYTHON, "-c", "import sys; print(sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    other = os.getuid() == 0 and same.stdout.strip() == str(sys.version_info[:2])
    if other:
        os.chown(home, NOBODY, NOBODY)
    return Hub(place, NOBODY if other else None)


def test_a_student_fetches_submits_and_reads_what_the_teacher_released(hub: Hub) -> None:
    hub.teacher("release_assignment", LAB)
    hub.student("fetch_assignment", LAB)
    path = hub.home / LAB / f"{LAB}.ipynb"
    book = samples.answered(nbformat.read(COURSE.solution(LAB), 4), nbformat.read(path, 4))
    nbformat.write(book, path)
    hub.student("submit", LAB)
    told = hub.graded("collect", LAB, str(hub.inbound))
    (student,) = (one.name for one in (hub.place / "course/grading/submitted").iterdir())
    assert student in told
    told = hub.graded("grade", LAB)
    assert "8/10" in told
    hub.graded("feedback", LAB)
    hub.teacher("release_feedback", LAB)
    hub.student("fetch_feedback", LAB)
    (page,) = hub.home.glob(f"{LAB}/feedback/*/{LAB}.html")
    ours = hub.place / "course/grading/feedback" / student / LAB / f"{LAB}.html"
    assert page.read_text() == ours.read_text()
