"""Experiments of lab 3: ReLU against tanh, what AlexNet's parts do, first-layer filters.

What takes more than a notebook's minute is precomputed: ``python -m course.experiments.lab03``
runs it on the CPU and writes ``results/lab03.json``, with how it was run. The notebook shows those
numbers beside a short run of its own. ``python -m course.experiments.lab03 filters`` redoes one
part.
"""

from __future__ import annotations

import base64
import json
import math
import sys
import textwrap
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course import augment, plots
from course.checks.lab03 import HIDDEN, TABLE
from course.device import describe, pick_device, seeded
from course.experiments.lab01 import one_thread

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from course.data import Dataset

RESULTS = Path(__file__).parent / "results" / "lab03.json"


def stored(name: str) -> dict[str, Any]:
    """A precomputed experiment: its ``how``, and its ``runs``."""
    return dict(json.loads(RESULTS.read_text())[name])


def _shown(figure: Any, dpi: int = 80) -> Any:
    """The figure, closed, so that a notebook shows it once: as the value of its cell."""
    from matplotlib import pyplot

    figure.set_dpi(dpi)
    pyplot.close(figure)
    return figure


def _mean_spread(values: Sequence[float], form: str = ".1f") -> str:
    spread = f" ± {stdev(values):{form}}" if len(values) > 1 else ""
    return f"{mean(values):{form}}{spread}"


# What the student has written so far ------------------------------------------------------


def _attempt(function: Any, *args: Any, **kwargs: Any) -> Any:
    """What the student's function gives, or None where it is not there or does not work yet."""
    try:
        return function(*args, **kwargs)
    except Exception:
        return None


def _unwritten(name: str) -> None:
    print(f"`{name}` is not written yet, or does not work: run this cell again when it does.")


# Local response normalisation -------------------------------------------------------------


def draw_normalised(local_response_norm: Any) -> Figure | None:
    """Twelve channels at one pixel before and after, for two strengths α, by the student's code."""
    from matplotlib import pyplot

    x = torch.tensor([1, 1, 1, 9, 1, 1, 1, 6, 7, 6, 1, 1.0]).view(1, 12, 1, 1)
    strengths = {"α = 0.0001, the paper's": 1e-4, "α = 0.1": 0.1}
    after = {
        name: _attempt(local_response_norm, x, alpha=alpha) for name, alpha in strengths.items()
    }
    if any(not isinstance(y, Tensor) or y.shape != x.shape for y in after.values()):
        _unwritten("local_response_norm")
        return None
    plots.use_style()
    figure, axes = pyplot.subplots(1, 3, figsize=(9.2, 2.6), sharex=True)
    for ax, (name, y) in zip(axes, {"before": x, **after}.items(), strict=True):
        colour = plots.GREY if name == "before" else plots.colour_of("alexnet")
        ax.bar(range(12), y.flatten().tolist(), color=colour)
        plots.axes(ax, xlabel="channel", title=name)
        ax.set_xticks(range(0, 12, 3))
        ax.title.set_fontsize(10)
        ax.grid(axis="x", visible=False)
    axes[0].set_ylabel("activity")
    return _shown(figure)


# Dropout ----------------------------------------------------------------------------------


def draw_masks(
    dropout: Any, paper_dropout: Any, p: float = 0.5, masks: int = 2000
) -> Figure | None:
    """How the mean over masks nears the single pass without dropout, for one hidden layer.

    The network is linear behind the dropped layer, so the two agree in the end; the check of
    that is this plot.
    """
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(200, generator=generator).relu()
    weight = torch.randn(200, generator=generator) / 14
    ax = None
    for name, function in {"dropout": dropout, "paper_dropout": paper_dropout}.items():
        rest = _attempt(function, hidden, p, False)
        masked = [_attempt(function, hidden, p, True, generator=generator) for _ in range(masks)]
        if rest is None or masked[0] is None:
            _unwritten(name)
            continue
        outputs = torch.stack(masked) @ weight
        count = torch.arange(1, masks + 1)
        ax = ax or plots.axes(xlabel="number of masks", ylabel="output of the next neuron")
        colour = plots.BLUE if name == "dropout" else plots.VERMILLION
        ax.plot(count, outputs.cumsum(0) / count, color=colour, label=f"{name}, mean of masks")
        ax.axhline(float(rest @ weight), color=colour, linestyle="--", label=f"{name}, at rest")
        ax.set_xscale("log")
    if ax is None:
        return None
    ax.figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return _shown(ax.figure)


