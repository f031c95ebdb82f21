"""What the first layer learnt, and whether its two groups share the work."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from course import plots
from course.labs.lab03_alexnet.experiments.results import stored
from course.labs.shared.pages import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def colour_share(filters: Tensor) -> Tensor:
    """How colourful each filter is: (N, 3, H, W) -> (N,), 0 for grey, 1 for colour alone.

    The share of a filter's squared weights that is left when its mean over the three channels is
    taken out. Independent random weights give 2/3 on average.
    """
    grey = filters.mean(dim=1, keepdim=True)
    return (filters - grey).square().sum((1, 2, 3)) / filters.square().sum((1, 2, 3))


def group_difference(filters: Tensor) -> float:
    """How much more colourful the second half of the filters is than the first, on average."""
    first, second = colour_share(filters).chunk(2)
    return float(second.mean() - first.mean())


def draw_filters(filters: Tensor, title: str = "") -> Figure:
    """Filters (N, 3, H, W), each stretched to its own largest weight, 12 in a row.

    Within each half (one group of the next layer) from grey to colourful.
    """
    halves = [half[colour_share(half).argsort()] for half in filters.detach().cpu().chunk(2)]
    ordered = torch.cat(halves)
    ordered = 0.5 + 0.5 * ordered / ordered.abs().amax((1, 2, 3), keepdim=True).clamp(min=1e-12)
    ax = plots.image_grid(ordered, columns=12, title=title)
    return shown(ax.figure)


def stored_filters() -> list[Tensor]:
    """Precomputed first-layer filters ``(24, 3, 7, 7)``, one set for each seed."""
    return [unpacked(text) for text in stored("filters")["runs"]]


def packed(filters: Tensor) -> str:
    """Filters in steps of 1/127 of their largest weight, as text."""
    steps = (127 * filters / filters.abs().max()).round().to(torch.int8)
    return base64.b64encode(steps.cpu().numpy().tobytes()).decode()


def unpacked(text: str) -> Tensor:
    """Filters ``(N, 3, 7, 7)`` from what :func:`packed` gave, the largest weight 1."""
    steps = torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.int8)
    return steps.view(-1, 3, 7, 7).float() / 127


def say_groups(sets: Sequence[Tensor], shuffles: int = 10_000) -> None:
    """Colour by group for each seed, with how often a random split into halves does the same."""
    for number, filters in enumerate(sets):
        found, share = group_difference(filters), colour_share(filters)
        generator = torch.Generator().manual_seed(number)
        order = torch.rand(shuffles, len(share), generator=generator).argsort(dim=1)
        halves = share[order].chunk(2, dim=1)
        chance = (halves[1].mean(1) - halves[0].mean(1)).abs() >= abs(found)
        groups = " and ".join(f"{half.mean():.2f}" for half in share.chunk(2))
        by_chance = 100 * chance.float().mean()
        print(f"seed {number}: colour share {groups}; by chance in {by_chance:.0f} %")
