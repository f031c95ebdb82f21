"""The six functions and their slopes: the student's over torch's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from course import plots
from course.checks.probes import gradient_of
from course.labs.lab01_activations.experiments.stacks import MODULES
from course.labs.lab01_activations.experiments.written import answer_of
from course.labs.shared.pages import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def gallery(names: Mapping[str, Any]) -> Figure:
    """Six functions with their slopes: torch's as broad bands, the student's as thin lines.

    Prints the largest differences, and which of the student's functions are not written yet.

    Args:
        names: the notebook's names, ``globals()``.
    """
    from matplotlib import pyplot

    plots.use_style()
    x = torch.linspace(-4, 4, 401, dtype=torch.float64)
    figure, axes = pyplot.subplots(2, 3, figsize=(8.4, 4.8), sharex=True)
    missing, worst = [], 0.0
    for ax, name in zip(axes.flat, MODULES, strict=True):
        function = getattr(F, name)
        y, slope = function(x), gradient_of(function, x)
        colour = plots.colour_of(name)
        ax.plot(x, y, color=colour, linewidth=6, alpha=0.3, label="f")
        ax.plot(x, slope, color=plots.GREY, linewidth=6, alpha=0.3, label="f′")
        ax.set_title(name)
        for mine, given, wanted, tone in (
            (name, x, y, colour),
            (f"{name}_grad", y, slope, plots.INK),
        ):
            answer = answer_of(names.get(mine), given)
            if answer is None:
                missing.append(mine)
                continue
            ax.plot(x, answer, color=tone, linewidth=1.2)
            worst = max(worst, float((answer - wanted)[x != 0].abs().max()))
    axes[0, 0].legend(loc="upper left")
    _say_gallery(missing, worst)
    return shown(figure)


def _say_gallery(missing: list[str], worst: float) -> None:
    if len(missing) < 2 * len(MODULES):
        exact = "less than 1e-12" if worst < 1e-12 else f"{worst:.2g}"
        print(f"largest difference between thin lines and bands: {exact}")
    if missing:
        print(f"not written yet, so without a thin line: {', '.join(missing)}")
