"""Shattered gradients: does the slope at one input tell of the next?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import plots
from course.device import seeded
from course.experiments import here
from course.labs.shared.pages import shown, spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Line(nn.Module):
    """A network on numbers ``(N, 1) -> (N, 1)``: 200 units a layer, ReLU, BatchNorm."""

    def __init__(self, layers: int, residual: bool, width: int = 200) -> None:
        super().__init__()
        self.residual = residual
        self.stem, self.head = nn.Linear(1, width), nn.Linear(width, 1)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width, momentum=1.0) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 1) -> (N, 1)``."""
        h = self.stem(x)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            change = layer(F.relu(norm(h)))
            h = h + change if self.residual else change
        result: Tensor = self.head(h)
        return result


def slopes_on_a_line(layers: int, residual: bool, seed: int, points: int = 256) -> Tensor:
    """dy/dx of a fresh network at ``points`` places between −2 and 2, float64."""
    with seeded(seed):
        model = Line(layers, residual).double().to(here(float64=True))
    x = torch.linspace(-2, 2, points, dtype=torch.float64).unsqueeze(1)
    x = x.to(here(float64=True)).requires_grad_()
    with torch.no_grad():
        model(x)  # sets the running statistics, so that the points do not see each other below
    (slopes,) = torch.autograd.grad(model.eval()(x).sum(), x)
    return slopes.squeeze(1).cpu()


def autocorrelation(series: Tensor, lags: int = 40) -> Tensor:
    """Correlation ``(lags + 1,)`` of a series with itself, moved by 0, 1, … ``lags`` places."""
    centred = series - series.mean()
    total = centred @ centred
    return torch.stack([centred[: len(centred) - k] @ centred[k:] for k in range(lags + 1)]) / total


SHATTERED = {
    "plain, 2 layers": (2, False, plots.ORANGE),
    "plain, 24 layers": (24, False, plots.VERMILLION),
    "plain, 50 layers": (50, False, plots.PURPLE),
    "residual, 50 layers": (50, True, plots.BLUE),
}


def draw_shattered(seeds: Sequence[int]) -> Figure:
    """Autocorrelation of dy/dx along a line of inputs, mean over the seeds."""
    ax = plots.axes(
        xlabel="distance of two inputs, in steps of 4/255", ylabel="autocorrelation of dy/dx",
        figsize=(6.8, 3.4),
    )  # fmt: skip
    for name, (layers, residual, colour) in SHATTERED.items():
        runs = torch.stack([autocorrelation(slopes_on_a_line(layers, residual, s)) for s in seeds])
        plots.spread(ax, range(runs.shape[1]), runs, name, colour)
        print(f"{name:22} at distance 1: {spread(runs[:, 1].tolist(), '.2f')}")
    return shown(ax.figure)
