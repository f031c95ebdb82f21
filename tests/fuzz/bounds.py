"""How many cases a test draws, and how long one may take."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase

SCALE = float(os.environ.get("FUZZ_SCALE", "1"))
"""How many times as many cases as in the normal run."""

KEPT = os.environ.get("FUZZ_KEPT", "")
"""Folder of failing cases: they are tried first, and the others are drawn at random."""

Test = Callable[..., Any]


def cases(count: int) -> Callable[[Test], Test]:
    """Draw this many cases, always the same ones; under ``make fuzz`` any."""
    return settings(
        max_examples=max(round(count * SCALE), 1),
        derandomize=not KEPT,
        database=DirectoryBasedExampleDatabase(Path(KEPT)) if KEPT else None,
        deadline=None,
        # To explain a failure runs it many times over, and says little where a case is long.
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=[*HealthCheck],
    )


class TooSlow(Exception):
    """A case took longer than it may."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What runs inside takes at most so much processor time, and ten times as much in all."""

    def stop(*_: Any) -> None:
        raise TooSlow(f"more than {seconds:g} s")

    before = {one: signal.signal(one, stop) for one in (signal.SIGPROF, signal.SIGALRM)}
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 10 * seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for one, handler in before.items():
            signal.signal(one, handler)
    # Code in C is not interrupted, and what raised may have been caught.
    if time.process_time() - begun > seconds:
        raise TooSlow(f"more than {seconds:g} s")


def brief(error: Exception, lines: int = 4) -> bool:
    """Whether a message can be shown: few lines, none of them long, nothing that moves a cursor."""
    text = str(error)
    assert 0 < len(text) < 1_000, text
    assert len(text.split("\n")) <= lines, text
    assert all(line.isprintable() for line in text.split("\n")), text
    return True
