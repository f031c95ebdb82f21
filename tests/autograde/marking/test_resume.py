"""Kill the grader, or what it holds, at any moment: the same command finishes, nobody twice,
nobody lost.

``KILLS=100`` kills more often.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest

from autograde.authoring import samples
from autograde.gradebook import scores
from autograde.marking import journal, rounds
from autograde.sandbox import IsolationError, Warm
from tests.autograde.marking.command import COURSE, LAB, Ended, Stop, grade

STUDENTS = 20
KILLS = int(os.environ.get("KILLS", "20"))


def hand_in(folder: Path) -> None:
    """Twenty students: the samples, over and over."""
    class_ = samples.load(COURSE.samples(LAB))
    samples.hand_in(class_, COURSE, LAB, folder / "samples")
    for number in range(STUDENTS):
        name = class_[number % len(class_)].name
        shutil.copytree(folder / "samples" / name, folder / "submitted" / f"s{number:02}-{name}")


def lines(work: Path) -> int:
    """How many lines the journal has, torn ones included."""
    path = work / "journal" / f"{LAB}.jsonl"
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def any_moment(chance: random.Random) -> Stop:
    """At any time from the start on."""
    end = time.monotonic() + chance.uniform(0, 2)
    return lambda grader: time.monotonic() > end


def amid_grading(chance: random.Random, work: Path) -> Stop:
    """Up to a few students later, and a little: between two writes, or in one."""
    target, late = lines(work) + chance.randint(1, 3), chance.uniform(0, 0.1)

    def stop(grader: int) -> bool:
        if lines(work) < target:
            return False
        time.sleep(late)
        return True

    return stop


def beneath(chance: random.Random, work: Path) -> Stop:
    """Likewise, but what is killed is one of the processes that hold the students': bubblewrap's
    two, the warm process and its own.
    """
    when, done = amid_grading(chance, work), list[int]()

    def stop(grader: int) -> bool:
        if not done and when(grader):
            done.extend(islice(below(grader), 4))
            if done:  # else it has just ended
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(done), signal.SIGKILL)
        return False

    return stop


def below(process: int) -> Iterator[int]:
    """The processes that a process has begun, and those that they have."""
    for place in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, place.read_text().split()):
                yield child
                yield from below(child)


def tear(work: Path) -> None:
    """Lose the end of the journal, as if the machine had failed while it was written."""
    path = work / "journal" / f"{LAB}.jsonl"
    kept = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(kept[:-8]) + b"\n" + kept[-8][:40])


@pytest.fixture(scope="module")
def calm(tmp_path_factory) -> Path:
    """The class, graded without trouble."""
    try:
        Warm(preload=[]).begin().close()
    except IsolationError as error:
        pytest.skip(str(error))
    work = tmp_path_factory.mktemp("class") / "calm"
    hand_in(work)
    assert grade(work) == Ended(0)
    return work


def assert_as_calm(work: Path, calm: Path) -> None:
    """Once more to the end: nobody is missing, and nobody has other points than in calm."""
    assert grade(work) == Ended(0)
    assert scores.read(work / "gradebook.db", LAB) == scores.read(calm / "gradebook.db", LAB)
    found, expected = (one.with_suffix(".json").read_text() for one in (work, calm))
    assert json.loads(found) == json.loads(expected)
    assert len(journal.read(work / "journal" / f"{LAB}.jsonl")) == STUDENTS


def test_kills_of_the_grader_change_nothing(calm: Path, tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    shutil.copytree(calm / "submitted", killed / "submitted")
    chance, kills = random.Random(0), 0
    while kills < KILLS:
        stop = any_moment(chance) if kills % 4 == 0 else amid_grading(chance, killed)
        ended = grade(killed, stop)
        assert ended.code in (0, None), ended.said
        kills += ended.code is None
        if ended.code == 0:
            tear(killed)
    assert_as_calm(killed, calm)


def test_kills_beneath_the_grader_change_nothing(calm: Path, tmp_path: Path) -> None:
    """A student whose process is killed with the walls round it has not failed."""
    killed = tmp_path / "killed"
    shutil.copytree(calm / "submitted", killed / "submitted")
    chance = random.Random(0)
    for _ in range(max(KILLS // 5, 1)):
        ended = grade(killed, beneath(chance, killed))
        assert ended.code in (0, 2)
        assert ended.said.count("\n") <= 5
        assert "Traceback" not in ended.said
        if ended.code == 0:
            tear(killed)
    assert_as_calm(killed, calm)


@pytest.mark.parametrize("step", ["_write", "append", "save"])
def test_a_kill_between_two_writes_of_a_student_changes_nothing(
    calm: Path, tmp_path: Path, step: str
) -> None:
    """Before the graded notebook, the journal, the gradebook are written."""
    killed = tmp_path / "killed"
    shutil.copytree(calm / "submitted", killed / "submitted")

    def amid() -> None:
        rounds.TOGETHER = 4  # or the gradebook is told once or twice
        homes = {"_write": rounds, "append": journal, "save": scores}
        written, real = list[int](), getattr(homes[step], step)

        def third(*given: object) -> None:
            written.append(1)
            if len(written) == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            real(*given)

        setattr(homes[step], step, third)

    assert grade(killed, amid=amid).code is None
    assert_as_calm(killed, calm)
