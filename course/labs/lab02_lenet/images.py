"""Images as the networks of lab 2 take them: framed in black, normalised, moved about."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

MEAN, STD = 0.2860, 0.3530  # of Fashion-MNIST's training images, in [0, 1]
BLACK = -MEAN / STD  # a black pixel after normalisation


def as_inputs(images: Tensor) -> Tensor:
    """uint8 ``(N, 1, 28, 28)`` -> float32 ``(N, 1, 32, 32)``: normalised, framed in black."""
    framed = F.pad(images, (2, 2, 2, 2))
    return (framed.float() / 255 - MEAN) / STD


@cache
def _permutation() -> Tensor:
    return torch.randperm(32 * 32, generator=torch.Generator().manual_seed(1998))


def permuted(images: Tensor) -> Tensor:
    """All images with their pixels in one and the same random order; same shape."""
    return images.flatten(1)[:, _permutation().to(images.device)].view_as(images)


def shifted(images: Tensor, by: int) -> Tensor:
    """Images moved ``by`` pixels to the right; black comes in, and what leaves is lost."""
    return F.pad(images, (by, -by, 0, 0), value=BLACK)


def jittered(images: Tensor, most: int = 4) -> Tensor:
    """Each image moved at random by up to ``most`` pixels along both axes; same shape."""
    count, _, height, width = images.shape
    framed = F.pad(images, (most,) * 4, value=BLACK)
    down, right = torch.randint(0, 2 * most + 1, (2, count, 1), device=images.device)
    rows = down + torch.arange(height, device=images.device)
    columns = right + torch.arange(width, device=images.device)
    each = torch.arange(count, device=images.device)[:, None, None]
    return framed[each, 0, rows[:, :, None], columns[:, None, :]].unsqueeze(1)
