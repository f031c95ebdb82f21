"""Gradients of a plain and a residual stack, with sliders where somebody can move them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from course import plots
from course.labs.lab06_resnet.experiments.gradients import gradients_by_unit
from course.labs.lab06_resnet.experiments.networks import ACTIVATIONS, Kind
from course.labs.shared.pages import live_front_end, shown
from course.labs.shared.sliders import follow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def explorer() -> Any:
    """Sliders for depth, activation, order and start where somebody can move them; else a picture.

    What was drawn last stays in the notebook when it is saved.
    """
    if not live_front_end():
        return static_explorer()
    try:
        import ipywidgets as widgets
    except ImportError:
        print("for sliders here: pip install ipywidgets, then restart the kernel")
        return static_explorer()
    orders = {"after the addition": "post", "in the branch": "inside", "before each layer": "pre"}
    return follow(
        _explore,
        depth=widgets.IntSlider(56, min=8, max=110, step=6, continuous_update=False),
        activation=widgets.Dropdown(options=list(ACTIVATIONS), value="tanh"),
        batchnorm=widgets.Checkbox(True, description="BatchNorm"),
        order=widgets.Dropdown(options=orders, value="post", description="activation is"),
        start=widgets.Dropdown(options=["torch", "He"], value="torch", description="start"),
    )


def _explore(depth: int, activation: str, batchnorm: bool, order: str, start: str) -> Figure:
    from matplotlib import pyplot

    plots.use_style()
    figure, ax = pyplot.subplots(figsize=(6.8, 3.6))
    compare_families(ax, Kind(True, batchnorm, activation, order, start), depth)
    return shown(figure)


def compare_families(ax: Axes, kind: Kind, depth: int, seed: int = 0) -> None:
    """Gradient by unit of a residual stack and of its plain twin."""
    for residual in (False, True):
        one = replace(kind, residual=residual)
        norms = torch.tensor(gradients_by_unit(one, depth, seed), dtype=torch.float64)
        name = "residual" if residual else "plain"
        colour = plots.BLUE if residual else plots.VERMILLION
        ax.plot(norms.where(norms > 0, torch.nan), color=colour, label=name)
    plots.axes(ax, xlabel="unit (0: the stem's output)", ylabel="gradient", title=kind.activation)
    ax.set_yscale("log")
    ax.legend()


def static_explorer(depth: int = 38) -> Figure:
    """Three activations with BatchNorm: plain and residual."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 3, figsize=(9.6, 3.2), sharey=True)
    for ax, activation in zip(axes, ACTIVATIONS, strict=True):
        compare_families(ax, Kind(True, True, activation), depth)
        ax.set_ylabel("gradient" if ax is axes[0] else "")
    figure.suptitle(f"{depth} layers, BatchNorm, the activation after the addition", fontsize=10)
    return shown(figure)
