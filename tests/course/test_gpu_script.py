"""The script for a GPU that is there for minutes: no step takes another one's results with it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks import gpu


def step(code: str, **options: bool) -> gpu.Step:
    return gpu.Step("one", [sys.executable, "-c", code], **options)


def test_a_warning_after_the_result_does_not_lose_it() -> None:
    code = """import sys
print("a word before")
print('{"accuracy": 0.94}', flush=True)
print("leaked semaphore", file=sys.stderr)"""
    found = gpu.taken(step(code, measuring=True), 20)
    assert found["measured"] == {"accuracy": 0.94}
    assert gpu.recorded(
        'hm [ \n[\n{"cells": [], "budget": 0, "seconds": 1, "on": "", "trouble": ""}]\n x'
    )


def test_no_result_is_told_as_none() -> None:
    found = gpu.taken(step("raise SystemExit(3)", measuring=True, recording=True), 20)
    assert found["rc"] == 3
    assert "measured" not in found


def test_what_takes_too_long_ends_with_all_that_it_began(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = f"""import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(told)!r}, "w").write(str(child.pid))
time.sleep(60)"""
    begun = time.monotonic()
    found = gpu.taken(step(code), 5)
    assert found["output"].startswith("stopped after 5 s")
    assert time.monotonic() - begun < 30
    deadline = time.monotonic() + 10
    while _lives(int(told.read_text())) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _lives(int(told.read_text()))


def _lives(process: int) -> bool:
    """A process that ended and that nobody has asked about yet is no live one."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_step_that_can_not_begin_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [gpu.Step("lost", ["/no/such/program"]), gpu.Step("kept", [sys.executable, "-c", ""])]
    monkeypatch.setattr(gpu, "steps", lambda dry: steps)
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--dry", "--out", str(tmp_path / "out.json")])
    gpu.main()
    text = (tmp_path / "out.json").read_text()
    assert "FileNotFoundError" in text
    assert '"rc": 0' in text
