"""What one notebook may cost the others of its class."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

from autograde.authoring import samples
from autograde.marking import classrun, life, pace
from autograde.marking.life import Later, Life
from autograde.marking.turns import Turns
from autograde.results import ClassResult, StudentResult
from autograde.sandbox import Limits, Warm, session
from autograde.tree import find
from course.checks import Answer, call

COURSE = find(Path(__file__).parent)
LAB = "lab01_activations"
SLOW = """
import time
def relu(x, waited=[]):
    begun = time.process_time()
    while not waited and time.process_time() - begun < 1.0: pass
    waited.append(1)
    return torch.where(0 < x, x, 0 * x)
"""
SLEEPS = """
import time
def relu(x, waited=[]):
    if not waited:
        time.sleep(1.5)
    waited.append(1)
    return torch.where(0 < x, x, 0 * x)
"""
BURNS = """
import os, time
for _ in range(60):
    if os.fork() == 0:
        while time.process_time() < 300: pass
        os._exit(0)
"""

pytestmark = pytest.mark.slow
walls = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("bwrap") is None,
    reason="the sandbox needs Linux and bubblewrap (system package bubblewrap)",
)


def hand_in(work: Path, **answers: str) -> None:
    """The reference's notebook for each student, with another `relu`."""
    (reference,) = (one for one in samples.load(COURSE.samples(LAB)) if one.name == "reference")
    samples.hand_in([reference], COURSE, LAB, work / "sample")
    book = nbformat.read(work / "sample" / "reference" / LAB / f"{LAB}.ipynb", as_version=4)
    (cell,) = (one for one in book.cells if one.id == "relu_answer")
    for student, answer in answers.items():
        cell.source = answer
        home = work / "submitted" / student / LAB
        home.mkdir(parents=True)
        nbformat.write(book, home / f"{LAB}.ipynb")


def grade(work: Path, isolation: str = "full") -> ClassResult:
    return classrun.grade(classrun.Job(COURSE, LAB, work / "submitted", work, isolation=isolation))


def lost(student: StudentResult) -> dict[str, float | None]:
    items = [one for one in student.items if one.status != "manual"]
    return {one.grade_id: one.points for one in items if one.points != one.maximum}


def codes(student: StudentResult) -> set[str]:
    return {flag.code for flag in student.flags}


@walls
def test_does_a_crowd_of_processes_cost_its_neighbours_nothing(tmp_path, monkeypatch) -> None:
    """Each honest check takes half of what it may take; the crowd burns all that it is given."""
    monkeypatch.setattr(life, "PROBE_SECONDS", 2.0)
    monkeypatch.setattr(life, "SUBMISSION_SECONDS", 5.0)
    hand_in(tmp_path, burner=f"{BURNS}{SLOW}", one=SLOW, two=SLOW)
    found = {one.student: one for one in grade(tmp_path).students}
    assert {name: lost(found[name]) for name in ("one", "two")} == {"one": {}, "two": {}}
    assert lost(found["burner"])


def test_is_what_starved_asked_again_alone(tmp_path, monkeypatch) -> None:
    """The clock stands for a busy machine: it ends a wait that has used half of its time."""
    monkeypatch.setattr(life, "PROBE_SECONDS", 3.0)
    monkeypatch.setattr(session, "CLOCK", 0.3)
    alone = Turns.alone

    @contextmanager
    def quiet(turns: Turns) -> Iterator[None]:
        with alone(turns), pytest.MonkeyPatch.context() as patch:
            patch.setattr(session, "CLOCK", 10)
            yield

    monkeypatch.setattr(Turns, "alone", quiet)
    hand_in(tmp_path, one=SLEEPS)
    (one,) = grade(tmp_path, "none").students
    assert lost(one) == {}
    assert "machine-busy" not in codes(one)


