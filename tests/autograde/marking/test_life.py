"""Students who are graded at once, and what their threads share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import torch

from autograde.marking import judging
from autograde.marking.life import put
from course.checks import Answer, Case, Finding, Prepared, Probe
from course.checks.probes import call
from course.device import seeded


class Answering:
    """Stands for a life: what it answers."""

    def __init__(self, answer: Callable[[], Any] = lambda: 1, ends: bool = False) -> None:
        self.answer, self.ends = answer, ends

    def ask(self, probe: Probe, coming: Sequence[Probe] = ()) -> Answer:
        return Answer("value", self.answer())

    def lost(self) -> bool:
        return self.ends

    def ending(self) -> str:
        return "it is over"


def outcomes(case: Prepared, *lives: Answering) -> list[list[str]]:
    """Of one case that is put to all of them at the same time."""

    def one(life: Answering) -> list[str]:
        return [found.outcome for found in put(life, [case], lambda name: {})]  # type: ignore[arg-type]

    with ThreadPoolExecutor(len(lives)) as pool:
        return list(pool.map(one, lives))


def test_a_judge_that_draws_is_not_disturbed_by_another_students() -> None:
    both = threading.Barrier(2)
    with seeded(3):
        drawn = torch.rand(4)

    def judge(answer: Any, expected: Any, probe: Probe) -> Finding:
        with seeded(3), suppress(threading.BrokenBarrierError):
            both.wait(1)  # another thread is here too: it has seeded, and draws
            found = torch.rand(4)
            both.wait(1)
            return Finding(torch.equal(found, drawn), "", "")
        with seeded(3):
            return Finding(torch.equal(torch.rand(4), drawn), "", "")

    case = Prepared(Case("draws", call("f", 1), judge=judge, expected=1), lambda: 1)
    assert outcomes(case, Answering(), Answering()) == [["passed"], ["passed"]]


def test_nobody_is_kept_from_asking_while_another_waits_for_an_answer() -> None:
    both = threading.Barrier(2)
    case = Prepared(
        Case("asked", call("f", 1), judge=lambda *_: Finding(True, "", ""), expected=1), lambda: 1
    )
    life = Answering(lambda: both.wait(10) * 0)
    assert outcomes(case, life, life) == [["passed"], ["passed"]]


def test_who_is_given_up_while_asked_leaves_judging_to_others() -> None:
    def ends() -> Any:
        raise RuntimeError("it is over")

    case = Prepared(
        Case("asked", call("f", 1), judge=lambda *_: Finding(True, "", ""), expected=1), lambda: 1
    )
    with pytest.raises(RuntimeError, match="it is over"):
        outcomes(case, Answering(ends))
    assert outcomes(case, Answering()) == [["passed"]]


def test_what_is_expected_where_nothing_is_asked_any_more_is_found_when_nobody_judges() -> None:
    order, held = list[str](), threading.Event()

    def judging_another() -> None:
        with judging.alone():
            held.set()
            time.sleep(0.3)
            order.append("another's judge")

    def expected() -> int:
        order.append("expected")  # an oracle seeds and draws
        return 1

    first, second = Prepared(right(), lambda: 1), Prepared(right(), expected)
    found = put(Answering(ends=True), [first, second], lambda name: {})  # type: ignore[arg-type]
    assert next(found).outcome == "passed"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(judging_another)
        held.wait(10)
        assert next(found).found == "not tried, because an earlier case ended the run: it is over"
    assert order == ["another's judge", "expected"]


def right() -> Case:
    """A case that whoever is asked passes."""
    return Case("asked", call("f", 1), judge=lambda *_: Finding(True, "", ""))
