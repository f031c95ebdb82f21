"""Every activation with every initialisation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from course import plots
from course.device import one_thread
from course.labs.lab01_activations.experiments.stacks import INITIALISATIONS, MODULES, propagate
from course.labs.shared.pages import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Grid:
    """log₁₀ of the ratios of :class:`Signal`, ``(seeds, activations, initialisations)``."""

    forward: Tensor
    backward: Tensor


@one_thread()
def init_grid(seeds: Iterable[int], depth: int = 20) -> Grid:
    """Every activation with every initialisation, on fresh stacks of ``depth`` layers."""
    forward, backward = [], []
    for seed in seeds:
        signals = [
            [propagate(activation, init, depth=depth, seed=seed) for init in INITIALISATIONS]
            for activation in MODULES
        ]
        forward.append([[signal.forward_ratio for signal in row] for row in signals])
        backward.append([[signal.backward_ratio for signal in row] for row in signals])
    return Grid(torch.tensor(forward).log10(), torch.tensor(backward).log10())


def draw_grid(grid: Grid) -> Figure:
    """Two heat maps of the means over the seeds; 0 means that the signal keeps its size."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 2, figsize=(9.2, 3.4))
    titles = ("outputs, last layer over first", "gradients, first layer over last")
    for ax, ratios, title in zip(axes, (grid.forward, grid.backward), titles, strict=True):
        plots.heatmap(
            ratios.mean(dim=0).round(decimals=1) + 0.0,  # no "-0.0"
            list(MODULES),
            list(INITIALISATIONS),
            ax,
            title=title,
            fmt="+.1f",
            limits=(-8, 8),
            cmap="PuOr",
        )
    figure.supxlabel("powers of ten: −2 is a hundredth, 0 is unchanged", fontsize=10)
    return shown(figure)


def most_uncertain(grid: Grid) -> float:
    """The largest standard deviation over the seeds in the gradient table, in powers of ten."""
    return float(grid.backward.std(dim=0).max())