def test_do_points_wait_where_even_that_is_not_enough(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(life, "PROBE_SECONDS", 3.0)
    hand_in(tmp_path, one=SLEEPS)
    with monkeypatch.context() as patch:
        patch.setattr(session, "CLOCK", 0.3)
        (one,) = grade(tmp_path, "none").students
    assert lost(one) == {"relu": None}
    assert "machine-busy" in codes(one)
    (one,) = grade(tmp_path, "none").students
    assert lost(one) == {}
    assert "machine-busy" not in codes(one)


def test_do_long_cells_burn_anew_in_few_sessions(monkeypatch) -> None:
    monkeypatch.setattr(life, "LONG", 0.3)
    monkeypatch.setattr(life, "REPLAY_SECONDS", 0.9)
    with Warm(isolation="none", preload=["torch"]) as warm:
        one = Life(warm, {})
        one.run("import time; made = 1\ntime.sleep(0.4)")
        one.run("short = 2")
        for _ in range(5):
            one.run("import os; os._exit(0)")
        assert one.run("short").status == "ok"
        assert one.skipped
        assert one.replayed < 0.9
        assert one.run("made").message.startswith("NameError")
        one.close()


def test_does_a_session_last_as_long_as_a_submission_may_take(monkeypatch) -> None:
    """A lab whose questions train asks for more than a session has by itself."""
    monkeypatch.setattr(life, "SUBMISSION_SECONDS", 1.0)
    limits = Limits(session_seconds=1.0, cpu_seconds=1)
    with Warm(limits, isolation="none", preload=["torch"]) as warm:
        one = Life(warm, {}, more=29.0)
        burns = "import time\nwhile time.process_time() < 2.5: pass"
        assert one.run(burns).message == ""
        one.close()


class Endless:
    """A session in which every question runs out of time."""

    def __init__(self) -> None:
        self.alive, self.late, self.starved = True, False, False
        self.spent = self.took = 0.0
        self.killed = False
        self.given: list[float] = []

    def ask(self, probe, *, timeout, coming=()):
        self.late, self.alive = True, False
        self.given.append(timeout)
        return Answer("raised", error="took longer")

    def close(self) -> None:
        self.alive = True


class Warmth:
    limits = Limits()

    def __init__(self, one: Endless) -> None:
        self.one = one

    def session(self, files, *, limits=None):
        self.one.alive = True
        return self.one


def test_do_questions_that_run_out_of_time_get_less_and_less() -> None:
    endless = Endless()
    one = Life(Warmth(endless), {})
    for _ in range(8):
        one.ask(call("relu", 1.0))
    assert endless.given == [10, 10, 10, 5, 2.5, 1.25, 1, 1]


class Killed(Endless):
    """A session that the system kills, as a notebook can bring about."""

    def ask(self, probe, *, timeout, coming=()):
        self.killed, self.alive = True, False
        return Answer("raised", error="was killed by the system")


def test_does_who_is_killed_wait_for_the_last_round_to_be_asked_alone() -> None:
    """Alone it has all its time, and nobody is beside it: not before the others are done."""
    with pytest.raises(Later):
        Life(Warmth(Killed()), {}, within=5.0).ask(call("relu", 1.0))
    last = Life(Warmth(Killed()), {})
    last.ask(call("relu", 1.0))
    assert last.killed


def test_does_who_is_alone_have_nobody_beside() -> None:
    turns, beside, most = Turns(), 0, []

    def share() -> None:
        nonlocal beside
        with turns.shared():
            beside += 1
            time.sleep(0.05)
            beside -= 1

    def ask() -> None:
        with turns.alone():
            most.append(beside)
            time.sleep(0.05)
            most.append(beside)

    threads = [threading.Thread(target=act) for act in (share, share, ask, share, ask, share)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [0, 0, 0, 0]


def test_does_who_takes_long_come_when_the_others_are_done(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(pace, "START", 1.0)
    monkeypatch.setattr(pace, "UNKNOWN", 1.0)
    hand_in(tmp_path, a=SLEEPS, b=f"{SLEEPS}waited = [1]\nrelu.__defaults__ = (waited,)", c=SLEEPS)
    order: list[str] = []
    job = classrun.Job(COURSE, LAB, tmp_path / "submitted", tmp_path, isolation="none", jobs=1)
    found = classrun.grade(job, lambda result, done, of: order.append(result.student))
    assert order == ["b", "a", "c"]
    assert [lost(student) for student in found.students] == [{}, {}, {}]
