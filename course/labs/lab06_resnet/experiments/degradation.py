"""Degradation: errors of plain and residual networks with 20 and 56 layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from course import data, plots, training
from course.device import seeded
from course.labs.lab06_resnet.experiments.gradients import LAB
from course.labs.lab06_resnet.experiments.inputs import as_small
from course.labs.lab06_resnet.experiments.networks import Kind, stage_network
from course.labs.shared.pages import shown, spread
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from course.data import Dataset

PAIRS = {
    f"{family}-{depth}": (Kind(family == "residual", start="He"), depth)
    for family in ("plain", "residual")
    for depth in (20, 56)
}
PAIRS |= {
    f"{name}, last γ = 0": (replace(kind, zero=True), depth)
    for name, (kind, depth) in PAIRS.items()
    if kind.residual
}


@dataclass(frozen=True)
class Budget:
    """What a training may use: images, epochs, width of the first stage, batches of 64."""

    images: Dataset
    epochs: int
    width: int = 8
    small: bool = True  # pooled to half the side

    def options(self) -> dict[str, Any]:
        """Arguments of ``training.fit``: the paper's SGD, with a cosine in place of its steps."""
        splits = {"train": self.images.train, "test": self.images.test}
        shape = self._shaped
        tensors = {name: (shape(split.images), split.labels) for name, split in splits.items()}
        options = {"epochs": self.epochs, "batch_size": 64, "lr": 0.1, "weight_decay": 1e-4}
        return {**tensors, **options, "schedule": training.schedules.cosine(), "progress": False}

    def _shaped(self, pixels: Tensor) -> Tensor:
        return as_small(self.images, pixels) if self.small else self.images.normalise(pixels)


def train(
    name: str, budget: Budget, options: Mapping[str, Any], seeds: Sequence[int]
) -> list[training.History]:
    """Train one of ``PAIRS``, a network from each seed."""
    kind, depth = PAIRS[name]
    channels = options["train"][0].shape[1]
    models = []
    for seed in seeds:
        with seeded(seed):
            models.append(stage_network(kind, depth, budget.width, channels))
    return training.fit_each(models, seeds, **options)


def degradation(seeds: Sequence[int] = range(3), epochs: int = 12) -> dict[str, Any]:
    """Train the two pairs: 5,000 CIFAR-10 images at 16×16, width 8, one thread."""
    images = data.load("cifar10", size=(5000, 1000), verbose=False)
    if images.name != "cifar10":
        raise SystemExit(f"this series needs CIFAR-10, found: {images}")
    budget = Budget(images, epochs)
    options = budget.options()
    runs: dict[str, Any] = {name: {"train_error": [], "test_error": []} for name in PAIRS}
    for seed in seeds:
        for name, curves in runs.items():
            (history,) = train(name, budget, options, [seed])
            curves["train_error"].append([round(1 - a, 4) for a in history.train_accuracy])
            curves["test_error"].append([round(1 - a, 4) for a in history.test_accuracy])
            print(
                name, seed, curves["train_error"][-1], f"{sum(history.seconds):.0f} s", flush=True
            )
    about = (
        f"precomputed: 5,000 images of CIFAR-10 at 16×16, width {budget.width}, "
        f"{epochs} epochs,\nSGD 0.1 with momentum and a cosine, batches of 64, no augmentation, "
        f"{len(seeds)} seeds, CPU"
    )
    return {"about": about, "runs": runs}


def race(names: Sequence[str], budget: Budget, seeds: Sequence[int]) -> None:
    """Train networks of ``PAIRS`` and print errors of the last epoch, with their spread."""
    options = budget.options()
    for name in names:
        runs = train(name, budget, options, seeds)
        errors = spread([1 - run.last.train_accuracy for run in runs], ".1%")
        tests = spread([1 - run.last.test_accuracy for run in runs], ".1%")
        print(f"{name:24} training error {errors:14} test error {tests}")


def draw_degradation() -> Figure:
    """Training and test error by epoch of the precomputed runs, and their table."""
    from matplotlib import pyplot

    plots.use_style()
    results = stored(LAB)["degradation"]
    figure, axes = pyplot.subplots(1, 2, figsize=(9.4, 3.7), sharey=True)
    for ax, part in zip(axes, ("train", "test"), strict=True):
        for name, curves in results["runs"].items():
            _draw_errors(ax, name, curves[f"{part}_error"])
        plots.axes(ax, xlabel="epoch", ylabel="error", title=f"{part} error")
    axes[0].set_title("training error")
    axes[1].set_ylabel("")
    axes[0].legend(fontsize=9)
    for name, curves in results["runs"].items():
        last = {key: spread([run[-1] for run in runs], ".1%") for key, runs in curves.items()}
        print(f"{name:24} training error {last['train_error']}, test error {last['test_error']}")
    print(results["about"])
    return shown(figure)


def _draw_errors(ax: Axes, name: str, runs: Sequence[Sequence[float]]) -> None:
    """Mean over seeds with its spread; the deep network of a pair is the full line."""
    kind, depth = PAIRS[name]
    colour = plots.BLUE if kind.residual else plots.VERMILLION
    colour = plots.GREEN if kind.zero else colour
    values = torch.tensor(runs)
    epochs = range(1, values.shape[1] + 1)
    style: Any = "-" if depth == 56 else (0, (3, 1.5))
    middle, width = values.mean(0), values.std(0)
    ax.plot(epochs, middle, linestyle=style, color=colour, label=name)
    ax.fill_between(epochs, middle - width, middle + width, color=colour, alpha=0.18, linewidth=0)
