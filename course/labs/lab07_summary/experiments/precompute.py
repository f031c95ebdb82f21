"""Train all families again and store what they reach: about ten minutes on one CPU core.

``python -m course.labs.lab07_summary.experiments.precompute``
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from course import data
from course.device import one_thread, working_on
from course.labs.lab07_summary.experiments.comparison import LAB
from course.labs.lab07_summary.experiments.families import FAMILIES
from course.labs.lab07_summary.experiments.race import Budget, Measured, measure, paces, prepared
from course.labs.shared.results import store

LONGER = "LeNet, 25 epochs"


def precompute(seeds: Sequence[int] = range(5)) -> dict[str, Any]:
    """Train all families: 4,000 images of Fashion-MNIST, five epochs, one thread."""
    images = data.load("fashion_mnist", verbose=False)
    budget = Budget(images, train=4000, epochs=5)
    runs: Measured = {family: [] for family in FAMILIES}
    test = prepared(images, "test")
    for seed in seeds:  # the seeds outside, so that a busy minute slows every family alike
        for family in FAMILIES:
            runs[family].append(measure(family, budget.options(), test, seed))
            print(seed, family, runs[family][-1], flush=True)
    longer = Budget(images, train=4000, epochs=25).options()
    runs[LONGER] = [measure("LeNet", longer, test, seed) for seed in seeds]
    return {
        "about": _about(len(seeds)),
        "milliseconds": paces(images),
        "command": "python -m course.labs.lab07_summary.experiments.precompute",
        "runs": runs,
    }


def _about(seeds: int) -> str:
    return (
        "precomputed: Fashion-MNIST, 4,000 training and 2,000 test images, 5 epochs, Adam with "
        f"one cycle up to 0.003, batches of 64, {seeds} seeds, CPU, one thread; time of the "
        "training relative to LeNet's"
    )


if __name__ == "__main__":
    with working_on("cpu"), one_thread():
        store(LAB, **precompute())
