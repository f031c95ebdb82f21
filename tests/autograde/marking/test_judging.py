"""A check is made by a course's own code, as an answer is judged by it: one at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograde.marking import hidden, judging


def test_a_check_is_made_when_nobody_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()
    monkeypatch.setattr(hidden.checks, "load", lambda lab: begun.set() or {})
    with ThreadPoolExecutor(1) as pool:
        with judging.alone():
            making = pool.submit(hidden.check.__wrapped__, "lab", "name")
            assert not begun.wait(0.1)
        with pytest.raises(KeyError):
            making.result()
