"""Measure and train again what the notebook shows as measured before, on one CPU core.

``python -m course.labs.lab06_resnet.experiments.precompute`` writes the lab's ``results.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from course.device import one_thread, working_on
from course.labs.lab06_resnet.experiments.combinations import measured_combinations
from course.labs.lab06_resnet.experiments.degradation import degradation
from course.labs.lab06_resnet.experiments.gradients import LAB, measured_curves
from course.labs.lab06_resnet.experiments.inputs import BATCH
from course.labs.shared.results import store

COMMAND = "python -m course.labs.lab06_resnet.experiments.precompute"


def measured_gradients(seeds: Sequence[int] = range(5)) -> dict[str, Any]:
    """The four panels and all combinations, on the bundled images."""
    about = (
        f"precomputed: {BATCH} images of Fashion-MNIST at 14×14, 16 channels, before training,\n"
        f"{len(seeds)} seeds (3 for the table), float64, CPU"
    )
    found = {"curves": measured_curves(seeds), "combinations": measured_combinations(seeds[:3])}
    return {"about": about, **found}


if __name__ == "__main__":
    with working_on("cpu"), one_thread():
        store(LAB, command=COMMAND, gradients=measured_gradients())
        store(LAB, command=COMMAND, degradation=degradation())