# Light ------------------------------------------------------------------------------------


def colour_directions(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """Eigenvalues (3,), the largest first, and eigenvectors (3, 3) of the pixels' covariance.

    Pixels in [0, 1] units. The vectors are the columns.
    """
    pixels = dataset.train.images.movedim(1, -1).reshape(-1, 3).double() / 255
    values, vectors = torch.linalg.eigh(torch.cov(pixels[::7].T))  # a seventh of them will do
    return values.flip(0).float(), vectors.flip(1).float()


def draw_lighting(pca_lighting: Any, dataset: Dataset, std: float = 0.1) -> Figure | None:
    """One image under seven lights, for the paper's strength and for a stronger one."""
    from matplotlib import pyplot

    image = dataset.train.images[3].float() / 255
    values, vectors = colour_directions(dataset)
    generator = torch.Generator().manual_seed(1)
    alphas = torch.randn(7, 3, generator=generator)
    rows = []
    for strength in (std, 10 * std):
        lit = [_attempt(pca_lighting, image, values, vectors, strength * one) for one in alphas]
        if any(not isinstance(one, Tensor) or one.shape != image.shape for one in lit):
            _unwritten("pca_lighting")
            return None
        rows.append(torch.stack([image, *lit]).clamp(0, 1))
    plots.use_style()
    figure, axes = pyplot.subplots(2, 1, figsize=(7.2, 2.4))
    for ax, row, strength in zip(axes, rows, (std, 10 * std), strict=True):
        plots.image_grid(row, ax=ax, columns=8)
        ax.set_title(f"left: as it is; then α of standard deviation {strength:g}", fontsize=9)
    return _shown(figure, dpi=45)


def say_lighting(values: Tensor, vectors: Tensor, alpha: float = 0.1) -> None:
    """Print how far α = 0.1 along the first direction moves a channel, for three readings of λ.

    Args:
        values: eigenvalues (3,) for pixels in [0, 1], the largest first.
        vectors: eigenvectors (3, 3), in columns.
    """
    part = float(vectors[:, 0].abs().mean())
    readings = {
        "λ, pixels in [0, 1]": 255 * float(values[0]),
        "λ, pixels in grey levels": 255**2 * float(values[0]),
        "the square root of λ, in either unit": 255 * float(values[0]) ** 0.5,
    }
    for name, size in readings.items():
        print(f"{name:38} {alpha * size * part:6.1f} grey levels")


# Where parameters and work sit ------------------------------------------------------------


def draw_budget(make: Any) -> Axes | None:
    """Shares of parameters and multiplications by layer of the student's AlexNet."""
    from course.instruments import layer_table

    try:
        with torch.device("meta"):
            table = layer_table(make(), (3, 227, 227))
    except Exception:
        _unwritten("AlexNet")
        return None
    rows = [row for row in table if row.flops]
    parameters = [row.parameters / table.total_parameters for row in rows]
    flops = [row.flops / table.total_flops for row in rows]
    ax = plots.axes(ylabel="share", figsize=(7.2, 3.0))
    places = torch.arange(len(rows))
    ax.bar(places - 0.2, parameters, width=0.38, color=plots.ORANGE, label="parameters")
    ax.bar(places + 0.2, flops, width=0.38, color=plots.BLUE, label="multiplications")
    ax.set_xticks(places, [row.name for row in rows])
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.grid(axis="x", visible=False)
    ax.legend()
    convolutions = [number for number, row in enumerate(rows) if row.kind == "Conv2d"]
    for name, shares in (("parameters", parameters), ("multiplications", flops)):
        print(f"in the convolutions: {sum(shares[n] for n in convolutions):.1%} of the {name}")
    return _shown(ax.figure)


# The ledger -------------------------------------------------------------------------------


def ledger(grouped_conv_parameters: Any, make: Any) -> None:
    """Print parameters by layer: the paper's network, one group, torchvision's.

    The first two columns come from the student's formula, the third and the last line from
    networks that are built without values.
    """
    from torchvision.models import alexnet

    with torch.device("meta"):
        other = [layer for layer in alexnet().modules() if isinstance(layer, _COUNTED)]
        own = _attempt(make)
    columns = [_by_formula(grouped_conv_parameters, grouped) for grouped in (True, False)]
    columns.append([sum(p.numel() for p in layer.parameters()) for layer in other])
    names = [*(f"conv{n}" for n in range(1, 6)), *(f"fc{n}" for n in range(6, 9)), "together"]
    print(f"{'':10}{'paper':>14}{'one group':>14}{'torchvision':>14}")
    totals = [[*column, sum(column)] if column else ["?"] * 9 for column in columns]
    for name, *row in zip(names, *totals, strict=True):
        print(f"{name:10}" + "".join(f"{_thousands(number):>14}" for number in row))
    counted = sum(p.numel() for p in own.parameters()) if isinstance(own, nn.Module) else "?"
    print(f"counted in your AlexNet(): {_thousands(counted)}")
    if "?" in (counted, totals[0][0]):
        print("? stands for what is not written yet")


_COUNTED = (nn.Conv2d, nn.Linear)


def _thousands(number: Any) -> str:
    return f"{number:,}" if isinstance(number, int) else str(number)


def _by_formula(formula: Any, grouped: bool) -> list[int]:
    convolutions = [
        _attempt(formula, row.inputs, row.outputs, row.kernel, row.groups if grouped else 1)
        for row in TABLE
    ]
    if not all(isinstance(count, int) for count in convolutions):
        return []
    linear = [(9216, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 1000)]
    return convolutions + [inputs * outputs + outputs for inputs, outputs in linear]


def differences() -> None:
    """Print what else torchvision's network has otherwise, read from the network itself."""
    from torchvision.models import alexnet

    with torch.device("meta"):
        model = alexnet()
    kinds = [type(layer) for layer in model.modules()]
    convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    pools = [layer for layer in model.modules() if isinstance(layer, nn.MaxPool2d)]
    order = [type(layer).__name__ for layer in model.classifier]
    rows = {
        "channels": (
            [row.outputs for row in TABLE],
            [layer.out_channels for layer in convolutions],
        ),
        "groups": ([row.groups for row in TABLE], [layer.groups for layer in convolutions]),
        "first padding": (TABLE[0].padding, convolutions[0].padding[0]),
        "response normalisations": (2, kinds.count(nn.LocalResponseNorm)),
        "pooling windows": ([3, 3, 3], [layer.kernel_size for layer in pools]),
        "behind the last pooling": ("nothing", type(model.avgpool).__name__),
        "linear part": ("Linear, ReLU, Dropout, twice; Linear", ", ".join(order)),
    }
    for name, (paper, found) in rows.items():
        print(f"{name}\n    paper        {paper}\n    torchvision  {found}")


# The paper's figure 1 ---------------------------------------------------------------------


@dataclass(frozen=True)
class Recipe:
    """How a run of figure 1 begins.

    Attributes:
        inputs: ``"grey levels"`` (0 to 255, less the mean image) or ``"normalised"`` channels.
        weights: ``"0.01"``, the standard deviation of all weights, or ``"suited"``: variance
            2/fan_in behind which a ReLU comes, 1/fan_in otherwise. Biases are 0.
    """

    inputs: str
    weights: str


RECIPES = {"2012": Recipe("grey levels", "0.01"), "today": Recipe("normalised", "suited")}
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
    ax = plots.axes(xlabel="epoch", ylabel="training error", title=title)
    named = set[str]()
    for run in runs:
        label = run.activation if run.activation not in named else None
        named.add(run.activation)
        style = "-" if run.activation == "relu" else "--"
        colour = plots.colour_of(run.activation)
        ax.plot(run.errors, style, color=colour, linewidth=1.4, label=label)
    ax.axhline(target, color=plots.GREY, linewidth=0.8, linestyle=":")
    ax.set_ylim(0, 1)
    ax.legend()
    return _shown(ax.figure)


def say_race(runs: Sequence[Run]) -> None:
    """Epochs to the target, by activation, and how many times longer tanh took."""
    times = {name: [r.epochs for r in runs if r.activation == name] for name in ACTIVATIONS}
    for name, epochs in times.items():
        reached = [value for value in epochs if not math.isnan(value)]
        result = f"{_mean_spread(reached)} epochs" if reached else "target not reached"
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
        print(f"recipe {recipe}, rates {rates}")
        print(textwrap.fill(stored(f"figure1_{recipe}")["how"], 90))
        say_race(runs)
        print()
        _lines(ax, runs)
        ax.set_title(f"recipe: {recipe}")
    axes[1].set_ylabel("")
    return _shown(figure, dpi=70)


def _lines(ax: Axes, runs: Sequence[Run]) -> None:
    plots.axes(ax, xlabel="epoch", ylabel="training error")
    for run in runs:
        style = "-" if run.activation == "relu" else "--"
        label = run.activation if run.seed == runs[0].seed else None
        colour = plots.colour_of(run.activation)
        ax.plot(run.errors, style, color=colour, linewidth=1.3, label=label)
    ax.axhline(0.25, color=plots.GREY, linewidth=0.8, linestyle=":")
    ax.set_ylim(0, 1)
    ax.legend()


# A small AlexNet --------------------------------------------------------------------------


@dataclass(frozen=True)
class Design:
    """What can be switched off in the small AlexNet."""

    norm: bool = True
    overlap: bool = True
    dropout: float = 0.5
    groups: int = 2


def small_alexnet(design: Design = Design(), num_classes: int = 10) -> nn.Sequential:
    """AlexNet's plan for 32×32 pixels, ``(N, 3, 32, 32) -> (N, num_classes)``.

    Five convolutions (7×7 with stride 2, 5×5, three of 3×3) and three linear layers, a fourth of
    AlexNet's width or less, two groups in the same places. The first layer begins as the paper
    says, the others with variance 2/fan_in.
    """
    groups = design.groups
    steps: list[tuple[str, nn.Module]] = [
        ("conv1", nn.Conv2d(3, 24, 7, stride=2, padding=3)),  # 16 × 16
        *_stage(1, design),  # 8 × 8
        ("conv2", nn.Conv2d(24, 48, 5, padding=2, groups=groups)),
        *_stage(2, design),  # 4 × 4
        ("conv3", nn.Conv2d(48, 64, 3, padding=1)),
        ("relu3", nn.ReLU()),
        ("conv4", nn.Conv2d(64, 64, 3, padding=1, groups=groups)),
        ("relu4", nn.ReLU()),
        ("conv5", nn.Conv2d(64, 48, 3, padding=1, groups=groups)),
        ("relu5", nn.ReLU()),
        ("flatten", nn.Flatten()),
    ]
    sizes = [48 * 4 * 4, 128, 128, num_classes]
    for number, pair in enumerate(pairwise(sizes), start=6):
        steps.append((f"fc{number}", nn.Linear(*pair)))
        if number < 8:
            steps += [(f"relu{number}", nn.ReLU()), (f"drop{number}", nn.Dropout(design.dropout))]
    return _started(nn.Sequential(OrderedDict(steps)))


def _stage(number: int, design: Design) -> list[tuple[str, nn.Module]]:
    """ReLU, normalisation, pooling; both kinds of pooling halve the side."""
    pool = nn.MaxPool2d(3, 2, padding=1) if design.overlap else nn.MaxPool2d(2, 2)
    norm = [(f"norm{number}", nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0))] if design.norm else []
    return [(f"relu{number}", nn.ReLU()), *norm, (f"pool{number}", pool)]


