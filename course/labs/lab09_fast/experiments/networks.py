"""The network of this lab, in two sizes, and its images.

Three blocks with GELU behind a 2 × 2 convolution, after Jordan 2024, section 3.1. On a CPU images
are averaged to 16 × 16 and the blocks are narrow; on a GPU they are the paper's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import augment
from course.profile import pick

if TYPE_CHECKING:
    from course.data import Dataset, Split

LAB = "lab09_fast"
FIRST = 24  # channels of the first layer: 12 filters of 3 × 2 × 2 numbers, and their negatives


def block(into: int, out: int) -> nn.Sequential:
    """``(N, into, H, W) -> (N, out, ⌊H/2⌋, ⌊W/2⌋)``."""
    first = nn.Conv2d(into, out, 3, padding=1, bias=False)
    second = nn.Conv2d(out, out, 3, padding=1, bias=False)
    halved = first, nn.MaxPool2d(2), nn.BatchNorm2d(out), nn.GELU()
    return nn.Sequential(*halved, second, nn.BatchNorm2d(out), nn.GELU())


def network(widths: tuple[int, int, int], filters: Tensor | None = None) -> nn.Sequential:
    """A 2 × 2 convolution, three blocks, a maximum, linear: ``(N, 3, H, W) -> (N, 10)``.

    Args:
        widths: channels of the three blocks.
        filters: ``(12, 3, 2, 2)`` for the first layer, which has their negatives too and does not
            learn then; by default it begins at random and learns.
    """
    first = nn.Conv2d(3, FIRST, 2)
    if filters is not None:
        with torch.no_grad():
            first.weight.copy_(torch.cat([filters, -filters]))
        first.weight.requires_grad_(False)
    one, two, three = widths
    blocks = block(FIRST, one), block(one, two), block(two, three)
    head = nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(three, 10)
    return nn.Sequential(first, nn.GELU(), *blocks, *head)


@dataclass(frozen=True, eq=False)
class Pictures:
    """Images that are ready for the network, and how wide that shall be.

    Attributes:
        train, test: float images ``(N, 3, side, side)`` and labels ``(N,)``.
        widths: channels of the network's blocks.
        title: what they are, in a sentence.
    """

    train: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    widths: tuple[int, int, int]
    title: str

    @property
    def side(self) -> int:
        """Pixels."""
        return self.train[0].shape[-1]

    @property
    def moved(self) -> augment.Chain:
        """Mirrored by chance, and moved by up to an eighth of the side."""
        return augment.Chain(augment.Flip(), augment.Crop(self.side // 8))

    @property
    def covered(self) -> augment.Chain:
        """The same, with a square of a quarter of the side in the mean colour."""
        return augment.Chain(self.moved, augment.Cutout(self.side // 4))


def pictures(dataset: Dataset, *, small: bool | None = None) -> Pictures:
    """Normalised images; ``small`` averages them to half the side, by default in profile quick."""
    small = pick(quick=True, full=False) if small is None else small
    widths = (16, 32, 32) if small else (64, 256, 256)
    train, test = (_ready(dataset, split, small) for split in (dataset.train, dataset.test))
    side = train[0].shape[-1]
    return Pictures(train, test, widths, f"{dataset}, as {side}×{side}")


def _ready(dataset: Dataset, split: Split, small: bool) -> tuple[Tensor, Tensor]:
    images = dataset.normalise(split.images)
    return (F.avg_pool2d(images, 2) if small else images), split.labels
