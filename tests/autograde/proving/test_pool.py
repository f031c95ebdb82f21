"""Trials in processes of their own: none harms the others, and known results are kept."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from autograde.proving import pool
from autograde.proving.ledger import Ledger, tried
from autograde.proving.pool import Outcome, Trial


def outcomes(*works: Callable[[], Any], seconds: float = 1.0) -> list[Outcome]:
    trials = [Trial(str(number), work, lambda: seconds) for number, work in enumerate(works)]
    found = {trial.key: outcome for trial, outcome in pool.run(trials, jobs=2)}
    return [found[trial.key] for trial in trials]


def forever() -> None:
    while True:
        pass


def gradient() -> float:
    x = torch.ones(3, requires_grad=True)
    (x * x).sum().backward()
    assert x.grad is not None
    return float(x.grad.sum())


def test_do_results_come_back() -> None:
    assert outcomes(lambda: {"a": [1]}, lambda: os.getpid() != os.getppid(), gradient) == [
        Outcome({"a": [1]}),
        Outcome(True),
        Outcome(6.0),
    ]


def test_is_what_loops_ended() -> None:
    found = outcomes(forever, lambda: "fine")
    assert found == [Outcome(died="took longer than 1 s"), Outcome("fine")]


def test_is_what_sleeps_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "PATIENCE", 1.0)
    assert outcomes(lambda: time.sleep(100)) == [Outcome(died="took longer than 1 s")]


def test_does_what_ends_itself_harm_no_other() -> None:
    found = outcomes(lambda: os._exit(3), lambda: os.kill(os.getpid(), 9), lambda: 1)
    assert found[0].died == "the process ended itself (3)"
    assert found[1].died
    assert found[2] == Outcome(1)


def test_is_too_much_memory_refused() -> None:
    assert "MemoryError" in outcomes(lambda: len(bytearray(pool.ROOM * 2)))[0].broken


def test_is_an_error_of_our_own_no_result() -> None:
    assert outcomes(lambda: 1 / 0)[0].broken == "ZeroDivisionError: division by zero"
    assert "TypeError" in outcomes(lambda: {1, 2})[0].broken


def test_is_what_is_printed_swallowed(capfd: pytest.CaptureFixture[str]) -> None:
    outcomes(lambda: print("a lot"))
    assert capfd.readouterr() == ("", "")


def test_does_nothing_go_on_when_nobody_listens(tmp_path: Path) -> None:
    (tmp_path / "going").touch()

    def linger() -> None:
        time.sleep(1)
        (tmp_path / "going").unlink()

    run = pool.run([Trial("quick", lambda: 1), Trial("slow", linger)], jobs=2)
    assert next(run)[0].key == "quick"
    run.close()
    time.sleep(1.5)
    assert (tmp_path / "going").exists()


def test_is_a_known_result_not_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "some" / "ledger.jsonl"
    (one,) = tried([Trial("key", lambda: 7)], 1, Ledger.at(path))
    (again,) = tried([Trial("key", forever)], 1, Ledger.at(path))
    assert one[1] == again[1] == Outcome(7)


def test_does_a_torn_line_count_as_unwritten(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text('{"key": "a", "result": 1}\n{"key": "b", "resu\n[]\n{"result": 2}\n')
    assert Ledger.at(path).known == {"a": Outcome(1)}
