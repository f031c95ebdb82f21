"""Races of small GoogLeNets: with and without heads, with an average or dense layers at the end."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from course import plots, training
from course.instruments import count_parameters
from course.labs.lab05_inception.experiments.gradients import START_COLOURS
from course.labs.lab05_inception.experiments.networks import Design, small_googlenet, train
from course.labs.shared.pages import estimate, shown, spread
from course.labs.shared.pictures import as_rgb32
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from course.data import Dataset

LAB = "lab05_inception"


def options(images: Dataset, epochs: int) -> dict[str, Any]:
    """Arguments of ``training.fit``: images as networks take them, Adam 0.001, batches of 64."""
    splits = {"train": images.train, "test": images.test}
    tensors = {name: (as_rgb32(images, part.images), part.labels) for name, part in splits.items()}
    how = {"epochs": epochs, "batch_size": 64, "optimizer": torch.optim.Adam, "lr": 0.001}
    return {**tensors, **how, "progress": False}


def race(designs: Sequence[str], images: Dataset, epochs: int, seeds: Sequence[int]) -> None:
    """Train and print test and training accuracy after the last epoch, with their spread."""
    budget = options(images, epochs)
    for design in designs:
        runs = train(design, budget, seeds)
        tested = spread([run.last.test_accuracy for run in runs], ".1%")
        trained = spread([run.last.train_accuracy for run in runs], ".1%")
        print(f"{design:18} test accuracy {tested}, on the training images {trained}")


def goal(images: Dataset, epochs: int) -> training.History:
    """Train the small GoogLeNet that full-size runs are for: no halving in the stem if there is
    time, BatchNorm, flips and crops, a cosine schedule.
    """
    from course import augment

    long = epochs > 5
    design = Design(norm=True, halvings=0 if long else 2)
    model = small_googlenet(design)
    print(f"{count_parameters(model):,} parameters")
    varied = augment.Chain(augment.Flip(), augment.Crop()) if long else None
    budget = {**options(images, epochs), "batch_size": 128 if long else 64, "lr": 0.002}
    return training.fit(
        model,
        **budget,
        augment=varied,
        schedule=training.schedules.cosine(warmup=0.05),
    )


def draw_stored(designs: Sequence[str]) -> Figure:
    """Test accuracy by epoch of precomputed runs, and their table."""
    from matplotlib import pyplot
    from matplotlib.ticker import MultipleLocator

    plots.use_style()
    results = stored(LAB)
    figure, ax = pyplot.subplots(figsize=(8.0, 3.2))
    for name in designs:
        runs = results["runs"][name]
        epochs = range(1, 1 + len(runs["test_accuracy"][0]))
        plots.spread(ax, epochs, runs["test_accuracy"], name, START_COLOURS[name.split(",")[0]])
        ax.lines[-1].set_linestyle("--" if "," in name else "-")
        final, trained = (
            spread([curve[-1] for curve in runs[f"{part}_accuracy"]], ".1%")
            for part in ("test", "train")
        )
        print(f"{name:18} {runs['parameters']:>9,} parameters   test {final}   training {trained}")
    plots.axes(ax, xlabel="epoch", ylabel="test accuracy")
    ax.xaxis.set_major_locator(MultipleLocator(1))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    print(textwrap.fill(results["about"], 88))
    return shown(figure)


def say_first_epochs() -> None:
    """Print the plain network's test accuracy by epoch, without heads and with, from ten seeds."""
    found = stored(LAB)["first_epochs"]
    print(textwrap.fill(found["about"], 88))
    print(f"{'':8}{'plain':>18}{'plain, heads':>18}{'difference':>18}")
    plain, heads = found["runs"]["plain"], found["runs"]["plain, heads"]
    for epoch in range(len(plain[0])):
        columns = [[100 * curve[epoch] for curve in curves] for curves in (plain, heads)]
        differences = [b - a for a, b in zip(*columns, strict=True)]
        cells = [*(estimate(column) for column in columns), estimate(differences, "+.1f")]
        print(f"epoch {epoch + 1} " + "".join(f"{cell + ' %':>18}" for cell in cells))
