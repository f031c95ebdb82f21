"""Students graded at once: does one's judge ever run beside another's?"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch

from autograde.marking import hidden, judging
from autograde.marking.life import put
from course.checks import Answer, Case, Probe
from course.checks.cases import Prepared
from course.checks.judges import Finding
from course.checks.probes import call
from course.device import seeded

STUDENTS = 2


class Student:
    """Stands for a life: answers when all the others are asked as well."""

    together = threading.Barrier(STUDENTS)

    def ask(self, probe: Probe, coming: list[Probe]) -> Answer:
        self.together.wait(10)
        return Answer("value", value=1.0)

    def lost(self) -> bool:
        return False


def drawing(value: Any, expected: Any, probe: Probe) -> Finding:
    """Finds whether two seeded draws are the same, with time for others to draw between."""
    drawn = []
    for _ in range(2):
        with seeded(3):
            torch.randn(1)
            threading.Event().wait(0.02)
            drawn.append(torch.randn(5))
    return Finding(bool(torch.equal(*drawn)))


def test_judges_take_turns_while_students_are_asked_at_once() -> None:
    cases = [Prepared(Case("a", call("f", n), "", drawing), lambda: 1.0) for n in range(3)]
    with ThreadPoolExecutor(STUDENTS) as pool:
        found = list(pool.map(lambda one: list(put(one, cases, dict)), [Student(), Student()]))
    assert [[one.outcome for one in results] for results in found] == [["passed"] * 3] * STUDENTS


def test_a_check_is_made_when_nobody_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()
    monkeypatch.setattr(hidden.checks, "load", lambda lab: begun.set() or {})
    with ThreadPoolExecutor(1) as pool:
        with judging.alone():
            making = pool.submit(hidden.check.__wrapped__, "lab", "name")
            assert not begun.wait(0.1)
        with pytest.raises(KeyError):
            making.result()
