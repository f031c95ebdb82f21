"""An activation, its parameter and its tangent, to play with."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from course import plots
from course.checks.probes import gradient_of
from course.labs.lab01_activations.experiments.stacks import MODULES
from course.labs.shared.pages import live_front_end, shown
from course.labs.shared.sliders import follow

if TYPE_CHECKING:
    from matplotlib.figure import Figure


PARAMETERS = {"leaky_relu": "negative_slope", "elu": "alpha"}


def explorer() -> Any:
    """Sliders for activation, parameter and input where somebody can move them; else a picture.

    What was drawn last stays in the notebook when it is saved.
    """
    if not live_front_end():
        return static_explorer()
    try:
        import ipywidgets as widgets
    except ImportError:
        print("for sliders here: pip install ipywidgets, then restart the kernel")
        return static_explorer()
    return follow(
        tangent,
        activation=widgets.Dropdown(options=list(MODULES), value="elu"),
        parameter=widgets.FloatSlider(1.0, min=0.0, max=3.0, step=0.05, continuous_update=False),
        x=widgets.FloatSlider(-1.0, min=-4.0, max=4.0, step=0.1, continuous_update=False),
    )


def tangent(activation: str, parameter: float, x: float) -> Figure:
    """The function with its tangent at ``x`` (left), and its slope (right)."""
    from matplotlib import pyplot

    plots.use_style()
    options = {PARAMETERS[activation]: parameter} if activation in PARAMETERS else {}
    grid, point = torch.linspace(-4, 4, 401, dtype=torch.float64), torch.tensor([x]).double()
    function = partial(getattr(F, activation), **options)
    y, slope = function(point).item(), gradient_of(function, point).item()
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8.4, 3.2), sharex=True)
    colour = plots.colour_of(activation)
    left.plot(grid, function(grid), color=colour)
    left.plot(grid, y + slope * (grid - x), color=plots.INK, linewidth=1, linestyle="--")
    left.plot([x], [y], "o", color=plots.INK)
    left.set_ylim(-4, 4)
    right.plot(grid, gradient_of(function, grid), color=colour)
    right.plot([x], [slope], "o", color=plots.INK)
    plots.axes(left, xlabel="x", ylabel="y", title=f"{activation}: y = {y:.3f}")
    plots.axes(right, xlabel="x", ylabel="slope", title=f"slope {slope:.3f}")
    return shown(figure)


def static_explorer() -> Figure:
    """Three values of each parameter, functions above and slopes below."""
    from matplotlib import pyplot

    plots.use_style()
    x = torch.linspace(-4, 4, 401, dtype=torch.float64)
    figure, axes = pyplot.subplots(2, 2, figsize=(8.4, 5.2), sharex=True)
    choices = {"leaky_relu": (0.01, 0.1, 0.3), "elu": (0.5, 1.0, 2.0)}
    for column, (name, values) in enumerate(choices.items()):
        key = PARAMETERS[name]
        for value, dashes in zip(values, plots.DASHES, strict=False):
            function = partial(getattr(F, name), **{key: value})
            look = {"color": plots.colour_of(name), "linestyle": dashes, "label": f"{key} {value}"}
            axes[0, column].plot(x, function(x), **look)
            axes[1, column].plot(x, gradient_of(function, x), **look)
        plots.axes(axes[0, column], ylabel="y", title=name)
        plots.axes(axes[1, column], xlabel="x", ylabel="slope")
        axes[0, column].legend()
    return shown(figure)
