"""A million submissions in the hour before a deadline, on N workers: what breaks first?

Nothing here is a guess but the hour itself. A class is graded at the start, for real, which tells
what a worker takes; its results then stand for those of many, which tells what the coordinator
takes to send a submission and to write its result, and what a student costs in memory and on
disk. These costs go through a simulation (:mod:`tests.benchmarks.queues`) in which submissions
rise towards the deadline. It knows no lost worker, no slow network, and no limit of the
scheduler's own. Usage::

    python -m tests.benchmarks.deadline_hour [--submissions 1000000] [--hours 1] [--workers 500]
        [--students 200] [--save costs.json | --costs costs.json]
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

from autograde.handing_in import intake
from autograde.marking import classrun, rounds
from autograde.marking.grader import Marked
from autograde.wording import counted
from tests.benchmarks import any_size
from tests.benchmarks.queues import Seen, Simulation, Turns, rising

HOUR = 3600.0
RISE = 4.0  # e to this times as many a second at the deadline as an hour before
STEPS = 4  # of halving the quarter in which the number of workers lies


@dataclass(frozen=True)
class Costs:
    """What was measured.

    Attributes:
        grade: seconds of a worker, of each student that was graded for real.
        send: seconds of the coordinator, to read a submission and to make it ready to send.
        write: seconds of the coordinator, to read a result and to write it down.
        busy: of these, seconds of a processor; the others wait for the disk, or for others' work.
        sent: bytes of a submission on its way.
        memory: bytes of the coordinator that a student more costs.
        disk: bytes of journal, gradebook and graded notebook.
        students: whose results were written.
        load: of this machine, when it was measured.
    """

    grade: list[float]
    send: float
    write: float
    busy: float
    sent: float
    memory: float
    disk: float
    students: int
    load: float

    @property
    def serial(self) -> float:
        """Seconds of the coordinator for a student."""
        return self.send + self.write


def main() -> None:
    """Measure, or read what was measured; simulate, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--submissions", type=int, default=1_000_000)
    parser.add_argument("--hours", type=float, default=1.0, help="after the deadline")
    parser.add_argument("--workers", default="", help="numbers to try besides those it finds")
    parser.add_argument("--rise", type=float, default=RISE)
    parser.add_argument("--students", type=int, default=200, help="to measure the coordinator on")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--costs", type=Path)
    options = parser.parse_args()
    if options.costs:
        costs = Costs(**json.loads(options.costs.read_text("utf-8")))
    else:
        costs = measured(options.students)
    if options.save:
        options.save.write_text(json.dumps(asdict(costs), indent=1) + "\n", "utf-8")
    _tell(costs)
    within = HOUR * (1 + options.hours)
    _limits(costs, options.submissions, within)
    arrivals = rising(options.submissions, HOUR, options.rise, Random(0))
    print(
        "waiting: submissions on disk, at most; memory: of those sent and not yet written, at most"
    )
    print("workers  coordinators  after the deadline  coordinators busy  workers busy  waiting  MB")
    for workers in map(int, filter(None, options.workers.split(","))):
        _row(costs, workers, 1, simulated(costs, arrivals, workers))
    workers, coordinators = fewest(costs, arrivals, within)
    if coordinators > 1:
        _row(costs, workers, 1, simulated(costs, arrivals, workers))
    print(
        f"{workers:,} workers and {counted(coordinators, 'coordinator')} come within "
        f"{options.hours:g} h of the deadline"
    )


def fewest(costs: Costs, arrivals: list[float], within: float) -> tuple[int, int]:
    """The fewest workers and coordinators whose last result comes in time, nearly."""
    coordinators = at_least(arrivals, costs.serial, within)
    low = at_least(arrivals, mean(costs.grade), within)
    most = low + low // 4 + 1
    while simulated(costs, arrivals, most, coordinators).last > within:
        coordinators += 1  # the last of them had no time to spare
        if coordinators > len(arrivals):
            raise SystemExit("no number of coordinators is enough: one student takes too long")
    high = most
    for _ in range(STEPS):
        middle = (low + high) // 2
        seen = simulated(costs, arrivals, middle, coordinators)
        low, high = (low, middle) if seen.last <= within else (middle, high)
    _row(costs, high, coordinators, simulated(costs, arrivals, high, coordinators))
    return high, coordinators


def at_least(arrivals: list[float], seconds: float, within: float) -> int:
    """How many must share work of so many seconds each, if it divided like water: from each moment
    on, all that is still to come has to fit into the time that is left.
    """
    most = len(arrivals)
    return ceil(max((most - k) * seconds / (within - one) for k, one in enumerate(arrivals)))


