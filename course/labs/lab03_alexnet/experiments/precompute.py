"""What takes more than a notebook's minute.

``python -m course.labs.lab03_alexnet.experiments.precompute`` runs all of it on the CPU and stores
it beside the lab, with how it was run; names after it (``filters``) redo these parts alone.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from course.device import describe
from course.labs.lab03_alexnet.experiments.figure1 import Race, Run, race, say_race
from course.labs.lab03_alexnet.experiments.filters import packed
from course.labs.lab03_alexnet.experiments.overlap import APART, OVERLAPPING
from course.labs.lab03_alexnet.experiments.results import LAB
from course.labs.lab03_alexnet.experiments.small import (
    PARTS,
    VARIANTS,
    Design,
    Lesson,
    compare,
    say_scores,
)
from course.labs.shared import results

if TYPE_CHECKING:
    from course.data import Dataset


def precompute(only: Sequence[str] = ()) -> None:
    """Run the experiments (all, or those named) on the CPU and store their results."""
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "figure1_2012": partial(_figure1, "2012"),
        "figure1_today": partial(_figure1, "today"),
        "overlap": _overlap,
        "parts": partial(_comparison, PARTS, images=2000, epochs=10),
        "regularisation": partial(_comparison, VARIANTS, images=3000, epochs=25),
        "filters": _filters,
    }
    for name in only or parts:
        results.store(LAB, **{name: parts[name]()})
        print(f"{name}: stored")


def _cifar(images: int, test: int = 2000) -> Dataset:
    from course import data

    dataset = data.load("cifar10", size=(images, test))
    if dataset.name != "cifar10":
        raise RuntimeError("CIFAR-10 could not be loaded, and these results are about it")
    return dataset


RATES: dict[
    str, dict[str, tuple[float, ...]]
] = {  # each is given up where it takes longer than the best before it
    "2012": {"relu": (0.001, 0.0005, 0.002, 0.003), "tanh": (0.02, 0.03, 0.01)},
    "today": {"relu": (0.005, 0.01, 0.02), "tanh": (0.01, 0.02, 0.04)},
}


def _figure1(recipe: str, images: int = 5000, seeds: int = 5) -> dict[str, Any]:
    """Choose each rate on seed 0, then run it from five seeds."""
    setting = Race.on(_cifar(images), recipe, longest=80)
    tried, runs = [], []
    for activation, several in RATES[recipe].items():
        first = _tries(setting, activation, several)
        best = min(first, key=_rank)
        tried += [_plain(run) for run in first]
        runs += [best, *(race(setting, activation, best.lr, seed) for seed in range(1, seeds))]
    say_race(runs)
    how = (
        f"precomputed: CIFAR-10, {images:,} training images, batches of 64, SGD with momentum 0.9, "
        f"no regularisation, at most 80 epochs, {seeds} seeds, CPU; rates chosen on seed 0"
    )
    kept = [_plain(run) for run in runs]
    return {"how": how, "on": _machine(), "recipe": recipe, "tried": tried, "runs": kept}


def _tries(setting: Race, activation: str, rates: Sequence[float]) -> list[Run]:
    """One run for each rate from seed 0, given up where it takes longer than the best so far."""
    found: list[Run] = []
    for lr in rates:
        longest = min([setting.longest, *(len(r.errors) - 1 for r in found if r.epochs > 0)])
        found.append(race(replace(setting, longest=longest), activation, lr, 0))
    return found


def _rank(run: Run) -> tuple[float, float]:
    """Less is better: the epochs to the target, or else the error in the end."""
    return (math.inf if math.isnan(run.epochs) else run.epochs), run.errors[-1]


def _plain(run: Run) -> dict[str, Any]:
    epochs = None if math.isnan(run.epochs) else round(run.epochs, 3)
    return {**asdict(run), "errors": [round(e, 4) for e in run.errors], "epochs": epochs}


def _comparison(
    variants: Mapping[str, tuple[Design, bool]], *, images: int, epochs: int, seeds: int = 3
) -> dict[str, Any]:
    lesson = Lesson(_cifar(images), epochs)
    scores = compare(lesson, variants, range(seeds))
    say_scores(scores)
    how = (
        f"precomputed: CIFAR-10, {images:,} training and 2,000 test images, {epochs} epochs, "
        f"batches of {lesson.batch_size}, rate {lesson.lr}, {seeds} seeds, CPU"
    )
    runs = {name: [asdict(score) for score in several] for name, several in scores.items()}
    return {"how": how, "on": _machine(), "runs": runs}


def _overlap(
    images: int = 2000, epochs: int = 14, seeds: Sequence[int] = range(3, 13)
) -> dict[str, Any]:
    """Both kinds of pooling from other seeds than ``parts``, measured after each epoch."""
    lesson = Lesson(_cifar(images), epochs)
    runs: dict[str, list[dict[str, Any]]] = {OVERLAPPING: [], APART: []}
    for seed in seeds:
        for name, several in runs.items():
            scores = lesson.by_epoch(PARTS[name][0], seed)
            accuracies = {
                part: [round(getattr(score, part), 4) for score in scores]
                for part in ("train", "test")
            }
            several.append({"seed": seed, **accuracies})
    how = (
        f"precomputed: CIFAR-10, {images:,} training and 2,000 test images, batches of "
        f"{lesson.batch_size}, rate {lesson.lr}, seeds {seeds[0]} to {seeds[-1]}, CPU; "
        f"± is the standard error"
    )
    return {"how": how, "on": _machine(), "date": date.today().isoformat(), "runs": runs}


def _filters() -> dict[str, Any]:
    images, epochs, seeds = 15_000, 7, 3
    lesson = Lesson(_cifar(images), epochs)
    design = replace(Design(), norm=False, dropout=0.0)
    runs, scores = [], []
    for seed in range(seeds):
        score, model = lesson.score(design, seed)
        runs.append(packed(model.conv1.weight.detach()))  # type: ignore[union-attr, operator]
        scores.append(asdict(score))
    how = (
        f"precomputed: CIFAR-10, {images:,} training images, {epochs} epochs, "
        f"rate {lesson.lr}, {seeds} seeds, CPU"
    )
    return {"how": how, "on": _machine(), "runs": runs, "scores": scores}


def _machine() -> str:
    return f"{describe('cpu')}, float32"


if __name__ == "__main__":
    precompute(sys.argv[1:])
