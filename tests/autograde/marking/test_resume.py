"""Kill the grader at any moment: the same command finishes the job, nobody twice, nobody lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograde import cli
from autograde.authoring import samples
from autograde.gradebook import scores
from autograde.marking import classrun, journal
from autograde.sandbox import IsolationError, Warm
from autograde.tree import ROOT_VARIABLE, find

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"
STUDENTS = 20
KILLS = 20
POLL = 0.005  # seconds

Stop = Callable[[], bool]


def hand_in(folder: Path) -> None:
    """Twenty students: the samples, over and over."""
    class_ = samples.load(COURSE.samples(LAB))
    samples.hand_in(class_, COURSE, LAB, folder / "samples")
    for number in range(STUDENTS):
        name = class_[number % len(class_)].name
        shutil.copytree(folder / "samples" / name, folder / "submitted" / f"s{number:02}-{name}")


def run(work: Path, stop: Stop | None = None) -> bool:
    """Run the grader in a process of its own, and kill it when ``stop`` says so.

    A fork of this process: the imports would otherwise take most of the time.

    Returns:
        Whether it was done before.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # this process has idle threads
        child = os.fork()
    if child == 0:
        _command(work)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0
            return True
        if stop and stop():
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return False
        time.sleep(POLL)


def _command(work: Path) -> None:
    code: Any = 1
    try:
        os.environ[ROOT_VARIABLE] = str(COURSE.root)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        classrun.proven = lambda warm: []  # type: ignore[assignment]  # proved elsewhere
        sys.argv = ["autograde", "grade", LAB, "--workdir", str(work)]
        sys.argv += ["--json", str(work / "out.json")]
        cli.main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        os._exit(code if isinstance(code, int) else 1)


def lines(work: Path) -> int:
    """How many lines the journal has, torn ones included."""
    path = work / "journal" / f"{LAB}.jsonl"
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def any_moment(chance: random.Random) -> Stop:
    """At any time from the start on."""
    end = time.monotonic() + chance.uniform(0, 2)
    return lambda: time.monotonic() > end


def amid_grading(chance: random.Random, work: Path) -> Stop:
    """Up to a few students later, and a little: between two writes, or in one."""
    target, late = lines(work) + chance.randint(1, 3), chance.uniform(0, 0.1)

    def stop() -> bool:
        if lines(work) < target:
            return False
        time.sleep(late)
        return True

    return stop


def tear(work: Path) -> None:
    """Lose the end of the journal, as if the machine had failed while it was written."""
    path = work / "journal" / f"{LAB}.jsonl"
    kept = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(kept[:-8]) + b"\n" + kept[-8][:40])


def test_twenty_kills_change_nothing(tmp_path: Path) -> None:
    try:
        Warm(preload=[]).begin().close()
    except IsolationError as error:
        pytest.skip(str(error))
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    hand_in(calm)
    shutil.copytree(calm / "submitted", killed / "submitted")
    assert run(calm)

    chance = random.Random(0)
    kills = 0
    while kills < KILLS:
        stop = any_moment(chance) if kills % 4 == 0 else amid_grading(chance, killed)
        if run(killed, stop):
            tear(killed)
        else:
            kills += 1
    assert run(killed)

    assert scores.read(killed / "gradebook.db", LAB) == scores.read(calm / "gradebook.db", LAB)
    assert json.loads((killed / "out.json").read_text()) == json.loads(
        (calm / "out.json").read_text()
    )
    assert len(journal.read(killed / "journal" / f"{LAB}.jsonl")) == STUDENTS
