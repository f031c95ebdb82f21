"""What a machine does to a grading: it is said in a few lines what to do, and after that the same
command comes to the result of a calm run.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from autograde.authoring import samples
from autograde.gradebook import scores, sound
from autograde.marking import classrun, journal
from autograde.sandbox import IsolationError, Warm
from tests.autograde.marking.command import COURSE, LAB, Ended, grade

NAMES = ("reference", "scales-last", "not-attempted")


@pytest.fixture(scope="module")
def calm(tmp_path_factory) -> Path:
    """A small class, graded without trouble."""
    try:
        Warm(preload=[]).begin().close()
    except IsolationError as error:
        pytest.skip(str(error))
    work = tmp_path_factory.mktemp("class") / "calm"
    chosen = [one for one in samples.load(COURSE.samples(LAB)) if one.name in NAMES]
    samples.hand_in(chosen, COURSE, LAB, work / "submitted")
    assert grade(work) == Ended(0)
    return work


@pytest.fixture
def work(calm: Path, tmp_path: Path) -> Path:
    """The class as it was handed in."""
    shutil.copytree(calm / "submitted", tmp_path / "work" / "submitted")
    return tmp_path / "work"


def assert_told(ended: Ended, *parts: str) -> None:
    """A designed error of a few lines, with all of these in it."""
    assert ended.code in (2, 3), ended.said
    assert "Traceback" not in ended.said
    assert ended.said.count("\n") <= 5, ended.said
    assert ended.said.startswith("autograde: ")
    assert all(part in ended.said for part in parts), ended.said


def assert_as_calm(work: Path, calm: Path) -> None:
    """The same command comes to the end, and to the same points."""
    assert grade(work) == Ended(0)
    assert scores.read(work / "gradebook.db", LAB) == scores.read(calm / "gradebook.db", LAB)
    found, expected = (one.with_suffix(".json").read_text() for one in (work, calm))
    assert json.loads(found) == json.loads(expected)
    assert len(journal.read(work / "journal" / f"{LAB}.jsonl")) == len(NAMES)


@contextmanager
def disk(place: Path, kilobytes: int) -> Iterator[None]:
    """A small disk of its own at this place."""
    place.mkdir(parents=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(place)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("left", [100, 400])
def test_a_full_disk(calm: Path, tmp_path: Path, left: int) -> None:
    work = tmp_path / "work"
    with disk(work, 8_000):
        shutil.copytree(calm / "submitted", work / "submitted")
        free = os.statvfs(work).f_bavail * os.statvfs(work).f_frsize
        (work / "filler").write_bytes(bytes(free - left * 1024))
        assert_told(grade(work), "free some space")
        (work / "filler").unlink()
        assert_as_calm(work, calm)


def test_a_folder_that_can_only_be_read(calm: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    with disk(work, 20_000):
        shutil.copytree(calm / "submitted", work / "submitted")
        subprocess.run(["mount", "-o", "remount,ro", str(work)], check=True)
        assert_told(grade(work), str(work), "can't be written")
        subprocess.run(["mount", "-o", "remount,rw", str(work)], check=True)
        assert_as_calm(work, calm)


def test_a_gradebook_that_another_program_takes_amid_grading(calm: Path, work: Path) -> None:
    def amid() -> None:
        sound.PATIENCE = scores.PATIENCE = 1.0
        append = journal.append

        def taken(*given: object) -> None:
            append(*given)  # type: ignore[arg-type]
            begun = threading.Event()
            threading.Thread(target=hold, args=(begun,), daemon=True).start()
            begun.wait()
            journal.append = append

        journal.append = taken  # type: ignore[assignment]

    def hold(begun: threading.Event) -> None:
        other = sqlite3.connect(work / "gradebook.db", isolation_level=None, timeout=60)
        other.execute("BEGIN EXCLUSIVE")
        begun.set()
        time.sleep(60)  # it ends with the grader
        other.close()

    assert_told(grade(work, amid=amid), "gradebook.db", "close what else may have it open")
    assert_as_calm(work, calm)


def test_two_graders_at_once(calm: Path, work: Path) -> None:
    first: list[Ended] = []
    one = threading.Thread(target=lambda: first.append(grade(work)))
    one.start()
    while not (work / sound.LOCK).is_file() or not (work / sound.LOCK).read_text():
        time.sleep(0.01)
    assert_told(grade(work), str(work), "another grading is at work here (process ")
    one.join()
    assert first == [Ended(0)]
    assert_as_calm(work, calm)


def test_a_folder_where_a_file_should_be(calm: Path, work: Path) -> None:
    place = f"journal/{LAB}.jsonl"
    (work / place).mkdir(parents=True)
    assert_told(grade(work), place, "Move it away")
    (work / place).rmdir()
    assert_as_calm(work, calm)


@pytest.mark.parametrize("place", ["autograded", "release"])
def test_a_file_where_a_folder_should_be(calm: Path, work: Path, place: str) -> None:
    (work / place).write_text("mine")
    assert_told(grade(work), str(work))
    (work / place).unlink()
    assert_as_calm(work, calm)


def test_a_place_for_the_results_that_is_not_there_is_told_before_anybody_is_graded(
    work: Path,
) -> None:
    assert_told(grade(work, None, None, "--json", "/nowhere/x.json"), "/nowhere", "Make it")
    assert not (work / "gradebook.db").exists()


def test_a_clock_that_jumps(calm: Path, work: Path) -> None:
    def amid() -> None:
        chance = random.Random(0)
        time.time = lambda: chance.uniform(0, 4e9)

        class Jumping(datetime):
            @classmethod
            def now(cls, tz: object = None) -> Jumping:
                return cls.fromtimestamp(chance.uniform(0, 4e9))

        classrun.datetime = Jumping  # type: ignore[misc]

    assert grade(work, amid=amid) == Ended(0)
    with (work / "gradebook.db").open("r+b") as file:
        file.truncate(4096)
    assert grade(work, amid=amid) == Ended(0)
    assert scores.read(work / "gradebook.db", LAB) == scores.read(calm / "gradebook.db", LAB)
