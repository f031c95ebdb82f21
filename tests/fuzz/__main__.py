"""Fuzz for as long as it may: ``python -m tests.fuzz [WORDS]``, as ``make fuzz`` does.

Round after round, each test draws other cases than before, ever more of them, in a process of its
own, until ``FUZZ_MINUTES`` are over. WORDS choose the tests, as after ``pytest -k``. Failing cases
are kept in ``build/fuzz``: the next round, and the next night, begin with them, and so does
``FUZZ_KEPT=build/fuzz pytest tests/fuzz``.

Hypothesis draws them. Guided by coverage, with atheris beside it, the same time reached fewer lines
of the code: real files with a few changes lead further than bytes that grow into one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KEPT = ROOT / "build" / "fuzz"
LAST_ROUND = 8  # after which the rounds grow no more


def main(words: list[str]) -> int:
    """Fuzz until the time is over; the exit code is 1 where something was found."""
    minutes = float(os.environ.get("FUZZ_MINUTES", "480"))
    end, found = time.monotonic() + 60 * minutes, set[str]()
    tests = [*_tests(words)]
    if not tests:
        print(f"no test is called like {' '.join(words)}")
        return 2
    print(f"{len(tests)} tests for {minutes:g} minutes; failing cases are kept in {KEPT}")
    for number in count(1):
        scale = 2.0 ** min(number - 1, LAST_ROUND)
        for test in tests:
            left = end - time.monotonic()
            if left <= 0:
                return _told(found)
            found |= {test} if not _passes(test, scale, number, left) else set()
    return 0


def _tests(words: list[str]) -> Iterator[str]:
    listed = _pytest("--collect-only", *(["-k", " ".join(words)] if words else []))
    lines, _ = listed.communicate()
    return (line for line in lines.splitlines() if "::" in line)


def _passes(test: str, scale: float, number: int, left: float) -> bool:
    """Run one test; one that is still at work when the time is over has found nothing."""
    begun = time.monotonic()
    running = _pytest(test, FUZZ_SCALE=str(scale), FUZZ_KEPT=str(KEPT))
    try:
        said, _ = running.communicate(timeout=left)
    except subprocess.TimeoutExpired:
        running.kill()
        running.communicate()
        return True
    name, good = test.rpartition("::")[2], running.returncode == 0
    print(f"round {number}, {time.monotonic() - begun:6.0f} s, {'' if good else 'FOUND, '}{name}")
    if not good:
        print(said)
        (KEPT / f"{name}.txt").write_text(said, encoding="utf-8")
    return good


def _pytest(*words: str, **environment: str) -> subprocess.Popen[str]:
    KEPT.mkdir(parents=True, exist_ok=True)
    places = [] if any("::" in word for word in words) else [str(HERE)]
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *places, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


def _told(found: set[str]) -> int:
    print("\n".join(["Found something:", *sorted(found)]) if found else "Nothing was found.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))
