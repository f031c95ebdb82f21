"""Gradients of the early layers, with and without the heads' losses, for three starts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from course import plots
from course.experiments import here
from course.instruments import parameter_gradient_norms
from course.labs.lab05_inception.experiments.networks import HEAD_WEIGHT, small_googlenet
from course.labs.lab05_inception.paper import TABLE
from course.labs.shared.pages import shown, spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STARTS = {"plain": "PyTorch's start", "He's start": "He's start", "BatchNorm": "BatchNorm"}
STAGES = ("stem", *TABLE)
START_COLOURS = {
    "plain": plots.VERMILLION,
    "He's start": plots.ORANGE,
    "BatchNorm": plots.BLUE,
}


def early_gradients(design: str, seed: int) -> dict[str, list[float]]:
    """Gradient norms by stage, of the main loss alone and of the loss with both heads.

    One network with heads, one batch of 64 random images: the same weights for both losses.
    """
    model = small_googlenet(f"{design}, heads", seed).to(here())
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(64, 3, 32, 32, generator=generator)
    labels = torch.randint(0, 10, (64,), generator=generator)
    outputs, labels = model(images.to(here())), labels.to(here())
    main, *early = [F.cross_entropy(scores, labels) for scores in outputs]
    losses = {"main": main, "with heads": main + HEAD_WEIGHT * sum(early)}
    return {name: _by_stage(parameter_gradient_norms(model, loss)) for name, loss in losses.items()}


def _by_stage(norms: Mapping[str, float]) -> list[float]:
    """One norm for each of ``STAGES``, of all weights in it; of the stem, its first layer's."""
    stages = dict.fromkeys(STAGES, 0.0)
    stages["stem"] = norms["entry.0.0.weight"] ** 2
    for name, norm in norms.items():
        part, _, rest = name.partition(".")
        if part == "blocks":
            stages[rest.partition(".")[0]] += norm**2
    return [math.sqrt(square) for square in stages.values()]


def draw_gradients(seeds: Sequence[int]) -> Figure:
    """Gradient by stage with and without the heads' losses, for three starts."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 3, figsize=(9.6, 3.2))
    for ax, (design, title) in zip(axes, STARTS.items(), strict=True):
        several = [early_gradients(design, seed) for seed in seeds]
        for key, colour, style in (
            ("with heads", plots.colour_of("GoogLeNet"), "o-"),
            ("main loss alone", plots.INK, "--"),
        ):
            curve = _geometric([found[key.removesuffix(" loss alone")] for found in several])
            ax.plot(range(len(STAGES)), curve, style, ms=4, color=colour, label=key)
        ax.set_yscale("log")
        ax.set_xticks(range(len(STAGES)), ["1", *TABLE], fontsize=9)
        plots.axes(ax, title=title)
        _tell_gradients(title, several)
    axes[0].set_ylabel("gradient norm")
    axes[1].set_xlabel("first layer, then blocks")
    axes[0].legend(fontsize=9)
    return shown(figure)


def _tell_gradients(title: str, several: Sequence[Mapping[str, Sequence[float]]]) -> None:
    falls = [
        _power([found[key][0] / found[key][-1] for found in several])
        for key in ("main", "with heads")
    ]
    gains = [found["with heads"][0] / found["main"][0] for found in several]
    print(f"{title:16} first layer to last block, log10: main {falls[0]}, with heads {falls[1]}")
    print(f"{'':16} the heads multiply the first layer's gradient by {spread(gains, '.2f')}")


def _power(values: Sequence[float]) -> str:
    logs = [math.log10(value) for value in values]
    return f"{mean(logs):+.1f} ± {stdev(logs):.1f}" if len(logs) > 1 else f"{logs[0]:+.1f}"


def _geometric(curves: Sequence[Sequence[float]]) -> list[float]:
    return [math.exp(mean(map(math.log, column))) for column in zip(*curves, strict=True)]
