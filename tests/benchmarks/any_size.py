"""Seconds and memory a student, for classes of 10 to 10,000: what grows, grows here.

A few students of lab 1 are graded for real; their results then stand for those of many, so that the
sandbox costs nothing and all else is real: collecting, normalising, journal, gradebook, graded
notebooks, feedback pages, class report, grade file. One student in fifty has code in a cell of its
own that the next one has, too. Each step runs in a process of its own. A student's share is of what
a class has more than a class of one; seconds are the clock's and the processors' (``busy``), memory
is the peak, without what torch and nbgrader take when they are loaded. Usage::

    python -m tests.benchmarks.any_size [--sizes 10,100,1000] [--steps grade,report] [--jobs 2]
"""

from __future__ import annotations

import argparse
import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograde.authoring import samples
from autograde.gradebook.deadlines import apply
from autograde.handing_in.collecting import record
from autograde.marking import classrun, early, engine, seal
from autograde.marking.job import Job
from autograde.reports import class_report, class_report_page, export, feedback, grade_sheet
from autograde.results import ClassResult
from autograde.tree import find

LAB = "lab01_activations"
HONEST = ("reference", "other-formulas", "by-hand-and-loops", "no-lambda", "naive-tanh")
ALIKE = 50  # one student in so many has code that the next one has, too
OWN = """
def sweep_{n}(values, step_{n}=0.5):
    kept = []
    for index, value in enumerate(sorted(values)):
        if index % {n} and value * step_{n} > len(kept):
            kept.append((value - step_{n}) ** 2 / (1 + abs(value)))
        elif value < -step_{n} or index > 3 * {n}:
            kept.extend([value, index + step_{n}])
    total = sum(kept) / max(1, len(kept))
    return [one - total for one in kept if one != {n}]
"""
COURSE = find(Path(__file__).parent)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10,100,1000")
    parser.add_argument("--steps", default=",".join(STEPS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        _one(options.step, options.work, options.jobs)
        return
    sizes, steps = [int(one) for one in options.sizes.split(",")], options.steps.split(",")
    with tempfile.TemporaryDirectory() as folder:
        graded_for_real(Path(folder))
        first = {}
        print("students  step       seconds  ms each  busy each     MB  kB each")
        for size in (1, *sizes):
            work = Path(folder) / str(size)
            hand_in(Path(folder), work, size)
            for step in steps:
                found = apart(step, work, options.jobs)
                start = first.setdefault(step, found)
                each = {key: (one - start[key]) / max(1, size - 1) for key, one in found.items()}
                print(
                    f"{size:8,}  {step:9} {found['seconds']:8.2f} {1000 * each['seconds']:8.2f}  "
                    f"{1000 * each['busy']:9.2f} {found['bytes'] / 1e6:6.0f} "
                    f"{each['bytes'] / 1000:8.1f}",
                    flush=True,
                )


def apart(step: str, work: Path, jobs: int) -> dict[str, float]:
    """A step in a process of its own."""
    command = [sys.executable, __file__, "--step", step, "--work", str(work), "--jobs", str(jobs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{step} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _one(step: str, work: Path, jobs: int) -> None:
    replay(work.parent / "graded.pickle")
    before, begun, busy = _peak(), time.monotonic(), _busy()
    STEPS[step](work, jobs)
    seconds = {"seconds": time.monotonic() - begun, "busy": _busy() - busy}
    print(json.dumps({**seconds, "bytes": _peak() - before}))


def _peak() -> int:
    """Most memory that this process had, in bytes; not what the one before it had."""
    text = Path("/proc/self/status").read_text("utf-8")
    return 1024 * int(text.partition("VmHWM:")[2].split()[0])


def _busy() -> float:
    """Seconds of processors, of this process and of those that it waited for."""
    spent = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in spent)


# Steps ----------------------------------------------------------------------------------------


def _job(work: Path, jobs: int) -> Job:
    return Job(COURSE, LAB, work / "submitted", work, jobs=jobs)


def _grade(work: Path, jobs: int) -> ClassResult:
    return classrun.grade(_job(work, jobs))


def _nothing_new(work: Path, jobs: int) -> None:
    assert seal.held(_job(work, jobs))


def _pages(work: Path, jobs: int) -> None:
    feedback.generate(LAB, work, jobs)


def _report(work: Path, jobs: int) -> None:
    found = class_report.read(COURSE, work, LAB)
    place = work / "report.html"
    place.write_text(
        class_report_page.page(found, class_report.links(work, LAB, work)), encoding="utf-8"
    )


def _export(work: Path, jobs: int) -> None:
    standings = apply(work, LAB)
    every = grade_sheet.lines(record.read(work, LAB), standings, {})
    (work / "grades.csv").write_text(export.text("csv", grade_sheet.Sheet(LAB, every)), "utf-8")


STEPS: dict[str, Callable[[Path, int], Any]] = {
    "grade": _grade,  # all is new: journal, gradebook, notebooks
    "again": _grade,  # nothing is new, and each is looked at
    "held": _nothing_new,  # nothing is new, and one key says so
    "feedback": _pages,
    "report": _report,
    "export": _export,
}


# A class --------------------------------------------------------------------------------------


def graded_for_real(home: Path, jobs: int = 2) -> ClassResult:
    """The samples, handed in and graded; what the engine gave for each is kept."""
    chosen = [one for one in samples.load(COURSE.samples(LAB)) if one.name in HONEST]
    samples.hand_in(chosen, COURSE, LAB, home / "samples")
    found, real = {}, engine.grade

    def grade(lab: str, notebook: NotebookNode, *more: Any, **settings: Any) -> engine.Graded:
        graded = real(lab, notebook, *more, **settings)
        found[_key(notebook)] = graded
        return graded

    engine.grade = grade
    result = classrun.grade(Job(COURSE, LAB, home / "samples", home / "real", jobs=jobs))
    engine.grade = real
    (home / "graded.pickle").write_bytes(pickle.dumps(found))
    return result


def replay(place: Path) -> None:
    """What the engine gave stands for what it would give."""
    found: dict[str, engine.Graded] = pickle.loads(place.read_bytes())
    engine.grade = partial(_again, found)
    early.Warm, classrun.proven = _Idle, lambda warm: []


class _Idle:
    """Stands for the warm process, which nobody asks anything."""

    def __init__(self, **_: Any) -> None: ...

    def begin(self) -> _Idle:
        return self

    __enter__ = begin

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None: ...

    def check(self) -> None: ...


def _again(
    found: dict[str, engine.Graded], lab: str, notebook: NotebookNode, *_: Any, **settings: Any
) -> engine.Graded:
    one = found[_key(notebook)]
    own = [cell for cell in notebook.cells if not _is_marked(cell) and "sweep_" in cell.source]
    book = nbformat.from_dict({**one.notebook, "cells": [*one.notebook.cells, *own]})
    return engine.Graded(**{**vars(one), "notebook": book})


def _key(notebook: NotebookNode) -> str:
    return "\0".join(cell.source for cell in notebook.cells if _is_marked(cell))


def _is_marked(cell: NotebookNode) -> bool:
    return "nbgrader" in cell.metadata


def hand_in(home: Path, work: Path, size: int) -> None:
    """A class of this size: the samples again and again, some with a cell of their own."""
    books = [nbformat.read(home / "samples" / name / LAB / f"{LAB}.ipynb", 4) for name in HONEST]
    plain = [nbformat.writes(book).encode() for book in books]
    for number in range(size):
        place = work / "submitted" / f"s{number:06}" / LAB / f"{LAB}.ipynb"
        place.parent.mkdir(parents=True)
        data = plain[number % len(plain)]
        if number % ALIKE < 2:
            source = OWN.format(n=7 + number // ALIKE)
            book = json.loads(data)
            cell = {"cell_type": "code", "id": "own", "metadata": {}, "source": source}
            book["cells"].append({**cell, "outputs": [], "execution_count": None})
            data = json.dumps(book).encode()
        place.write_bytes(data)


if __name__ == "__main__":
    main()
