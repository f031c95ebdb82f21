"""Train the tables of parts 4 and 5 again, and store them beside the lab.

``python -m course.labs.lab05_inception.experiments.precompute``; with ``first_epochs`` behind it,
only the comparison of the first epochs from ten more seeds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from typing import Any

from course.device import describe, one_thread, working_on
from course.instruments import count_parameters
from course.labs.lab05_inception.experiments.networks import DESIGNS, small_googlenet, train
from course.labs.lab05_inception.experiments.races import LAB, options
from course.labs.shared.results import store

COMMAND = "python -m course.labs.lab05_inception.experiments.precompute"


def precompute(seeds: Sequence[int] = range(3)) -> dict[str, Any]:
    """Train all designs: 4,000 CIFAR-10 images, three epochs, one thread."""
    from course import data

    images = data.load("cifar10", size=(4000, 1000), verbose=False)
    budget = options(images, epochs=3)
    runs: dict[str, Any] = {}
    for design in DESIGNS:
        with working_on("cpu"), one_thread():
            histories = train(design, budget, seeds)
        runs[design] = {
            "parameters": count_parameters(small_googlenet(design)),
            "test_accuracy": [[round(a, 4) for a in h.test_accuracy] for h in histories],
            "train_accuracy": [[round(a, 4) for a in h.train_accuracy] for h in histories],
        }
        print(design, runs[design], flush=True)
    about = (
        f"precomputed: {images.name}, {len(images.train):,} training and {len(images.test):,} test "
        f"images, 3 epochs, Adam 0.001, batches of 64, {len(seeds)} seeds, CPU, one thread"
    )
    return {"about": about, "command": COMMAND, "runs": runs}


def first_epochs(seeds: Sequence[int] = range(3, 13)) -> dict[str, Any]:
    """Whether heads help a plain network at once: from other seeds than ``precompute``."""
    from course import data

    budget = options(data.load("cifar10", size=(4000, 1000), verbose=False), epochs=3)
    runs: dict[str, list[list[float]]] = {"plain": [], "plain, heads": []}
    for seed in seeds:
        for design, curves in runs.items():
            with working_on("cpu"), one_thread():
                accuracies = train(design, budget, [seed])[0].test_accuracy
            curves.append([round(accuracy, 4) for accuracy in accuracies])
            print(seed, design, curves[-1], flush=True)
    about = (
        f"precomputed: as above, seeds {seeds[0]} to {seeds[-1]}; test accuracy, "
        "± is the standard error"
    )
    where = {"on": f"{describe('cpu')}, float32", "date": date.today().isoformat()}
    return {"about": about, **where, "runs": runs}


if __name__ == "__main__":
    if "first_epochs" not in sys.argv[1:]:
        store(LAB, **precompute())
    store(LAB, first_epochs=first_epochs())
