"""All that is measured on a GPU, in one go, for a machine that is there for minutes only.

    python tests/benchmarks/gpu.py [--dry] [--out build/gpu.json] [--minutes 10] [STEP …]

The steps: the tests marked ``gpu``; ``fit`` beside a DataLoader; every notebook in profile full,
one after the other, with the seconds of its cells. Each step is a process of its own; one that
fails or takes too long is told, and the next one runs. The file is written after each step.
``--dry`` runs the same steps, short, on whatever device there is.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograde import tree

TAIL = 4_000  # characters of a step's output that are kept
RUN = """
import sys, nbformat
from nbclient import NotebookClient
path, out = sys.argv[1:]
book = nbformat.read(path, 4)
NotebookClient(book, timeout=None, record_timing=True, allow_errors=True).execute(cwd="{folder}")
nbformat.write(book, out)
"""


@dataclass
class Step:
    """One process.

    Attributes:
        share: of the minutes, at most.
        notebook: where it leaves an executed notebook, if it does.
    """

    name: str
    command: list[str]
    share: float = 0.3
    settings: dict[str, str] = field(default_factory=dict)
    notebook: Path | None = None


def steps(dry: bool) -> list[Step]:
    """What is run, in this order."""
    python = sys.executable
    tests = [python, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "tests/course"]
    speed = [python, "tests/benchmarks/training.py", "--workers", "0" if dry else "8"]
    found = [
        Step("tests", tests),
        Step("training", speed + (["--quick", "--rounds", "1"] if dry else ["--rounds", "3"])),
    ]
    folder = Path("build/gpu").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"COURSE_PROFILE": "quick" if dry else "full", "COURSE_PROGRESS": "0"}
    for path in sorted(tree.find().notebooks.glob("lab*/*.ipynb")):
        out = folder / path.name
        code = RUN.format(folder=folder)
        command = [python, "-c", code, str(path.absolute()), str(out)]
        found.append(Step(path.stem, command, 0.2, settings, out))
    return found


def taken(step: Step, seconds: float) -> dict[str, Any]:
    """Run a step; what came out."""
    begun = time.perf_counter()
    try:
        done = subprocess.run(
            step.command, env=os.environ | step.settings, timeout=seconds,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        found: dict[str, Any] = {"rc": done.returncode, "output": done.stdout[-TAIL:]}
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
        text = said if isinstance(said, str) else said.decode(errors="replace")
        found = {"rc": None, "output": f"stopped after {seconds:.0f} s\n{text[-TAIL:]}"}
    found["seconds"] = round(time.perf_counter() - begun, 1)
    if step.notebook and step.notebook.exists():
        found["cells"] = cells(step.notebook)
    return found


def cells(path: Path) -> list[dict[str, Any]]:
    """Of each cell of an executed notebook that took a while: how it begins, seconds, its error."""
    told = []
    for number, cell in enumerate(nbformat.read(path, 4).cells):
        times = cell.metadata.get("execution", {})
        ends = times.get("iopub.execute_input"), times.get("shell.execute_reply")
        spent = seconds_between(*ends) if all(ends) else 0.0
        errors = [one.ename for one in cell.get("outputs", []) if one.output_type == "error"]
        if spent > 0.5 or errors:
            first = cell.source.partition("\n")[0][:60]
            told.append({"cell": number, "seconds": round(spent, 2), "begins": first} | (
                {"error": errors[0]} if errors else {}
            ))  # fmt: skip
    return told


def seconds_between(start: str, end: str) -> float:
    """Between two times as notebooks keep them."""
    from datetime import datetime

    one, two = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (start, end))
    return (two - one).total_seconds()


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
        results[step.name] = taken(step, left) if left > 5 else {"output": "no time was left"}
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(results, indent=1, ensure_ascii=False))
        print(f"{step.name:24}{results[step.name].get('seconds', 0):>8} s", flush=True)
        print(results[step.name]["output"][-600:], flush=True)


if __name__ == "__main__":
    main()
