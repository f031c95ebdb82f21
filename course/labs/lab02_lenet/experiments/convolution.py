"""What a convolution does to images: five kernels by hand, and shifts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from course import plots
from course.device import seeded
from course.experiments import on_cpu
from course.labs.lab02_lenet.experiments.networks import Names
from course.labs.shared.pages import attempt, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KERNELS = {
    "one pixel": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "mean": [[1 / 9] * 3] * 3,
    "left edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "upper edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "spots": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
}

LOOPS = "a convolution written in loops is many short operations on a few images"


def _conv_of(names: Names) -> Callable[..., Tensor]:
    x, weight = torch.zeros(1, 1, 4, 4), torch.zeros(5, 1, 3, 3)
    made = attempt("conv2d", lambda: names["conv2d"](x, weight, padding=1))
    if isinstance(made, Tensor) and made.shape == (1, 5, 4, 4):
        conv: Callable[..., Tensor] = names["conv2d"]
        return conv
    print("Torch's own stands in for it.")
    return F.conv2d


def draw_kernels(names: Names, images: Tensor) -> Figure:
    """Images uint8 ``(N, 1, H, W)`` and what five kernels of 3×3 make of them, row by row."""
    weight = torch.tensor(list(KERNELS.values()), dtype=torch.float32).unsqueeze(1)
    with on_cpu(LOOPS):
        maps = _conv_of(names)(images.float() / 255, weight, padding=1).detach()
    low, high = maps.amin((0, 2, 3), keepdim=True), maps.amax((0, 2, 3), keepdim=True)
    tiles = ((maps - low) / (high - low)).flatten(0, 1).unsqueeze(1)
    labels = [*KERNELS] * len(images)
    return shown(plots.image_grid(tiles, labels, columns=len(KERNELS)).figure)


def shift_test(names: Names, images: Tensor, by: int = 3) -> None:
    """Print whether shifting and convolving may change places; uint8 ``(N, 1, 28, 28)``."""
    conv = _conv_of(names)
    x = F.pad(images.double() / 255, (8, 8, 8, 8))
    with seeded(0):
        weight = torch.randn(4, 1, 5, 5, dtype=torch.float64)
    with on_cpu(LOOPS):
        first = conv(x.roll(by, 3), weight)
        then = conv(x, weight).roll(by, 3)
    inside = float((first - then)[..., by:].abs().max())
    print(f"shift {by} to the right, then convolve: {_close_to(inside)} convolve, then shift")


def _close_to(difference: float) -> str:
    return "the same as" if difference < 1e-9 else f"differs by {difference:.2g} from"