def _started(model: nn.Sequential) -> nn.Sequential:
    for name, layer in model.named_children():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
            if name == "conv1":
                nn.init.normal_(layer.weight, std=0.01)
    return model


flip_and_crop = augment.Chain(augment.Crop(padding=4), augment.Flip())
"""Moves by up to 4 pixels and mirrors, ``(N, C, H, W) -> (N, C, H, W)``."""

paper_sgd = partial(torch.optim.SGD, momentum=0.9, weight_decay=5e-4)
"""The paper's optimiser (section 5), as ``fit`` takes it."""


@dataclass(frozen=True)
class Score:
    """Accuracies after one training: on the training images as they are, and on the test images."""

    seed: int
    train: float
    test: float


@dataclass(frozen=True)
class Lesson:
    """The training that all variants of one comparison share."""

    dataset: Dataset
    epochs: int
    batch_size: int = 64
    lr: float = 0.02

    @one_thread()
    def score(self, design: Design, seed: int, augmented: bool = False) -> tuple[Score, nn.Module]:
        """Train one small AlexNet; its accuracies and itself."""
        from course.training import evaluate, fit

        parts = (self.dataset.train, self.dataset.test)
        train, test = ((self.dataset.normalise(part.images), part.labels) for part in parts)
        with seeded(seed):
            model = small_alexnet(design)
        fit(
            model,
            train,
            epochs=self.epochs,
            batch_size=self.batch_size,
            lr=self.lr,
            optimizer=paper_sgd,
            seed=seed,
            augment=flip_and_crop if augmented else None,
            progress=False,
        )
        accuracies = (evaluate(model, *part).accuracy for part in (train, test))
        return Score(seed, *accuracies), model


