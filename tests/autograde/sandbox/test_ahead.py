"""Do questions that were sent ahead find what they would have found one at a time?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch

from autograde.marking.life import Life, put
from autograde.sandbox import Session, Warm, transport
from autograde.sandbox.ahead import MOST_AHEAD
from autograde.sandbox.watch import Watch, time_of
from course import checks
from course.checks import Answer, Finding, HandedIn, Prepared, Probe
from course.checks.probes import call, called

COUNTED = "seen = []\ndef f(n):\n    seen.append(n)\n    return list(seen)"
ENDING = "import os\ndef f(n):\n    return os._exit(3) if n == 2 else n"
SLOW = "import time\ndef f(n):\n    if n == 2: time.sleep(20)\n    return n"
GREEDY = "kept = []\ndef f(n):\n    while n == 2: kept.append(bytearray(1 << 24))\n    return n"
BUSY = """
import time
def f(n):
    end = time.process_time() + 3
    while n == 2 and time.process_time() < end:
        pass
    return n
"""
CROWDED = """
import os, time
def f(n):
    if n == 2:
        for _ in range(8):
            if os.fork() == 0:
                room = b"x" * (120 << 20)
                time.sleep(30)
                os._exit(0)
        time.sleep(30)
    return n
"""
LINGER = 0.3  # seconds in which a process answers all that it was sent
SIX = [call("f", n) for n in range(6)]


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm() as made:
        yield made


def asked(
    session: Session, probes: list[Probe], linger: float = 0.0, **more: float
) -> list[Answer]:
    """The answers, up to the one that ends the session."""
    found = []
    for place, probe in enumerate(probes, start=1):
        found.append(session.ask(probe, coming=probes[place:], **more))
        time.sleep(linger)
        if not session.alive:
            break
    return found


def crowded(warm: Warm) -> Session:
    """A session whose third question fills memory; no control group kills for it."""
    session = warm.session()
    session._watch = Watch(session._handle, warm.shared + (256 << 20))
    session.run(CROWDED)
    return session


@pytest.mark.parametrize("linger", [0.0, LINGER])
def test_answers_come_in_order_and_state_grows_in_order(warm: Warm, linger: float) -> None:
    with warm.session() as session:
        session.run(COUNTED)
        found = [one.value for one in asked(session, SIX, linger)]
        assert found == [list(range(n + 1)) for n in range(6)]
        assert session.run("assert seen == list(range(6))").status == "ok"


@pytest.mark.parametrize("linger", [0.0, LINGER])
def test_who_ends_its_process_keeps_earlier_answers(warm: Warm, linger: float) -> None:
    with warm.session() as session:
        session.run(ENDING)
        *before, last = asked(session, SIX, linger)
        assert [one.value for one in before] == [0, 1]
        assert last == Answer("raised", error="ended its own process (exit code 3)")


@pytest.mark.parametrize("linger", [0.0, LINGER])
def test_who_takes_too_long_keeps_earlier_answers(warm: Warm, linger: float) -> None:
    with warm.session() as session:
        session.run(SLOW)
        *before, last = asked(session, SIX, linger, timeout=1.0)
        assert [one.value for one in before] == [0, 1]
        assert last.error == "took longer than 1 s and was stopped"
        assert session.late


def test_who_takes_too_much_memory_keeps_earlier_answers(warm: Warm) -> None:
    with warm.session() as session:
        session.run(GREEDY)
        found = asked(session, SIX)
        assert [one.value for one in found[:2]] == [0, 1]
        assert found[2].kind == "raised"


def test_no_answer_pays_for_the_time_of_a_later_one(warm: Warm) -> None:
    with warm.session() as session:
        session.run(BUSY)
        assert session.ask(SIX[0], coming=SIX[1:3], timeout=1.0).value == 0
        begun, end = time_of(session.pid), time.monotonic() + 60
        while time_of(session.pid) < begun + 1.5 and time.monotonic() < end:
            time.sleep(0.1)  # the third is worked at before the second is asked
        assert session.ask(SIX[1], coming=SIX[2:3], timeout=1.0).value == 1


def test_no_answer_pays_for_the_memory_of_a_later_one(warm: Warm) -> None:
    with crowded(warm) as session:
        found = asked(session, SIX[:4], linger=2.0)
        assert [one.value for one in found[:2]] == [0, 1]
        assert not session.alive
        assert "GiB of memory" in session.ending


def test_a_check_tells_why_it_goes_no_further(warm: Warm) -> None:
    life = Life(warm, {})
    life.session = crowded(warm)
    found = list(put(life, [one_asked(probe) for probe in SIX[:4]], dict))
    life.close()
    assert [one.outcome for one in found] == ["passed", "passed", "failed", "failed"]
    assert all("GiB of memory" in one.found for one in found[2:])


def test_large_questions_wait_for_their_turn(warm: Warm) -> None:
    probes = [call("f", torch.full((100_000,), float(n))) for n in range(4)]
    probes.insert(2, call("f", torch.zeros(2)))
    with warm.session() as session:
        session.run("def f(x):\n    return x + 1")
        found = [one.value for one in asked(session, probes)]
        assert [one.shape[0] for one in found] == [100_000, 100_000, 2, 100_000, 100_000]
        assert [float(one[0]) for one in found] == [1, 2, 1, 3, 4]


def test_large_answers_block_nobody(warm: Warm) -> None:
    with warm.session() as session:
        session.run("import torch\ndef f(n):\n    return torch.full((1_000_000,), float(n))")
        assert [float(one.value[-1]) for one in asked(session, SIX, 0.05)] == list(range(6))


def test_a_process_is_given_few_questions_ahead(warm: Warm) -> None:
    probes = [call("f", n) for n in range(30)]
    with warm.session() as session:
        session.run("def f(n):\n    return n")
        session.ask(probes[0], coming=probes[1:])
        assert len(session._line.waiting) == MOST_AHEAD


def test_nothing_else_is_asked_between(warm: Warm) -> None:
    with warm.session() as session:
        session.run("def f(n):\n    return n")
        session.ask(SIX[0], coming=SIX[1:])
        with pytest.raises(RuntimeError, match="had been said to come next"):
            session.ask(call("f", 7))


def test_students_graded_at_once_share_the_bytes_of_a_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    probe, both, named = call("f", 1), threading.Barrier(2), transport.question_name

    def slowly(question: Callable[..., Any]) -> str:
        both.wait(10)  # the other thread is writing them too
        return named(question)

    monkeypatch.setattr(transport, "question_name", slowly)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(transport.encode_probe, [probe, probe])
    assert first is second is transport.encode_probe(probe)


def one_asked(probe: Probe) -> Prepared:
    """A case whose judge takes its time."""

    def judge(answer: Any, expected: Any, probe: Probe) -> Finding:
        time.sleep(1.5)
        return Finding(True, "", "")

    return Prepared(checks.Case("asked", probe, judge=judge, expected=0), lambda: 0)


class Listed:
    """Stands for a life: what it was told to come."""

    def __init__(self) -> None:
        self.told: list[list[Probe]] = []

    def ask(self, probe: Probe, coming: list[Probe]) -> Answer:
        self.told.append(list(coming))
        return Answer("value")

    def lost(self) -> bool:
        return False


class Case:
    """Stands for a prepared one."""

    def __init__(self, probe: Probe) -> None:
        self.probe, self.case = probe, self

    def put(self, ask, files):
        ask(self.probe)


def test_only_what_follows_at_once_in_the_same_check_is_sent_ahead():
    first, second, third = SIX[:3]
    filed = Probe(called, ("f",), (HandedIn("network.safetensors"),))
    alone = Probe(called, (), (1,))
    life = Listed()
    list(put(life, [Case(one) for one in (first, second, filed, third, alone)], dict))
    assert life.told == [[second], [], [third], [], []]
