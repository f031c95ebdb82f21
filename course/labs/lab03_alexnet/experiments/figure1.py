"""The paper's figure 1: ReLU against tanh in a network of four layers."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course import plots
from course.device import one_thread, pick_device, seeded
from course.labs.lab03_alexnet.experiments.results import stored
from course.labs.shared.pages import shown, spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from course.data import Dataset


@dataclass(frozen=True)
class Recipe:
    """How a run of figure 1 begins.

    Attributes:
        inputs: ``"raw RGB"`` (0 to 255, less the mean image) or ``"normalised"`` channels.
        weights: ``"0.01"``, the standard deviation of all weights, or ``"suited"``: variance
            2/fan_in behind which a ReLU comes, 1/fan_in otherwise. Biases are 0.
    """

    inputs: str
    weights: str


RECIPES = {"2012": Recipe("raw RGB", "0.01"), "today": Recipe("normalised", "suited")}
ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}


def four_layers(activation: str, weights: str = "suited") -> nn.Sequential:
    """Three convolutions and a linear layer, ``(N, 3, 32, 32) -> (N, 10)``; 26,186 parameters."""
    layers: list[nn.Module] = []
    for sizes in ((3, 16, 5, 2, 2), (16, 32, 5, 1, 2), (32, 32, 3, 1, 1)):
        layers += [nn.Conv2d(*sizes), ACTIVATIONS[activation](), nn.MaxPool2d(3, 2)]
    layers[-1:] = [nn.Flatten(), nn.Linear(32 * 3 * 3, 10)]
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            _begin(layer, activation, weights)
    return nn.Sequential(*layers)


def _begin(layer: nn.Conv2d | nn.Linear, activation: str, weights: str) -> None:
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    if weights == "0.01":
        nn.init.normal_(layer.weight, std=0.01)
        return
    rectified = activation == "relu" and isinstance(layer, nn.Conv2d)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu" if rectified else "linear")


@dataclass(frozen=True)
class Race:
    """What every run of figure 1 shares."""

    images: Tensor
    labels: Tensor
    recipe: Recipe
    target: float = 0.25
    longest: int = 40
    batch_size: int = 64

    @classmethod
    def on(cls, dataset: Dataset, recipe: str, **settings: Any) -> Race:
        """The race on all training images of a data set."""
        device = pick_device()
        images = dataset.train.images
        if RECIPES[recipe].inputs == "normalised":
            pixels = dataset.normalise(images)
        else:
            pixels = images.float() - images.float().mean(dim=0)
        pixels = pixels.to(device).contiguous(memory_format=torch.channels_last)
        return cls(pixels, dataset.train.labels.to(device), RECIPES[recipe], **settings)


@dataclass(frozen=True)
class Run:
    """One run: training error after each epoch (from before the first), and the crossing.

    Attributes:
        epochs: epochs to the target, to fractions by a straight line between two measurements;
            NaN where it was not reached.
    """

    activation: str
    lr: float
    seed: int
    errors: list[float] = field(repr=False)
    epochs: float


@one_thread()
def race(race: Race, activation: str, lr: float, seed: int) -> Run:
    """Train with SGD, momentum 0.9 and no regularisation, until the training error is reached.

    The error is that of all training images after each epoch, not a mean over its batches.
    """
    with seeded(seed, race.images.device) as generator:
        model = four_layers(activation, race.recipe.weights).to(race.images.device)
        model = model.to(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        errors = [training_error(model, race)]
        while errors[-1] > race.target and len(errors) <= race.longest:
            _epoch(model, optimizer, race, generator)
            errors.append(training_error(model, race))
            if len(errors) > 8 and min(errors) > 0.85:
                break  # this rate learns nothing
    return Run(activation, lr, seed, errors, crossing(errors, race.target))


def _epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, race: Race, generator: Generator
) -> None:
    order = torch.randperm(len(race.labels), generator=generator).to(race.labels.device)
    for some in order.split(race.batch_size):
        loss = F.cross_entropy(model(race.images[some]), race.labels[some])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


@torch.no_grad()
def training_error(model: nn.Module, race: Race) -> float:
    """Share of the training images that the model gets wrong."""
    guesses = torch.cat([model(some).argmax(dim=1) for some in race.images.split(1000)])
    return float((guesses != race.labels).float().mean())


def crossing(errors: Sequence[float], target: float) -> float:
    """Epochs until ``errors`` (from epoch 0 on) first fall to ``target``; NaN if they don't."""
    for epoch, (before, after) in enumerate(pairwise(errors)):
        if after <= target:
            return epoch + (before - target) / (before - after)
    return math.nan