VARIANTS: dict[str, tuple[Design, bool]] = {
    "neither": (Design(norm=False, dropout=0.0), False),
    "dropout": (Design(norm=False), False),
    "augmentation": (Design(norm=False, dropout=0.0), True),
    "both": (Design(norm=False), True),
}
PARTS: dict[str, tuple[Design, bool]] = {
    "all three": (Design(dropout=0.0), False),
    "without normalisation": (Design(norm=False, dropout=0.0), False),
    "pooling side by side": (Design(overlap=False, dropout=0.0), False),
    "one group": (Design(groups=1, dropout=0.0), False),
}


def compare(
    lesson: Lesson, variants: Mapping[str, tuple[Design, bool]], seeds: Iterable[int]
) -> dict[str, list[Score]]:
    """Every variant from every seed."""
    seeds = list(seeds)
    return {
        name: [lesson.score(design, seed, augmented)[0] for seed in seeds]
        for name, (design, augmented) in variants.items()
    }


def say_scores(scores: Mapping[str, Sequence[Score]]) -> None:
    """Training and test accuracy of each variant, and the gap between them."""
    print(f"{'':22}{'training':>16}{'test':>16}{'gap':>16}")
    for name, several in scores.items():
        columns = (
            [100 * score.train for score in several],
            [100 * score.test for score in several],
            [100 * (score.train - score.test) for score in several],
        )
        print(f"{name:22}" + "".join(f"{_mean_spread(column) + ' %':>16}" for column in columns))


