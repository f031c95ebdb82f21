"""Pictures of this lab's ideas: the schedule, augmented images, filters and what they undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from course import plots
from course.device import seeded
from course.labs.lab09_fast.experiments.networks import Pictures
from course.labs.shared.pages import attempt, shown
from course.training import schedules

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 201


def draw_schedule(triangle: Callable[[float], float]) -> Figure | None:
    """The student's schedule beside two of the library's."""
    progress = torch.linspace(0, 1, POINTS).tolist()
    mine = attempt("triangle", lambda: [triangle(one) for one in progress])
    if mine is None:
        return None
    others = {"constant": schedules.constant(), "one_cycle": schedules.one_cycle()}
    curves = {"triangle": mine} | {k: [f(one) for one in progress] for k, f in others.items()}
    ax = plots.curves(progress, curves, xlabel="progress through the run", ylabel="factor")
    return shown(ax.figure)


def draw_augmented(images: Pictures, count: int = 8) -> Figure:
    """Some images as they are, then mirrored and moved, then with a square covered as well."""
    some = images.train[0][:count]
    with seeded(0):
        rows = [some, images.moved(some), images.covered(some)]
    figure = plots.image_grid(torch.cat(rows), columns=count).figure
    figure.suptitle("as stored; mirrored and moved; covered as well")
    return shown(figure)


def draw_filters(whitening_filters: Callable[[Tensor], Tensor], images: Pictures) -> Figure | None:
    """The student's filters, and how correlated numbers are before and after them."""
    some = images.train[0][:1000]
    filters = attempt("whitening_filters", lambda: whitening_filters(some).detach())
    if filters is None:
        return None
    size = filters.shape[-1]
    before = F.unfold(some, size).transpose(0, 1).flatten(1)
    after = F.conv2d(some, filters).transpose(0, 1).flatten(1)
    for name, numbers in (("numbers of a patch", before), ("responses of filters", after)):
        variances = numbers.var(dim=1, correction=0)
        apart = torch.corrcoef(numbers).fill_diagonal_(0).abs().max()
        low, high = variances.min(), variances.max()
        print(f"{name:22}variances {low:.2f} to {high:.2f}, largest correlation {apart:.2f}")
    figure = plots.filters(filters, columns=len(filters) // 2).figure
    figure.suptitle("whitening filters, the largest variance first")
    return shown(figure)