def saturation(dataset: Dataset, count: int = 500) -> None:
    """Print, for fresh networks, how large each activation's inputs are and how steep it is there.

    The slope is averaged over all units and images; with ReLU it is the share of units that are on.
    """
    print(f"{'recipe':8}{'':6}" + "".join(f"{f'layer {n}':>25}" for n in (1, 2, 3)))
    for name in RECIPES:
        setting = Race.on(dataset, name)
        for activation, kind in ACTIVATIONS.items():
            with seeded(0):
                model = four_layers(activation, setting.recipe.weights).to(setting.images.device)
            inputs = _activation_inputs(model, kind, setting.images[:count])
            cells = [f"std {x.std():.2g}, slope {_slope(activation, x):.2f}" for x in inputs]
            print(f"{name:8}{activation:6}" + "".join(f"{cell:>25}" for cell in cells))


def _activation_inputs(model: nn.Module, kind: type[nn.Module], images: Tensor) -> list[Tensor]:
    found: list[Tensor] = []
    for module in model.modules():
        if isinstance(module, kind):
            module.register_forward_pre_hook(lambda _m, inputs: found.append(inputs[0]))
    with torch.no_grad():
        model(images)
    return found


def _slope(activation: str, x: Tensor) -> float:
    slopes = x > 0 if activation == "relu" else 1 - torch.tanh(x) ** 2
    return float(slopes.float().mean())


def draw_race(runs: Iterable[Run], title: str = "", target: float = 0.25) -> Figure:
    """Training error by epoch, a line for each seed: solid ReLU, dashed tanh, as in the paper."""
    ax = plots.axes(title=title)
    _lines(ax, runs, target)
    return shown(ax.figure)


def say_race(runs: Sequence[Run]) -> None:
    """Epochs to the target, by activation, and how many times longer tanh took."""
    times = {name: [r.epochs for r in runs if r.activation == name] for name in ACTIVATIONS}
    for name, epochs in times.items():
        reached = [value for value in epochs if not math.isnan(value)]
        result = f"{spread(reached, '.1f')} epochs" if reached else "target not reached"
        print(f"{name:5} {result}, {len(reached)} of {len(epochs)} seeds got there")
    if all(epochs and not math.isnan(sum(epochs)) for epochs in times.values()):
        print(f"tanh took {mean(times['tanh']) / mean(times['relu']):.2f} times as long")


def stored_race(recipe: str) -> list[Run]:
    """The precomputed runs at the best rate of each activation."""
    runs = stored(f"figure1_{recipe}")["runs"]
    return [Run(**{**run, "epochs": _number(run["epochs"])}) for run in runs]


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def show_stored_race() -> Figure:
    """Both recipes side by side from the stored runs, and what they say in numbers."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, len(RECIPES), figsize=(9.2, 3.4), sharey=True)
    for ax, recipe in zip(axes, RECIPES, strict=True):
        runs = stored_race(recipe)
        rates = {run.activation: run.lr for run in runs}
        print(f"recipe {recipe}, rates " + ", ".join(f"{k} {v:g}" for k, v in rates.items()))
        print(textwrap.fill(stored(f"figure1_{recipe}")["how"], 90))
        say_race(runs)
        print()
        _lines(ax, runs)
        ax.set_title(f"recipe: {recipe}")
    axes[1].set_ylabel("")
    return shown(figure)


def _lines(ax: Axes, runs: Iterable[Run], target: float = 0.25) -> None:
    plots.axes(ax, xlabel="epoch", ylabel="training error")
    named = set[str]()
    for run in runs:
        label = run.activation if run.activation not in named else None
        named.add(run.activation)
        style = "-" if run.activation == "relu" else "--"
        colour = plots.colour_of(run.activation)
        ax.plot(run.errors, style, color=colour, linewidth=1.3, label=label)
    ax.axhline(target, color=plots.GREY, linewidth=0.8, linestyle=":")
    ax.set_ylim(0, 1)
    ax.legend()
