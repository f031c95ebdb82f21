"""Take lab 2's recorded measurements again: about ten minutes on one CPU core.

    python -m course.labs.lab02_lenet.experiments.precompute

The reference's networks are measured, so it needs the instructors' side.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterable, Sequence
from typing import Any

import torch

from course.device import one_thread, working_on
from course.labs.lab02_lenet.experiments.networks import MakeModel, linear, perceptron
from course.labs.lab02_lenet.experiments.shifts import by_shift
from course.labs.lab02_lenet.experiments.studies import (
    Budget,
    Inputs,
    accuracy,
    inputs,
    lenet5_run,
)
from course.labs.lab02_lenet.images import jittered, permuted
from course.labs.shared.pages import spread
from course.labs.shared.results import store, stored

LAB = "lab02_lenet"
HOW = "{train:,} training images, {epochs} epochs, Adam, batches of {batch}, {seeds} seeds, CPU"


def measure(seeds: Sequence[int], budget: Budget, only: Iterable[str] = ()) -> dict[str, Any]:
    """Take all measurements on the bundled images, with the reference's networks."""
    from course.data import load

    reference = importlib.import_module("autograde.authoring.reference").load(LAB)
    dataset = load("fashion_mnist", size=(10_000, 2_000))
    data = inputs(dataset, train=10_000, test=2_000)
    networks = {"LeNet": reference["LeNet"], "perceptron": perceptron, "linear": linear}
    found: dict[str, Any] = {"accuracy": {}, "by shift": {}}
    for name, make in networks.items():
        for how in ("plain", "permuted", "jittered"):
            if wanted(f"{name}, {how}", only):
                _measure_one(found, f"{name}, {how}", make, how, data, budget, seeds)
    if wanted("LeNet-5 of 1998, plain", only):
        runs = [lenet5_run(reference, data, budget, seed) for seed in seeds]
        found["accuracy"]["LeNet-5 of 1998, plain"] = runs
    how = HOW.format(train=10_000, epochs=budget.epochs, batch=budget.batch_size, seeds=len(seeds))
    found["about"] = {
        "how": how,
        "command": "python -m course.labs.lab02_lenet.experiments.precompute",
        "data": dataset.source,
        "torch": torch.__version__,
        "lr": budget.lr,
        "seeds": list(seeds),
    }
    return found


def wanted(name: str, only: Iterable[str]) -> bool:
    """Whether a measurement was asked for; all are where nothing is named."""
    names = list(only)
    return not names or any(name.startswith(one) for one in names)


def _measure_one(
    found: dict[str, Any],
    key: str,
    make: MakeModel,
    how: str,
    data: Inputs,
    budget: Budget,
    seeds: Sequence[int],
) -> None:
    changed = data.changed(permuted) if how == "permuted" else data
    augment = jittered if how == "jittered" else None
    models = budget.fit_each(make, changed, seeds, augment=augment)
    found["accuracy"][key] = [round(accuracy(model, changed.test), 4) for model in models]
    if how != "permuted":
        runs = [by_shift(model, changed.test) for model in models]
        found["by shift"][key] = [[round(one, 4) for one in run] for run in runs]
    print(f"{key}: {spread(found['accuracy'][key], '.1%')}", flush=True)


def main() -> None:
    """Take the measurements and write them, beside what is there already."""
    parser = argparse.ArgumentParser(description="Measurements of lab 2 over several seeds.")
    parser.add_argument("only", nargs="*", help="such as 'LeNet, permuted'; default: all")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=8)
    chosen = parser.parse_args()
    budget = Budget(chosen.epochs, batch_size=64)
    with working_on("cpu"), one_thread():
        new = measure(range(chosen.seeds), budget, chosen.only)
    for part in ("accuracy", "by shift"):
        new[part] = {**stored(LAB).get(part, {}), **new[part]}
    store(LAB, **new)


if __name__ == "__main__":
    main()
