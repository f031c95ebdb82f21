"""The slope of an activation composed with itself, by depth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from course import plots
from course.labs.lab01_activations.experiments.stacks import MODULES
from course.labs.lab01_activations.experiments.written import answer_of
from course.labs.shared.pages import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_chain(chain_gradient: Any, deepest: int = 20) -> Figure:
    """The slope of f(f(…f(x))) by depth, at x = -1 and x = 1, from the student's function.

    With it the sigmoid's bound, 0.25 to the power of the depth. Slopes of 0 are not on a
    logarithmic axis.
    """
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 2, figsize=(9.2, 3.8), sharey=True)
    depths = list(range(1, deepest + 1))
    for ax, x in zip(axes, (-1.0, 1.0), strict=True):
        slopes = _slopes_by_depth(chain_gradient, depths, x)
        bound = [0.25**depth for depth in depths]
        ax.plot(depths, bound, color=plots.GREY, linestyle=":", label="0.25ᵈ")
        plots.curves(depths, slopes, ax, xlabel="depth d", ylabel="slope", title=f"x = {x:g}")
        ax.set_xticks(range(0, deepest + 1, 5))
    axes[0].set(yscale="log", ylim=(1e-14, 30))
    axes[0].get_legend().remove()
    axes[1].legend(loc="lower left", ncols=2)
    axes[1].set_ylabel("")
    if not slopes:
        print("chain_gradient is not written yet: only the bound is drawn")
    return shown(figure)


def _slopes_by_depth(
    chain_gradient: Any, depths: Sequence[int], x: float
) -> dict[str, Sequence[float]]:
    point = torch.tensor([x], dtype=torch.float64)
    slopes: dict[str, Sequence[float]] = {}
    for name in MODULES:
        answers = [answer_of(chain_gradient, getattr(F, name), depth, point) for depth in depths]
        found = [float(answer) for answer in answers if answer is not None]
        if len(found) == len(depths):
            slopes[name] = [value or float("nan") for value in found]
    return slopes
