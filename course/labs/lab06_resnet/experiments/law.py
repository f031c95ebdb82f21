"""The law, in one dimension and in more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from course import plots
from course.device import seeded
from course.experiments import on_cpu
from course.labs.shared.pages import attempt, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLOCKS = 54  # of a network with 110 layers
SCALARS = {
    "plain, f' = 0.25": (False, lambda n: torch.full((n,), 0.25)),
    "residual, f' = +0.25": (True, lambda n: torch.full((n,), 0.25)),
    "residual, f' = −0.25": (True, lambda n: torch.full((n,), -0.25)),
    "residual, f' = ±0.25, at random": (True, lambda n: 0.5 * torch.rand(n).gt(0.5) - 0.25),
}


def draw_law(chain_gradient: Any) -> Figure | None:
    """Products of scalar slopes by depth (left), and singular values of Jacobians (right).

    Args:
        chain_gradient: the student's.
    """
    with seeded(0):
        slopes = {name: (flag, make(BLOCKS).double()) for name, (flag, make) in SCALARS.items()}
    products = attempt(
        "chain_gradient",
        lambda: {
            name: [float(chain_gradient(d[:depth], flag)) for depth in range(BLOCKS + 1)]
            for name, (flag, d) in slopes.items()
        },
    )
    return None if products is None else _law_figure(products)


def _law_figure(products: Mapping[str, Sequence[float]]) -> Figure:
    from matplotlib import pyplot

    plots.use_style()
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9.4, 3.9))
    looks = (plots.VERMILLION, plots.BLUE, plots.SKY, plots.INK)
    for (name, values), colour in zip(products.items(), looks, strict=True):
        left.plot([abs(value) for value in values], color=colour, label=name)
        print(f"{name:32} after {BLOCKS} blocks: {values[-1]:.1e}")
    for residual, colour in ((False, plots.VERMILLION), (True, plots.BLUE)):
        _draw_spectrum(right, residual, colour)
    plots.axes(left, xlabel="blocks", ylabel="|dy/dx|", title="one dimension")
    plots.axes(right, xlabel="blocks", ylabel="singular values", title="64 dimensions")
    for ax, limits, corner in ((left, (1e-34, 1e8), "left"), (right, (2e-3, 1e2), "right")):
        ax.set_yscale("log")
        ax.set_ylim(*limits)
        ax.legend(fontsize=9, loc=f"lower {corner}")  # where no line runs
    return shown(figure)


def _draw_spectrum(ax: Axes, residual: bool, colour: str) -> None:
    """Size of a typical gradient by depth, and for residual blocks largest and smallest gain.

    (Of a product of J alone float64 can't tell the smallest: it is lost beside the largest.)
    """
    with on_cpu("singular values of small matrices, one after the other"):
        logs = torch.stack([singular_values(residual, seed).log10() for seed in range(3)])
    spectra = 10 ** logs.mean(dim=0)
    typical = spectra.square().mean(dim=1).sqrt()
    name = "residual, I + J" if residual else "plain, J"
    ax.plot(typical, color=colour, label=f"{name}: a typical gradient")
    told = f"typical {typical[-1]:.1e}"
    if residual:
        low, high = spectra[:, -1], spectra[:, 0]
        ax.fill_between(
            range(len(low)),
            low,
            high,
            color=colour,
            alpha=0.25,
            label="residual: smallest to largest",
        )
        told += f",\n{'':33}largest {high[-1]:.1e}, smallest {low[-1]:.1e}"
    print(f"64 dimensions, {name:17} after {BLOCKS} blocks: {told}")


def singular_values(residual: bool, seed: int, size: int = 64, gain: float = 0.25) -> Tensor:
    """Singular values ``(blocks + 1, size)`` of products of random Jacobians.

    Each J is Gaussian with standard deviation ``gain / √size``: it scales a typical vector by
    ``gain``, as f' = ±0.25 does in one dimension.
    """
    with seeded(seed):
        jacobians = gain / size**0.5 * torch.randn(BLOCKS, size, size, dtype=torch.float64)
    eye = torch.eye(size, dtype=torch.float64)
    product, found = eye, []
    for jacobian in jacobians:
        found.append(torch.linalg.svdvals(product))
        product = (eye + jacobian if residual else jacobian) @ product
    return torch.stack([*found, torch.linalg.svdvals(product)])
