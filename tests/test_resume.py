"""Kill the grader at any moment: the same command finishes the job, nobody twice, nobody lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograde import demo, gradebook, journal, samples
from autograde.tree import find

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"
STUDENTS = 20
KILLS = 20


def command(work: Path) -> list[str]:
    words = ["grade", LAB, "--workdir", str(work), "--json", str(work / "out.json")]
    return [sys.executable, "-c", "from autograde.cli import main; main()", *words]


def environment() -> dict[str, str]:
    return {**os.environ, "COURSE_ROOT": str(COURSE.root), "OMP_NUM_THREADS": "1"}


def hand_in(folder: Path) -> None:
    """Twenty students: the samples, over and over."""
    class_ = samples.load(demo.folder_of(COURSE, LAB))
    samples.hand_in(class_, COURSE, LAB, folder / "samples")
    for number in range(STUDENTS):
        name = class_[number % len(class_)].name
        shutil.copytree(folder / "samples" / name, folder / "submitted" / f"s{number:02}-{name}")


def run(work: Path, seconds: float | None = None) -> int | None:
    """Run the grader; after ``seconds`` kill it and all that it started."""
    process = subprocess.Popen(
        command(work),
        env=environment(),
        cwd=COURSE.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    return process.returncode


@pytest.mark.slow
def test_twenty_kills_change_nothing(tmp_path):
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    hand_in(calm)
    shutil.copytree(calm / "submitted", killed / "submitted")
    began = time.monotonic()
    assert run(calm) == 0
    whole = time.monotonic() - began

    chance = random.Random(0)
    for _ in range(KILLS):
        if run(killed, chance.uniform(0.2, 0.8) * whole) == 0:
            # Done before the kill: begin the hardest part again, as if the last lines were torn.
            book = killed / "journal" / f"{LAB}.jsonl"
            lines = book.read_bytes().split(b"\n")
            book.write_bytes(b"\n".join(lines[:-5]) + lines[-5][:40])
    assert run(killed) == 0

    assert gradebook.scores(killed / "gradebook.db", LAB) == gradebook.scores(
        calm / "gradebook.db", LAB
    )
    assert json.loads((killed / "out.json").read_text()) == json.loads(
        (calm / "out.json").read_text()
    )
    assert len(journal.read(killed / "journal" / f"{LAB}.jsonl")) == STUDENTS
