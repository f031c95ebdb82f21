"""Ctrl-C amid a class that workers grade: the command ends; begun again, it goes on from there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograde.authoring import samples
from autograde.gradebook.stored import stored
from autograde.sandbox import IsolationError, Warm
from autograde.tree import ROOT_VARIABLE
from tests.autograde.marking.command import COURSE, LAB

NAMES = ("reference", "scales-last", "not-attempted", "whole-numbers", "no-value-error")
STUDENTS = 20
PATIENCE = 300.0  # seconds


@pytest.fixture
def class_(tmp_path: Path) -> Path:
    """The samples, over and over."""
    try:
        Warm(preload=[]).begin().close()
    except IsolationError as error:
        pytest.skip(str(error))
    chosen = [one for one in samples.load(COURSE.samples(LAB)) if one.name in NAMES]
    samples.hand_in(chosen, COURSE, LAB, tmp_path / "samples")
    for number in range(STUDENTS):
        name = chosen[number % len(chosen)].name
        shutil.copytree(tmp_path / "samples" / name, tmp_path / "class" / f"s{number:02}-{name}")
    return tmp_path / "class"


def begun(class_: Path, work: Path, *words: str) -> subprocess.Popen[str]:
    """The command, with a group of processes of its own: that of a terminal."""
    command = [sys.executable, "-m", "autograde", "grade", LAB, "--workdir", str(work)]
    return subprocess.Popen(
        [*command, "--submissions", str(class_), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # `&` has it ignored
        env={**os.environ, ROOT_VARIABLE: str(COURSE.root)},
    )


def graded(work: Path) -> list[str]:
    """Of whom the journal has a line."""
    path = work / "journal" / f"{LAB}.jsonl"
    lines = path.read_text("utf-8").split("\n") if path.is_file() else []
    entries = [json.loads(line)["entry"] for line in lines if line.endswith("}}")]
    return [one["result"]["student"] for one in entries]


def members(group: int) -> list[str]:
    """Processes of a group, without those that have ended."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = place.read_text().rpartition(")")
        except OSError:
            continue
        state, _, its = rest.split()[:3]
        if int(its) == group and state != "Z":
            found.append(name)
    return found


def test_an_interrupted_class_is_finished_and_nobody_is_graded_twice(
    class_: Path, tmp_path: Path
) -> None:
    work, calm = tmp_path / "work", tmp_path / "calm"
    first = begun(class_, work, "--scheduler", "2")
    end = time.monotonic() + PATIENCE
    while len(graded(work)) < 2 and first.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGINT)
    _, said = first.communicate(timeout=PATIENCE)
    kept = graded(work)
    assert first.returncode == 130, said
    assert "Traceback" not in said
    assert 2 <= len(kept) < STUDENTS
    told = stored(work / "gradebook.db", LAB).students.keys()
    assert told <= set(kept)
    assert len(set(kept) - told) <= 1  # it was between a student's line and the gradebook
    end = time.monotonic() + 10
    while members(first.pid) and time.monotonic() < end:
        time.sleep(0.1)
    assert members(first.pid) == []

    for place, words in ((work, ("--scheduler", "2")), (calm, ("--jobs", "1"))):
        again = begun(class_, place, *words)
        assert again.communicate(timeout=PATIENCE)[1] is not None
        assert again.returncode in (0, 1), words
    assert sorted(graded(work)) == sorted(one.name for one in class_.iterdir())  # once each
    assert graded(work)[: len(kept)] == kept
    results = [(place / "results" / f"{LAB}.json").read_text() for place in (work, calm)]
    assert stored(work / "gradebook.db", LAB) == stored(calm / "gradebook.db", LAB)
    assert results[0] == results[1]
