"""What a hostile class costs an honest one that is graded beside it.

An honest class of N students of lab01 is graded alone, and then in one folder with N hostile ones:
burners with 60 processes, endless answers, sleepers, hogs of memory and of output, and floods of
Markdown. It prints when the last honest result came, when the whole class was done, and what the
feedback took, alone and beside. Usage::

    python tests/benchmarks/neighbours.py [--students 10] [--jobs 2]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import nbformat

from autograde.authoring import samples
from autograde.marking import classrun
from autograde.reports import feedback
from autograde.results import StudentResult
from autograde.tree import Tree, find

LAB = "lab01_activations"
HONEST = ("reference", "other-formulas", "by-hand-and-loops", "no-lambda", "naive-tanh")
CROWD = """
import os, time
for _ in range(60):
    if os.fork() == 0:
        while True: pass
"""
ENDLESS = "def relu(x):\n    while True: pass"
SLEEPY = "def relu(x):\n    import time\n    time.sleep(1000)"
HOG = """
import os, time
for _ in range(30):
    if os.fork() == 0:
        kept = bytearray(os.urandom(1 << 20) * 200); time.sleep(100)
time.sleep(20)
"""
LOUD = "while True: print('x' * 10_000_000)"
FLOOD = "[" * 200_000
HOSTILE = (CROWD, ENDLESS, SLEEPY, HOG, LOUD, FLOOD)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    course = find(Path(__file__).parent)
    with tempfile.TemporaryDirectory() as folder:
        alone, beside = Path(folder) / "alone", Path(folder) / "beside"
        for work in (alone, beside):
            _honest(course, work, options.students)
        _hostile(beside, options.students)
        one = _measure(course, alone, options.jobs)
        two = _measure(course, beside, options.jobs)
    print(f"{options.students} honest students, alone and beside as many hostile ones (seconds)")
    for name, before in one.items():
        print(f"  {name:28} {before:8.1f} {two[name]:8.1f}   {two[name] / before:5.2f}x")


def _honest(course: Tree, work: Path, size: int) -> None:
    chosen = [one for one in samples.load(course.samples(LAB)) if one.name in HONEST]
    samples.hand_in(chosen, course, LAB, work / "samples")
    for number in range(size):
        name = chosen[number % len(chosen)].name
        home = work / "submitted" / f"s{number:03}-honest" / LAB
        shutil.copytree(work / "samples" / name / LAB, home)


def _hostile(work: Path, size: int) -> None:
    """Between the honest ones in the roster's order."""
    path = work / "samples" / "reference" / LAB / f"{LAB}.ipynb"
    for number in range(size):
        book = nbformat.read(path, as_version=4)
        trick = HOSTILE[number % len(HOSTILE)]
        make = nbformat.v4.new_markdown_cell if trick is FLOOD else nbformat.v4.new_code_cell
        at = next(i for i, cell in enumerate(book.cells) if cell.id == "relu_answer")
        book.cells.insert(at + 1, make(trick, id="own"))
        home = work / "submitted" / f"s{number:03}-hostile" / LAB
        home.mkdir(parents=True)
        nbformat.write(book, home / f"{LAB}.ipynb")


def _measure(course: Tree, work: Path, jobs: int) -> dict[str, float]:
    begun, last, lost = time.monotonic(), 0.0, list[str]()

    def note(result: StudentResult, done: int, of: int) -> None:
        nonlocal last
        if result.student.endswith("honest"):
            last = time.monotonic() - begun
            lost.extend(flag.message for flag in result.flags if flag.code == "machine-busy")

    classrun.grade(classrun.Job(course, LAB, work / "submitted", work, jobs=jobs), note)
    whole, begun_pages = time.monotonic() - begun, time.monotonic()
    pages = feedback.generate(LAB, work)
    assert not lost, lost
    took = (time.monotonic() - begun_pages) / len(pages)
    return {"last honest result": last, "whole class": whole, "feedback, each page": took}


if __name__ == "__main__":
    main()
