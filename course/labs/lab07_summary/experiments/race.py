"""All five families on one budget: the trainings, and how long they take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from course import training
from course.device import one_thread
from course.labs.lab07_summary.experiments.families import FAMILIES, fresh
from course.labs.shared.pages import spread
from course.labs.shared.results import note

if TYPE_CHECKING:
    from course.data import Dataset

LAB = "lab07_summary"


@dataclass(frozen=True)
class Budget:
    """What every family gets: the same images, as many epochs, the same recipe."""

    images: Dataset
    train: int
    epochs: int

    def options(self) -> dict[str, Any]:
        """Arguments of ``training.fit``."""
        return {
            "train": prepared(self.images, "train", self.train),
            "epochs": self.epochs,
            "batch_size": 64,
            "optimizer": torch.optim.Adam,
            "lr": 0.003,
            "schedule": training.schedules.one_cycle(),
            "progress": False,
        }


def prepared(images: Dataset, split: str, count: int | None = None) -> tuple[Tensor, Tensor]:
    """The first ``count`` images of a split, normalised, and their labels."""
    part = getattr(images, split)
    return images.normalise(part.images[:count]), part.labels[:count]


def measure(
    family: str, options: Mapping[str, Any], test: tuple[Tensor, Tensor], seed: int
) -> dict[str, float]:
    """One training: accuracy on ``test``, training loss, seconds of the fastest epoch."""
    model = fresh(family, seed)
    with one_thread():
        history = training.fit(model, seed=seed, **options)
        accuracy = training.evaluate(model, *test).accuracy
    return {
        "accuracy": round(accuracy, 4),
        "train_loss": round(history.last.train_loss, 4),
        "epochs": len(history),
        "seconds": round(min(history.seconds), 3),
    }


def paces(images: Dataset, rounds: int = 9) -> dict[str, float]:
    """Milliseconds of training for one image: the fastest of several rounds, families in turn."""
    data, found = prepared(images, "train", 640), dict.fromkeys(FAMILIES, math.inf)
    for seed in range(rounds):
        for family in FAMILIES:
            run = training.fit(fresh(family, seed), data, epochs=1, batch_size=64, progress=False)
            found[family] = min(found[family], 1000 * run.last.seconds / 640)
    return {family: round(value, 4) for family, value in found.items()}


Measured = dict[str, list[dict[str, float]]]


def race(budget: Budget, seeds: Iterable[int] = (0,)) -> Measured:
    """Train all five families from each seed; print a line for each as it is done."""
    options, test = budget.options(), prepared(budget.images, "test")
    print(f"{budget.train:,} training images, {budget.epochs} epochs, {len(test[0]):,} test images")
    found: Measured = {}
    for family in FAMILIES:
        found[family] = [measure(family, options, test, seed) for seed in seeds]
        accuracy = spread([run["accuracy"] for run in found[family]], ".1%")
        seconds = mean(run["seconds"] for run in found[family])
        print(f"  {family:10} {accuracy}, {seconds:.1f} s for an epoch")
    note(LAB, race=found)
    return found


@contextmanager
def few_threads() -> Iterator[None]:
    """Train with one thread where there are two cores: in small networks the second only waits."""
    with one_thread() if torch.get_num_threads() <= 2 else nullcontext():
        yield
