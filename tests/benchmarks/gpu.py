"""All that is measured on a GPU, in one go, for a machine that is there for minutes only.

    python tests/benchmarks/gpu.py [--dry] [--out build/gpu.json] [--minutes 10] [STEP …]

The steps: the tests marked ``gpu``; ``fit`` beside a DataLoader; ``94``, lab 9's last training over
five seeds, with mean accuracy and seconds; ``autograde record`` of every notebook, one after the
other: seconds of its cells, its budget, what its experiments found.
Each step is a process of its own; one that fails or takes too long is told, and the next one
runs. The file is written after each step.
``--dry`` runs the same steps, short, on whatever device there is.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograde import tree

TAIL = 4_000  # characters of a step's output that are kept


@dataclass
class Step:
    """One process.

    Attributes:
        share: of the minutes, at most.
        recording: whether it prints a recorded run, in JSON.
        measuring: whether the last line that it prints is what it found, in JSON.
    """

    name: str
    command: list[str]
    share: float = 0.3
    settings: dict[str, str] = field(default_factory=dict)
    recording: bool = False
    measuring: bool = False


def steps(dry: bool) -> list[Step]:
    """What is run, in this order."""
    python = sys.executable
    tests = [python, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "tests"]
    speed = [python, "tests/benchmarks/training.py", "--workers", "0" if dry else "8"]
    race = [python, "tests/benchmarks/ninety_four.py", *(["--quick"] if dry else [])]
    found = [
        Step("tests", tests),
        Step("training", speed + (["--quick", "--rounds", "1"] if dry else ["--rounds", "3"])),
        Step("94", race, measuring=True),
    ]
    course, words = tree.find(), ["--dry" if dry else "--again", "--json"]
    for lab in course.lab_names():
        command = [python, "-m", "autograde", "record", lab, *words]
        found.append(Step(lab, command, 0.2, recording=True))
    return found


def taken(step: Step, seconds: float) -> dict[str, Any]:
    """Run a step; what came out."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        step.command, env=os.environ | step.settings, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=seconds)
        found: dict[str, Any] = {"rc": process.returncode, "output": said[-TAIL:]}
    except subprocess.TimeoutExpired:
        _end(process)  # and its kernels and loaders, or they would slow down what comes next
        said, _ = process.communicate()
        found = {"rc": None, "output": f"stopped after {seconds:.0f} s\n{said[-TAIL:]}"}
    found["seconds"] = round(time.perf_counter() - begun, 1)
    if step.recording:
        found |= recorded(said)
    if step.measuring:
        found |= measured(said)
    return found


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def measured(said: str) -> dict[str, Any]:
    """The last line that is JSON; nothing where there is none. A warning may come after it."""
    for line in reversed(said.splitlines()):
        with contextlib.suppress(ValueError):
            if isinstance(found := json.loads(line), dict):
                return {"measured": found}
    return {}


def recorded(said: str) -> dict[str, Any]:
    """The one run in what ``autograde record --json`` printed; nothing where it printed none."""
    try:
        (run,), _ = json.JSONDecoder().raw_decode(said[said.index("[\n") :])
    except ValueError:
        return {}
    return {"recorded": run, "output": table(run)}


def table(run: dict[str, Any]) -> str:
    """The slower cells of a run, a line each, and all together against the budget."""
    slow = [one for one in run["cells"] if one["seconds"] > 0.5 or one["error"]]
    lines = [f"{one['seconds']:8.1f} s  {one['begins']} {one['error']}" for one in slow]
    limit = f" of {run['budget']:.0f} s" if run["budget"] else ""
    return "\n".join([*lines, f"{run['seconds']:8.1f} s{limit}, {run['on']} {run['trouble']}"])


def main() -> None:
    """Run the steps, and write what came out after each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("steps", nargs="*", help="names; by default all")
    parser.add_argument("--dry", action="store_true", help="short, on whatever device there is")
    parser.add_argument("--out", type=Path, default=Path("build/gpu.json"))
    parser.add_argument("--minutes", type=float, default=9.0)
    arguments = parser.parse_args()
    from course.device import describe

    results: dict[str, Any] = {"on": describe(), "dry": arguments.dry}
    wanted = [s for s in steps(arguments.dry) if not arguments.steps or s.name in arguments.steps]
    deadline = time.monotonic() + 60 * arguments.minutes
    for step in wanted:
        left = min(deadline - time.monotonic(), 60 * arguments.minutes * step.share)
        try:
            found = taken(step, left) if left > 5 else {"output": "no time was left"}
        except Exception as error:  # the other steps' results count, too
            found = {"output": f"{type(error).__name__}: {error}"}
        results[step.name] = found
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(results, indent=1, ensure_ascii=False))
        print(f"{step.name:24}{results[step.name].get('seconds', 0):>8} s", flush=True)
        print(results[step.name]["output"][-600:], flush=True)


if __name__ == "__main__":
    main()
