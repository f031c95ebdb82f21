"""Gradient by unit of plain and residual stacks, before any training."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import plots
from course.device import seeded
from course.experiments import here
from course.labs.lab06_resnet.experiments.inputs import batch
from course.labs.lab06_resnet.experiments.networks import DEPTHS, PANELS, Kind, Unit, even_network
from course.labs.shared.pages import attempt, shown
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LAB = "lab06_resnet"
Loss = Callable[[], Tensor]
Norms = Callable[[nn.Module, Loss], Mapping[str, float]]


def build(kind: Kind, depth: int, seed: int) -> nn.Sequential:
    """A fresh stack of units of this kind, 16 channels.

    In float64: in float32 the norm of a small gradient is 0 long before the gradient is.
    """
    with seeded(seed):
        model = even_network(lambda: Unit(kind, 16, 16), depth, norm=kind.norm)
    return model.double().to(here(float64=True))


def norms_by_unit(norms: Norms, kind: Kind, depth: int, seed: int) -> list[float]:
    """Gradient at the stem's output and at each unit's, on ``batch``, before any training."""
    model = build(kind, depth, seed)
    images, labels = batch()
    found = norms(model, lambda: F.cross_entropy(model(images), labels))
    return [value for name, value in found.items() if name != "head"]


def after_backward(model: nn.Sequential) -> list[Tensor]:
    """What each part gives out on ``batch``, with the loss's gradient in its ``grad``."""
    x, labels = batch()
    outputs = []
    for part in model:
        x = part(x)
        x.retain_grad()
        outputs.append(x)
    F.cross_entropy(x, labels).backward()
    return outputs


def gradients_by_unit(kind: Kind, depth: int, seed: int) -> list[float]:
    """As ``norms_by_unit``, by what autograd kept on a pass from unit to unit."""
    outputs = after_backward(build(kind, depth, seed))[:-1]
    return [torch.as_tensor(output.grad).norm().item() for output in outputs]


def draw_gradients(
    gradient_norms: Any, seeds: Sequence[int], depths: Sequence[int] = DEPTHS
) -> Figure:
    """Gradient by unit of four kinds of ReLU stacks, lines by depth, measured now.

    Args:
        gradient_norms: the student's; the course's instrument stands in until it is there.
    """
    measure: Callable[[Kind, int, int], list[float]] = partial(norms_by_unit, gradient_norms)
    if attempt("gradient_norms", lambda: measure(PANELS[0], 8, 0)) is None:
        print("The picture is drawn with the course's instrument.")
        measure = gradients_by_unit
    return gradient_figure(
        {
            kind: {depth: [_logs(measure(kind, depth, seed)) for seed in seeds] for depth in depths}
            for kind in PANELS
        }
    )


def _logs(norms: Sequence[float]) -> list[float | None]:
    """Powers of ten; None for 0."""
    return [round(math.log10(value), 3) if value > 0 else None for value in norms]


Curves = Mapping[int, Sequence[Sequence[float | None]]]


def gradient_figure(curves: Mapping[Kind, Curves]) -> Figure:
    """Four panels, plain and residual, without and with BatchNorm: gradient by unit."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(2, 2, figsize=(9.4, 6.4), sharex=True, sharey="row")
    for ax, (kind, by_depth) in zip(axes.flat, curves.items(), strict=True):
        for (depth, runs), shade in zip(by_depth.items(), SHADES, strict=False):
            _draw_runs(ax, depth, runs, shade)
        plots.axes(ax, title=kind.name)
    for ax in axes[:, 0]:
        ax.set_ylabel("gradient, relative to the last")
    for ax in axes[-1]:
        ax.set_xlabel("unit (0: the stem's output)")
    for row, limits in zip(axes, ((1e-48, 1e4), (1e-2, 1e9)), strict=True):
        row[0].set_yscale("log")
        row[0].set_ylim(*limits)
    axes[0, 1].legend(loc="lower right", title="layers")
    return shown(figure)


SHADES = (plots.SKY, plots.BLUE, plots.INK)
LOWEST = -300.0  # stands for a gradient of 0


def _draw_runs(ax: Axes, depth: int, runs: Sequence[Sequence[float | None]], shade: str) -> None:
    """The geometric mean over the seeds, and a band from the smallest to the largest."""
    powers = [[LOWEST if value is None else value for value in run] for run in runs]
    filled_in = torch.tensor(powers, dtype=torch.float64)
    relative = filled_in - filled_in[:, -1:]
    zero = (filled_in <= LOWEST).any(dim=0)
    relative[:, zero] = torch.nan
    places = torch.arange(relative.shape[1])
    middle, low, high = relative.mean(0), relative.amin(0), relative.amax(0)
    ax.fill_between(places, 10**low, 10**high, color=shade, alpha=0.2, linewidth=0)
    ax.plot(places, 10**middle, color=shade, label=str(depth))


def print_vanished(seed: int = 0) -> None:
    """Print how much of the gradient at the stem is exactly 0 in float32, by depth."""
    images, labels = batch()
    for depth in DEPTHS:
        model = build(PANELS[0], depth, seed).float()
        x = model[0](images.float())
        x.retain_grad()
        F.cross_entropy(model[1:](x), labels).backward()
        gradient = torch.as_tensor(x.grad)
        share = (gradient == 0).double().mean().item()
        print(
            f"{depth:4} layers: {100 * share:3.0f} % of the gradient is exactly 0, "
            f"the largest entry is {gradient.abs().max().item():.0e}"
        )


def draw_stored_gradients() -> Figure:
    """The four panels from five seeds."""
    results = stored(LAB)["gradients"]
    print(results["about"])
    names = {kind.name: kind for kind in PANELS}
    return gradient_figure(
        {
            names[name]: {int(depth): runs for depth, runs in by_depth.items()}
            for name, by_depth in results["curves"].items()
        }
    )


def measured_curves(seeds: Sequence[int]) -> dict[str, Any]:
    """Powers of ten of the gradient by unit for the four panels, by depth and seed."""
    return {
        kind.name: {
            str(depth): [_logs(gradients_by_unit(kind, depth, seed)) for seed in seeds]
            for depth in DEPTHS
        }
        for kind in PANELS
    }
