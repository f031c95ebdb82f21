"""Small images as several labs' networks take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from course.data import Dataset


def as_rgb32(images: Dataset, pixels: Tensor) -> Tensor:
    """Normalised, with three channels and at least 32 pixels a side; ``(N, 3, 32, 32)``."""
    floats = images.normalise(pixels)
    missing = 32 - floats.shape[-1]
    padded = F.pad(floats, [missing // 2, missing - missing // 2] * 2)
    return padded.expand(-1, 3, -1, -1) if padded.shape[1] == 1 else padded


def scene(images: Dataset, seed: int, side: int = 96) -> Tensor:
    """Five test images on one canvas of bytes, ``(1, 1, side, side)``."""
    canvas = torch.zeros(1, 1, side, side, dtype=torch.uint8)
    places = ((2, 4), (4, 62), (36, 34), (64, 2), (62, 64))
    for number, (row, column) in enumerate(places):
        canvas[0, 0, row : row + 28, column : column + 28] = images.test.images[seed + number, 0]
    return canvas
