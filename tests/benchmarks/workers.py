"""Two workers against one, and against the pool of threads, on the same class, side by side.

Each round grades the class with each of them in turn, so that what else the machine does meets all
alike. Start-up is the time to the first result; the rate is that of the students after it. Usage::

    python -m tests.benchmarks.workers [--students 40] [--rounds 3] [--lab LAB]
        [--pinned] [--waiting SECONDS]

With ``--pinned`` each worker keeps to a processor of its own, as on a machine of its own: one that
may use all of this one leaves nothing to a second. With ``--waiting`` each notebook also sleeps: it
stands for work that needs no processor of this machine, as that of workers on other machines.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from distributed import Client, LocalCluster

from autograde.authoring import samples
from autograde.marking import classrun
from autograde.marking.job import Job
from autograde.marking.schedulers.address import Scheduler
from autograde.tree import find

LAB = "lab01_activations"
HONEST = {LAB: ("reference", "other-formulas", "by-hand-and-loops", "no-lambda", "naive-tanh")}


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
    parser.add_argument("--lab", default=LAB)
    parser.add_argument("--pinned", action="store_true")
    parser.add_argument("--waiting", type=float, default=0.0)
    options = parser.parse_args()
    found = defaultdict[str, list[Took]](list)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        top = Path(folder)
        job = Job(find(Path(__file__).parent), options.lab, top / "submitted", top)
        _hand_in(job, options.students, options.waiting)
        ways = stack.enter_context(_pinned(job)) if options.pinned else _ways(job)
        for _ in range(options.rounds):
            for name, job in ways.items():
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


def _ways(job: Job) -> dict[str, Job]:
    return {
        "1 worker": replace(job, scheduler=Scheduler("1")),
        "2 workers": replace(job, scheduler=Scheduler("2")),
        "pool of 1": replace(job, jobs=1),
        "pool of 2": replace(job, jobs=2),
    }


@contextmanager
def _pinned(job: Job) -> Iterator[dict[str, Job]]:
    """A scheduler with one worker, and one with two; students' processes stay where theirs is."""
    with ExitStack() as stack:
        ways = dict[str, Job]()
        for workers, name in enumerate(("1 worker", "2 workers"), 1):
            cluster = stack.enter_context(
                LocalCluster(
                    n_workers=workers, threads_per_worker=1, memory_limit=0, dashboard_address=None
                )
            )
            client = stack.enter_context(Client(cluster))
            client.wait_for_workers(workers)
            for processor, worker in enumerate(client.scheduler_info(n_workers=-1)["workers"]):
                client.run(_keep_to, processor, workers=[worker])
            ways[name] = replace(job, scheduler=Scheduler(cluster.scheduler_address))
        yield ways


def _keep_to(processor: int) -> None:
    """All threads of this process, and what they begin, run on one processor."""
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), {processor})


def _graded(job: Job) -> Took:
    begun, times = time.monotonic(), list[float]()
    classrun.grade(job, lambda result, done, total: times.append(time.monotonic() - begun))
    return Took(times[0], times[-1] - times[0], time.monotonic() - begun)


def _hand_in(job: Job, students: int, waiting: float) -> None:
    class_ = [one for one in samples.load(job.tree.samples(job.lab)) if _is_honest(job.lab, one)]
    with tempfile.TemporaryDirectory() as once:
        samples.hand_in(class_, job.tree, job.lab, Path(once))
        for path in Path(once).glob("*/*/*.ipynb") if waiting else ():
            book = nbformat.read(path, 4)
            book.cells.append(nbformat.v4.new_code_cell(f"import time\n\ntime.sleep({waiting})"))
            nbformat.write(book, path)
        for number in range(students):
            source = Path(once) / class_[number % len(class_)].name
            shutil.copytree(source, job.submissions / f"s{number:04}")


def _is_honest(lab: str, sample: samples.Sample) -> bool:
    return sample.name in HONEST[lab] if lab in HONEST else sample.outcome == "full"


if __name__ == "__main__":
    main()
