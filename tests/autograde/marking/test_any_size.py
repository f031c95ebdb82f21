"""A student costs the same in a class of any size: files opened, queries, bytes read.

Counted, not timed, with the steps of ``tests/benchmarks/any_size.py``: of some students graded for
real, the results stand for those of many.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from autograde.marking import classrun, early, engine, rounds
from autograde.sandbox import IsolationError, Warm
from tests.benchmarks import any_size

SIZES = (5, 15, 45)
STEPS = ("grade", "again", "held", "report", "export")
ALIKE = 0.1  # share by which a student of a larger class may cost more: names grow, buffers fill
COUNTS: Counter[str] = Counter()


def count(what: str, _: Any) -> None:
    """Of each file that is opened; such a hook stays as long as the process."""
    if what == "open":
        COUNTS["files"] += 1


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples, graded for real."""
    try:
        Warm(preload=[]).begin().close()
    except IsolationError as error:
        pytest.skip(str(error))
    found = tmp_path_factory.mktemp("home")
    any_size.graded_for_real(found)
    return found


def counted(step: str, work: Path) -> Counter[str]:
    """What a step does."""

    def note(*_: Any) -> None:
        COUNTS["queries"] += 1

    COUNTS.clear()
    event.listen(Engine, "before_cursor_execute", note)
    before = bytes_read()
    any_size.STEPS[step](work, 1)
    COUNTS["bytes"] = bytes_read() - before
    event.remove(Engine, "before_cursor_execute", note)
    return COUNTS.copy()


def bytes_read() -> int:
    """By this process, so far."""
    text = Path("/proc/self/io").read_text("utf-8")
    return int(text.partition("rchar:")[2].split()[0])


def test_does_no_step_cost_a_student_more_in_a_larger_class(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, name in ((engine, "grade"), (early, "Warm"), (classrun, "proven")):
        monkeypatch.setattr(place, name, getattr(place, name))  # put back what replaying replaces
    monkeypatch.setattr(rounds, "LONGEST", 1e9)
    any_size.replay(home / "graded.pickle")
    sys.addaudithook(count)
    found = {}
    for size in (1, *SIZES):  # the first one loads what is loaded once
        work = home / str(size)
        any_size.hand_in(home, work, size)
        found[size] = {step: counted(step, work) for step in STEPS}
    small, middle, large = SIZES
    for step in STEPS:
        for what in found[large][step]:
            first, then, last = (found[size][step][what] for size in SIZES)
            few, many = (then - first) / (middle - small), (last - then) / (large - middle)
            assert many <= (1 + ALIKE) * few + 1, (step, what, few, many)
