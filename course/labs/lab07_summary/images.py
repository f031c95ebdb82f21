"""Fashion-MNIST's images as the networks of lab 7 take them, and as an old file keeps them."""

from __future__ import annotations

from torch import Tensor

MEAN, STD = 0.2860, 0.3530  # of Fashion-MNIST's training images, in [0, 1]
CLASSES = 10


def normalised(images: Tensor) -> Tensor:
    """Bytes of any shape -> float32: what Fashion-MNIST's networks are trained on."""
    return (images.float() / 255 - MEAN) / STD


def darker(images: Tensor) -> Tensor:
    """Bytes three quarters as bright: the largest is not 255."""
    return images // 2 + images // 4


def as_file(images: Tensor) -> Tensor:
    """Images ``(N, 1, H, W)`` as the old file keeps them: ``(H, W, N)``."""
    return images.squeeze(1).movedim(0, -1).contiguous()
