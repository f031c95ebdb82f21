"""Receptive fields of fresh stacks, measured and by the formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import mean
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from course import plots
from course.device import seeded
from course.experiments import where_it_can
from course.labs.shared.pages import attempt, shown, spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure


SIDE = 64  # of the images that measured fields are taken on


def conv_stack(depth: int, channels: int = 8, kernel: int = 3) -> nn.Sequential:
    """``depth`` padded convolutions with ReLU, He's start, for images ``(N, 3, H, W)``.

    Biases begin at zero.
    """
    layers: list[nn.Module] = []
    for number in range(depth):
        into = channels if number else 3
        layer = nn.Conv2d(into, channels, kernel, padding=kernel // 2, bias=False)
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        layer.bias = nn.Parameter(torch.zeros(channels))
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def field_of(measure: Callable[..., Tensor], depth: int, seed: int) -> Tensor:
    """The student's map ``(64, 64)`` for a fresh stack of ``depth`` 3×3 layers, on the CPU."""
    with seeded(seed):
        model, images = conv_stack(depth), torch.randn(4, 3, SIDE, SIDE)
    return where_it_can(
        "effective_receptive_field",
        lambda place: measure(model.to(place), images.to(place)).detach().cpu(),
    )


def side_holding(share: Tensor, wanted: float = 0.95) -> int:
    """Side of the smallest square around the centre of ``(H, W)`` that holds ``wanted``."""
    middle = share.shape[0] // 2
    for reach in range(middle):
        square = share[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1]
        if float(square.sum()) >= wanted:
            return 2 * reach + 1
    return share.shape[0]


def draw_fields(
    measure: Callable[..., Tensor], depths: Sequence[int], seeds: Sequence[int]
) -> Figure | None:
    """Measured fields of fresh stacks, each with the square that the formula gives.

    Args:
        measure: the student's ``effective_receptive_field``.
    """
    maps = attempt(
        "effective_receptive_field",
        lambda: {d: [field_of(measure, d, seed) for seed in seeds] for d in depths},
    )
    return None if maps is None else _fields_figure(maps)


def _fields_figure(maps: Mapping[int, Sequence[Tensor]]) -> Figure:
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    plots.use_style()
    figure, axes = pyplot.subplots(1, len(maps), figsize=(2.3 * len(maps), 2.9))
    for ax, (depth, several) in zip(axes, maps.items(), strict=True):
        side = 2 * depth + 1
        sides = [side_holding(share) for share in several]
        ax.imshow(torch.stack(list(several)).mean(dim=0).sqrt(), cmap="magma")
        corner = SIDE // 2 - depth - 0.5
        ax.add_patch(Rectangle((corner, corner), side, side, fill=False, color="white"))
        ax.set_title(f"{depth} layers\nformula {side}, measured {mean(sides):.0f}", fontsize=9)
        ax.axis("off")
        print(f"{depth:3} layers: formula {side:3}, 95 % within {spread(sides, '.1f')} pixels")
    return shown(figure)