def stored_scores(name: str) -> dict[str, list[Score]]:
    """Precomputed scores by variant: of ``"regularisation"`` or ``"parts"``."""
    runs = stored(name)["runs"]
    return {key: [Score(**score) for score in scores] for key, scores in runs.items()}


def draw_scores(scores: Mapping[str, Sequence[Score]]) -> Figure:
    """Training (pale) and test accuracy of each variant: bars for means, a dot for each seed."""
    ax = plots.axes(ylabel="accuracy", figsize=(7.2, 3.0))
    for place, several in enumerate(scores.values()):
        for shift, part, shade in ((-0.19, "train", 0.45), (0.19, "test", 1.0)):
            values = [getattr(score, part) for score in several]
            colour = plots.colour_of("alexnet")
            label = {"train": "training", "test": "test"}[part] if place == 0 else None
            ax.bar(place + shift, mean(values), 0.36, color=colour, alpha=shade, label=label)
            ax.plot([place + shift] * len(values), values, ".", color=plots.INK, markersize=5)
    ax.set_xticks(range(len(scores)), list(scores))
    ax.set_ylim(0, 1)
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper right", ncols=2)
    return _shown(ax.figure)


# First-layer filters ----------------------------------------------------------------------


def colour_share(filters: Tensor) -> Tensor:
    """How colourful each filter is: (N, 3, H, W) -> (N,), 0 for grey, 1 for colour alone.

    The share of a filter's squared weights that is left when its mean over the three channels is
    taken out. Independent random weights give 2/3 on average.
    """
    grey = filters.mean(dim=1, keepdim=True)
    return (filters - grey).square().sum((1, 2, 3)) / filters.square().sum((1, 2, 3))


