"""Two workers against one, and against the pool of threads, on the same class, side by side.

Each round grades the class with each of them in turn, so that what else the machine does meets all
alike. Start-up is the time to the first result; the rate is that of the students after it. Usage::

    python -m tests.benchmarks.workers [--students 40] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

from autograde.authoring import samples
from autograde.marking import classrun
from autograde.marking.job import Job
from autograde.marking.schedulers.address import Scheduler
from autograde.tree import Tree, find

LAB = "lab01_activations"
HONEST = ("reference", "other-formulas", "by-hand-and-loops", "no-lambda", "naive-tanh")


@dataclass(frozen=True)
class Took:
    """Seconds to the first result, from there to the last, and to the end."""

    first: float
    rest: float
    all: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found = defaultdict[str, list[Took]](list)
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        _hand_in(find(Path(__file__).parent), top / "submitted", options.students)
        for _ in range(options.rounds):
            for name, job in _ways(top).items():
                work = Path(tempfile.mkdtemp(dir=folder))
                found[name].append(_graded(replace(job, work=work)))
                print(f"{name:10} {found[name][-1]}", flush=True)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; medians:")
    rates = dict[str, float]()
    for name, runs in found.items():
        rates[name] = (options.students - 1) / statistics.median(one.rest for one in runs)
        first = statistics.median(one.first for one in runs)
        whole = statistics.median(one.all for one in runs)
        print(
            f"{name:10} first after {first:5.1f} s, then {60 * rates[name]:6.1f} students a "
            f"minute; {whole:5.1f} s in all"
        )
    print(f"2 workers against 1: {rates['2 workers'] / rates['1 worker']:.2f}")


def _ways(top: Path) -> dict[str, Job]:
    job = Job(find(Path(__file__).parent), LAB, top / "submitted", top)
    return {
        "1 worker": replace(job, scheduler=Scheduler("1")),
        "2 workers": replace(job, scheduler=Scheduler("2")),
        "pool of 1": replace(job, jobs=1),
        "pool of 2": replace(job, jobs=2),
    }


def _graded(job: Job) -> Took:
    begun, times = time.monotonic(), list[float]()
    classrun.grade(job, lambda result, done, total: times.append(time.monotonic() - begun))
    return Took(times[0], times[-1] - times[0], time.monotonic() - begun)


def _hand_in(course: Tree, folder: Path, students: int) -> None:
    class_ = [one for one in samples.load(course.samples(LAB)) if one.name in HONEST]
    with tempfile.TemporaryDirectory() as once:
        samples.hand_in(class_, course, LAB, Path(once))
        for number in range(students):
            source = Path(once) / class_[number % len(class_)].name
            shutil.copytree(source, folder / f"s{number:04}")


if __name__ == "__main__":
    main()
