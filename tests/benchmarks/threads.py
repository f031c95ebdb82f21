"""What two notebooks at once cost each other, with shared cores and without.

Each stand-in for a notebook measures `early_gradients` of lab 5 and trains a small VGG, with
torch's own number of threads or with the course's share of them. Usage::

    python tests/benchmarks/threads.py [--notebooks 2] [--rounds 2]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

WORK = """
import sys, torch
from course import threads
if sys.argv[1] == "shared":
    threads.share_cores()
from course import data
from course.labs.lab04_vgg.experiments.small import Budget, train
from course.labs.lab05_inception.experiments.gradients import early_gradients
import time
images = data.load("fashion_mnist", profile="grade", size=(128, 64), verbose=False)
start = time.perf_counter()
early_gradients("BatchNorm", 0)
train("A", Budget(images, 1).options(), [0])
print(f"{time.perf_counter() - start:.2f}")
"""


def seconds(notebooks: int, how: str) -> float:
    """What the slowest of several at once took for its work, imports not counted."""
    settings = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    processes = []
    for _ in range(notebooks):
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", WORK, how], env=settings, stdout=subprocess.PIPE, text=True
            )
        )
        time.sleep(1)  # as people do: one after the other
    return max(float(process.communicate()[0].split()[-1]) for process in processes)


def main() -> None:
    """Measure and print, the best of several rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notebooks", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    for count in (1, options.notebooks):
        for how in ("own", "shared"):
            best = min(seconds(count, how) for _ in range(options.rounds))
            print(f"{count} at once, {how:7} {best:6.2f} s", flush=True)


if __name__ == "__main__":
    main()
