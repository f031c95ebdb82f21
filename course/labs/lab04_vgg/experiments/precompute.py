"""Train the table of part 5 again, and store it beside the lab.

``python -m course.labs.lab04_vgg.experiments.precompute``
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from course.device import one_thread, working_on
from course.labs.lab04_vgg.experiments.races import LAB
from course.labs.lab04_vgg.experiments.small import VARIANTS, Budget, train
from course.labs.shared.results import store

COMMAND = "python -m course.labs.lab04_vgg.experiments.precompute"


def precompute(seeds: Sequence[int] = range(3)) -> dict[str, Any]:
    """Train all variants: 4,000 CIFAR-10 images, four epochs, one thread."""
    from course import data

    images = data.load("cifar10", size=(4000, 1000), verbose=False)
    options = Budget(images, epochs=4).options()
    runs: dict[str, Any] = {}
    for variant in VARIANTS:
        with working_on("cpu"), one_thread():
            histories = train(variant, options, seeds)
        runs[variant] = {
            "test_accuracy": [[round(a, 4) for a in h.test_accuracy] for h in histories],
            "train_loss": [[round(a, 4) for a in h.train_loss] for h in histories],
        }
        print(variant, runs[variant]["test_accuracy"], flush=True)
    about = (
        f"precomputed: {images.name}, {len(images.train):,} training and {len(images.test):,} test "
        f"images, 4 epochs, Adam 0.001, batches of 64, {len(seeds)} seeds, CPU, one thread"
    )
    return {"about": about, "command": COMMAND, "runs": runs}


if __name__ == "__main__":
    store(LAB, **precompute())
