"""The small images that gradients are measured on, and that networks are trained with."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor

from course import data
from course.experiments import here

if TYPE_CHECKING:
    from course.data import Dataset

BATCH = 64


def as_small(images: Dataset, pixels: Tensor) -> Tensor:
    """uint8 ``(N, C, H, W)`` -> float, pooled to half the side: ``(N, C, H/2, W/2)``."""
    return F.avg_pool2d(images.normalise(pixels), 2)


def batch() -> tuple[Tensor, Tensor]:
    """64 of the bundled images, pooled to 14 × 14, in float64, and their labels."""
    images, labels = _batch()
    return images.to(here(float64=True)), labels.to(here(float64=True))


@cache
def _batch() -> tuple[Tensor, Tensor]:
    images = data.load("fashion_mnist", profile="grade", size=(2000, 100), verbose=False)
    some = images.train
    return as_small(images, some.images[:BATCH]).double(), some.labels[:BATCH]