def group_difference(filters: Tensor) -> float:
    """How much more colourful the second half of the filters is than the first, on average."""
    first, second = colour_share(filters).chunk(2)
    return float(second.mean() - first.mean())


def draw_filters(filters: Tensor, title: str = "") -> Figure:
    """Filters (N, 3, H, W), each stretched to its own largest weight, 12 in a row.

    Within each half (one group of the next layer) from grey to colourful.
    """
    halves = [half[colour_share(half).argsort()] for half in filters.detach().cpu().chunk(2)]
    ordered = torch.cat(halves)
    ordered = 0.5 + 0.5 * ordered / ordered.abs().amax((1, 2, 3), keepdim=True).clamp(min=1e-12)
    ax = plots.image_grid(ordered, columns=12, title=title)
    return _shown(ax.figure)


def stored_filters() -> list[Tensor]:
    """Precomputed first-layer filters ``(24, 3, 7, 7)``, one set for each seed."""
    return [_unpacked(text) for text in stored("filters")["runs"]]


def _packed(filters: Tensor) -> str:
    """Filters in steps of 1/127 of their largest weight, as text."""
    steps = (127 * filters / filters.abs().max()).round().to(torch.int8)
    return base64.b64encode(steps.cpu().numpy().tobytes()).decode()


def _unpacked(text: str) -> Tensor:
    steps = torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.int8)
    return steps.view(-1, 3, 7, 7).float() / 127


def say_groups(sets: Sequence[Tensor], shuffles: int = 10_000) -> None:
    """Colour by group for each seed, with how often a random split into halves does the same."""
    for number, filters in enumerate(sets):
        found, share = group_difference(filters), colour_share(filters)
        generator = torch.Generator().manual_seed(number)
        order = torch.rand(shuffles, len(share), generator=generator).argsort(dim=1)
        halves = share[order].chunk(2, dim=1)
        chance = (halves[1].mean(1) - halves[0].mean(1)).abs() >= abs(found)
        groups = " and ".join(f"{half.mean():.2f}" for half in share.chunk(2))
        print(f"seed {number}: colour share {groups}; by chance in {chance.float().mean():.0%}")


# Precomputing -----------------------------------------------------------------------------


def precompute(only: Sequence[str] = ()) -> None:
    """Run the experiments (all, or those named) on the CPU and write their results."""
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "figure1_2012": partial(_figure1, "2012"),
        "figure1_today": partial(_figure1, "today"),
        "parts": partial(_comparison, PARTS, images=2000, epochs=10),
        "regularisation": partial(_comparison, VARIANTS, images=3000, epochs=25),
        "filters": _filters,
    }
    for name in only or parts:
        found = parts[name]()
        known = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps({**known, name: found}, indent=1, ensure_ascii=False) + "\n")
        print(f"{name}: written")


def _cifar(images: int, test: int = 2000) -> Dataset:
    from course import data

    dataset = data.load("cifar10", size=(images, test))
    if dataset.name != "cifar10":
        raise RuntimeError("CIFAR-10 could not be loaded, and these results are about it")
    return dataset


RATES = {  # the likely best first: the others are given up where they fall behind it
    "2012": {"relu": (0.002, 0.001, 0.003), "tanh": (0.02, 0.03, 0.01)},
    "today": {"relu": (0.01, 0.005, 0.02), "tanh": (0.02, 0.01, 0.04)},
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


def _filters() -> dict[str, Any]:
    images, epochs, seeds = 15_000, 7, 3
    lesson = Lesson(_cifar(images), epochs)
    design = replace(Design(), norm=False, dropout=0.0)
    runs, scores = [], []
    for seed in range(seeds):
        score, model = lesson.score(design, seed)
        runs.append(_packed(model.conv1.weight.detach()))  # type: ignore[union-attr, operator]
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
