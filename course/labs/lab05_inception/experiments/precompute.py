"""Train the tables of parts 4 and 5 again, and store them beside the lab.

``python -m course.labs.lab05_inception.experiments.precompute``
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from course.instruments import count_parameters
from course.labs.lab05_inception.experiments.networks import DESIGNS, small_googlenet, train
from course.labs.lab05_inception.experiments.races import LAB, options
from course.labs.shared.results import store

COMMAND = "python -m course.labs.lab05_inception.experiments.precompute"


def precompute(seeds: Sequence[int] = range(3)) -> dict[str, Any]:
    """Train all designs: 4,000 CIFAR-10 images, three epochs, one thread."""
    from course import data

    torch.set_num_threads(1)
    images = data.load("cifar10", size=(4000, 1000), verbose=False)
    budget = options(images, epochs=3)
    runs: dict[str, Any] = {}
    for design in DESIGNS:
        histories = [train(design, budget, seed) for seed in seeds]
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


if __name__ == "__main__":
    store(LAB, **precompute())
