"""Measure again what the text of the lab states, from more seeds than a notebook has time for.

``python -m course.labs.lab01_activations.experiments.precompute`` runs all of it on the CPU and
stores it beside the lab, ``results.json``; names after it (``gradients``) redo these parts alone.
Every list holds one value for each seed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import torch

from course.device import describe, one_thread, working_on
from course.labs.lab01_activations.experiments.dead import dead_by_depth, dead_by_rate
from course.labs.lab01_activations.experiments.fixed_point import FIXED_POINT, moments
from course.labs.lab01_activations.experiments.grid import init_grid
from course.labs.lab01_activations.experiments.stacks import INITIALISATIONS, MODULES
from course.labs.lab01_activations.experiments.training import Budget, accuracy_grid
from course.labs.shared import results

LAB = "lab01_activations"
Values = dict[str, list[float]]


def precompute(only: Sequence[str] = ()) -> None:
    """Run the experiments (all, or those named) and store their results."""
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "gradients": gradients,
        "accuracies": accuracies,
        "dead_by_depth": dead_in_depth,
        "dead_by_rate": dead_after_training,
        "fixed_point": fixed_point,
    }
    machine = {"on": f"{describe('cpu')}, float32", "date": date.today().isoformat()}
    for name in only or parts:
        with working_on("cpu"), one_thread():
            results.store(LAB, **{name: {**parts[name](), **machine}})
        print(f"{name}: stored", flush=True)


def gradients(seeds: Sequence[int] = range(10)) -> dict[str, Any]:
    """log₁₀ of the gradient at layer 1 over that at layer 20, before training."""
    grid = init_grid(seeds).backward
    runs = {
        f"{activation}, {init}": _listed(grid[:, row, column])
        for row, activation in enumerate(MODULES)
        for column, init in enumerate(INITIALISATIONS)
    }
    return {"how": f"20 layers of 128 units, log10, seeds 0 to {seeds[-1]}", "runs": runs}


def accuracies(seeds: Sequence[int] = range(5)) -> dict[str, Any]:
    """Test accuracy of ten hidden layers after the quick profile's training."""
    found = accuracy_grid(_budget(seeds), list(MODULES), depth=10)
    runs = {
        f"{activation}, {init}": _listed(found[:, row, column])
        for row, activation in enumerate(MODULES)
        for column, init in enumerate(INITIALISATIONS)
    }
    return {"how": _how(seeds), "runs": runs}


def dead_in_depth(seeds: Sequence[int] = range(10)) -> dict[str, Any]:
    """Share of dead units of fresh ReLU stacks, by initialisation, width and layer."""
    runs: Values = {}
    for init, width in (("He", 128), ("PyTorch", 128), ("He", 64), ("He", 512)):
        dead = dead_by_depth(seeds, init, width=width)
        for layer in (1, 2, 10, 50):
            runs[f"{init}, {width} units, layer {layer}"] = _listed(dead[:, layer - 1])
    return {"how": f"512 normal inputs, seeds 0 to {seeds[-1]}", "runs": runs}


def dead_after_training(seeds: Sequence[int] = range(5)) -> dict[str, Any]:
    """Dead units and accuracies by Adam's rate."""
    runs: Values = {}
    for rate in (0.001, 0.01, 0.03, 0.1, 0.3):
        relu, leaky = (dead_by_rate(_budget(seeds), rate, name) for name in ("relu", "leaky_relu"))
        runs[f"rate {rate:g}, dead"] = _listed(relu.dead)
        runs[f"rate {rate:g}, ReLU"] = _listed(relu.accuracy)
        runs[f"rate {rate:g}, leaky ReLU"] = _listed(leaky.accuracy)
    return {"how": _how(seeds), "runs": runs}


def fixed_point(seeds: Sequence[int] = range(10), few: Sequence[int] = range(5)) -> dict[str, Any]:
    """Mean and variance after 50 layers; and SELU's variance by width, over layers 20 to 50."""
    runs: Values = {}
    for name, (activation, init, mean, std) in FIXED_POINT.items():
        last = torch.stack([moments(activation, init, s, mean=mean, std=std) for s in seeds])
        runs[f"{name}, mean"] = _listed(last[:, 0, -1])
        runs[f"{name}, variance"] = _listed(last[:, 1, -1])
        runs[f"{name}, mean square"] = _listed(last[:, 0, -1] ** 2 + last[:, 1, -1])
    for width in (64, 256, 1024):
        several = torch.stack([moments("selu", "LeCun", s, width=width)[1, 20:] for s in few])
        runs[f"selu, {width} units, variance over layers 20 to 50"] = _listed(several.mean(dim=1))
    how = f"seeds 0 to {seeds[-1]}; by width, 0 to {few[-1]}"
    return {"how": how, "runs": runs}


def _budget(seeds: Sequence[int]) -> Budget:
    from course import data

    return Budget(data.load("fashion_mnist", size=(4000, 1000), verbose=False), seeds, epochs=2)


def _how(seeds: Sequence[int]) -> str:
    return (
        "Fashion-MNIST, 4,000 training and 1,000 test images, 2 epochs, Adam, "
        f"batches of 128, seeds 0 to {seeds[-1]}"
    )


def _listed(values: torch.Tensor) -> list[float]:
    return [round(value, 5) for value in values.tolist()]


if __name__ == "__main__":
    precompute(sys.argv[1:])