def simulated(costs: Costs, arrivals: list[float], workers: int, coordinators: int = 1) -> Seen:
    """The hour with so many workers."""
    turns = Turns(costs.send, costs.write, costs.grade)
    return Simulation(arrivals, turns, workers, coordinators).run()


# What is told ---------------------------------------------------------------------------------


def _tell(costs: Costs) -> None:
    print(
        f"measured: a worker {mean(costs.grade):.3f} s a student ({len(costs.grade)} graded); the "
        f"coordinator {1000 * costs.send:.1f} ms to send and {1000 * costs.write:.1f} ms to write, "
        f"{1000 * costs.busy:.1f} of them of a processor ({costs.students} students);\n"
        f"{costs.memory / 1000:.0f} kB of its memory, {costs.disk / 1000:.0f} kB of its disk, "
        f"{costs.sent / 1000:.0f} kB sent. The machine's load was {costs.load:.1f} on "
        f"{os.cpu_count()} processors."
    )


def _limits(costs: Costs, submissions: int, within: float) -> None:
    """How many submissions each part of one coordinator can take; what takes least breaks first."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    free = shutil.disk_usage(tempfile.gettempdir()).free
    most = {
        "its own time": within / costs.serial,
        f"memory of {memory / 1e9:.0f} GB": memory / max(1.0, costs.memory),
        f"free disk of {free / 1e9:.0f} GB": free / costs.disk,
    }
    print(f"one coordinator like this machine takes, at most, within {within:.0f} s:")
    for what, number in sorted(most.items(), key=lambda one: one[1]):
        told = "enough" if number >= submissions else "breaks"
        print(f"  {what}: {number:,.0f} submissions ({told})")


def _row(costs: Costs, workers: int, coordinators: int, seen: Seen) -> None:
    after = (seen.last - HOUR) / HOUR
    print(
        f"{workers:7,}  {coordinators:12}  {after:16.2f} h  {seen.coordinators:17.0%}  "
        f"{seen.workers:12.0%}  {seen.on_disk:7,}  {seen.under_way * costs.sent / 1e6:3.0f}",
        flush=True,
    )


# What is measured -----------------------------------------------------------------------------


def measured(students: int) -> Costs:
    """Grade a few students for real, and many with their results."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        real = any_size.graded_for_real(home, jobs=1)
        for size in (1, students):
            any_size.hand_in(home, home / str(size), size)
        work = home / str(students)
        apart = {size: any_size.apart("grade", home / str(size), 1) for size in (1, students)}
        memory = (apart[students]["bytes"] - apart[1]["bytes"]) / (students - 1)
        for made in ("autograded", "journal", "gradebook.db", "results"):
            _gone(work / made)
        found = _timed(home, work)
        disk = sum(_size(work / made) for made in ("autograded", "journal", "gradebook.db"))
    return Costs(
        [one.seconds for one in real.students],
        found["send"] / students,
        found["write"] / students,
        found["busy"] / students,
        found["sent"] / students,
        max(0.0, memory),
        disk / students,
        students,
        os.getloadavg()[0],
    )


def _timed(home: Path, work: Path) -> dict[str, float]:
    """Seconds and bytes of the coordinator's turns for a whole class, one kind after the other.

    This process replays results afterwards.
    """
    any_size.replay(home / "graded.pickle")
    found, begun = {}, time.perf_counter()
    every = intake.collect(work / "submitted", any_size.LAB, expected={})
    found["sent"] = float(sum(len(pickle.dumps(one)) for one in every))
    found["send"] = time.perf_counter() - begun
    rounds_of, grade_all = rounds._in_rounds, classrun.grade_all

    def graded_first(*of: Any) -> Iterator[Marked]:
        came = [pickle.dumps(one) for one in rounds_of(*of)]
        found["begun"], found["idle"] = time.perf_counter(), time.process_time()
        yield from map(pickle.loads, came)

    def to_the_last(*of: Any) -> rounds.Graded:
        graded = grade_all(*of)
        found["write"] = time.perf_counter() - found["begun"]
        found["busy"] = time.process_time() - found["idle"]
        return graded

    rounds._in_rounds, classrun.grade_all = graded_first, to_the_last
    try:
        any_size.STEPS["grade"](work, 1)
    finally:
        rounds._in_rounds, classrun.grade_all = rounds_of, grade_all
    return found


def _size(place: Path) -> int:
    every = [place] if place.is_file() else place.rglob("*")
    return sum(one.stat().st_size for one in every if one.is_file())


def _gone(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
