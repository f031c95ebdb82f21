"""Mean and variance from layer to layer: SELU's fixed point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from course import plots
from course.device import one_thread, seeded
from course.experiments import here
from course.instruments import record_activations
from course.labs.lab01_activations.experiments.stacks import MODULES, stack
from course.labs.shared.pages import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def moments(
    activation: str,
    initialisation: str,
    seed: int,
    *,
    depth: int = 50,
    width: int = 256,
    mean: float = 0.0,
    std: float = 1.0,
) -> Tensor:
    """Mean and variance of inputs and of each layer's outputs; ``(2, depth + 1)``."""
    with seeded(seed), one_thread():
        model = stack(activation, initialisation, depth, width).to(here())
        x = (mean + std * torch.randn(256, width)).to(here())
        layers = [x, *record_activations(model, x, MODULES[activation]).values()]
        return torch.tensor([[float(y.mean()) for y in layers], [float(y.var()) for y in layers]])


FIXED_POINT = {  # name: (activation, initialisation, mean and std of the inputs)
    "selu": ("selu", "LeCun", 0.0, 1.0),
    "selu, from mean 0.5, std 2": ("selu", "LeCun", 0.5, 2.0),
    "elu": ("elu", "LeCun", 0.0, 1.0),
    "tanh": ("tanh", "LeCun", 0.0, 1.0),
    "relu, He": ("relu", "He", 0.0, 1.0),
}


def draw_fixed_point(seeds: Sequence[int]) -> Figure:
    """Mean and variance of the outputs by layer, over the seeds."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 2, figsize=(9.2, 3.8))
    for name, (activation, init, mean, std) in FIXED_POINT.items():
        runs = torch.stack([moments(activation, init, seed, mean=mean, std=std) for seed in seeds])
        colour = plots.INK if "from" in name else plots.colour_of(activation)
        for ax, values in zip(axes, runs.unbind(dim=1), strict=True):
            plots.spread(ax, range(values.shape[1]), values, name, colour)
    plots.axes(axes[0], xlabel="layer (0: the inputs)", ylabel="mean", title="mean")
    plots.axes(axes[1], xlabel="layer (0: the inputs)", ylabel="variance", title="variance")
    axes[1].set_yscale("log")
    for ax in axes:
        ax.get_legend().remove()
        ax.set_xticks(range(0, 51, 10))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return shown(figure)
