"""What a hostile class costs an honest one that is graded beside it.

An honest class of lab01 is graded alone, and in one folder with a hostile one: burners with 60
processes, endless answers, sleepers, hogs of memory and of output, and floods of Markdown; or, with
``--attacks``, those of ``tests/hostile``, evenly chosen. Alone and beside take turns, since a
machine is not always as fast; medians count. It prints when the last honest result came, when the
whole class was done, and what a page of feedback took, and ends with 1 where a bound is passed:
the last honest result within three times what it takes alone, a page within one and a half.
Usage::

    python -m tests.benchmarks.neighbours [--honest 100] [--hostile 100] [--jobs 2] [--rounds 1]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import nbformat

from autograde.authoring import samples
from autograde.marking import classrun
from autograde.reports import feedback
from autograde.results import StudentResult
from autograde.tree import Tree, find
from tests.autograde.marking import attacks

Seconds = dict[str, float]
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


GRADED, WHOLE, PAGE = "last honest result", "whole class", "feedback, each page"
BOUNDS = {GRADED: 3.0, PAGE: 1.5}
"""How much longer it may take beside a hostile class of the same size."""


def main() -> int:
    """Measure and print."""
    options = _options()
    course, rounds = find(Path(__file__).parent), list[tuple[Seconds, Seconds]]()
    with tempfile.TemporaryDirectory() as folder:  # the first start of all reads libraries anew
        _honest(course, Path(folder), 1)
        _measure(course, Path(folder), options.jobs)
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            alone, beside = Path(folder) / "alone", Path(folder) / "beside"
            for work in (alone, beside):
                _honest(course, work, options.honest)
            (_attacks if options.attacks else _hostile)(course, beside, options.hostile)
            rounds.append(
                (_measure(course, alone, options.jobs), _measure(course, beside, options.jobs))
            )
    print(
        f"{options.honest} honest students, alone and beside {options.hostile} hostile ones, "
        f"{options.jobs} at a time; seconds, median of {options.rounds}"
    )
    return max([_told(name, rounds) for name in (GRADED, WHOLE, PAGE)])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--honest", type=int, default=100)
    parser.add_argument("--hostile", type=int, default=100)
    parser.add_argument("--attacks", action="store_true", help="those of tests/hostile")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    return parser.parse_args()


def _told(name: str, rounds: list[tuple[Seconds, Seconds]]) -> int:
    """Print a line; whether it passes the bound."""
    alone, beside = (median(one[side][name] for one in rounds) for side in (0, 1))
    ratio, bound = beside / alone, BOUNDS.get(name)
    said = "" if bound is None else f"  {'ABOVE' if ratio > bound else 'within'} {bound:g}x"
    print(f"  {name:20} {alone:8.2f} {beside:8.2f}   {ratio:5.2f}x{said}")
    return int(bound is not None and ratio > bound)


def _honest(course: Tree, work: Path, size: int) -> None:
    chosen = [one for one in samples.load(course.samples(LAB)) if one.name in HONEST]
    samples.hand_in(chosen, course, LAB, work / "samples")
    for number in range(size):
        name = chosen[number % len(chosen)].name
        home = work / "submitted" / f"s{number:03}-honest" / LAB
        shutil.copytree(work / "samples" / name / LAB, home)


def _hostile(course: Tree, work: Path, size: int) -> None:
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


def _attacks(course: Tree, work: Path, size: int) -> None:
    """The repository's adversarial class; from its beginning again where it is too small."""
    known = attacks.load(LAB)
    step = max(1.0, len(known) / size)
    for number in range(size):
        one = known[int(number * step) % len(known)]
        home = work / "made" / str(number)
        attacks.hand_in([one], course, LAB, home / "submitted")
        student = work / "submitted" / f"s{number:03}-hostile"
        (home / "submitted" / one.name).rename(student)


def _measure(course: Tree, work: Path, jobs: int) -> Seconds:
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
    return {GRADED: last, WHOLE: whole, PAGE: took}


if __name__ == "__main__":
    sys.exit(main())
