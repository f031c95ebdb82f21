"""What the checks of lab 7 share: the book, the data, and how images become inputs."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Generator, Tensor, nn

from course.checks import Checks, ProbeError, close, wording
from course.checks.inputs import whole as whole

check = Checks("lab07_summary")

MEAN, STD = 0.2860, 0.3530  # of Fashion-MNIST's training images, in [0, 1]
CLASSES = 10
EXACT = close(rtol=1e-7, atol=1e-9, dtype=False)


def uniform(rng: Generator, low: float = 0.0, high: float = 1.0) -> float:
    """A number from ``low`` to ``high``."""
    return low + (high - low) * float(torch.rand((), generator=rng, dtype=torch.float64))


def normalised(images: Tensor) -> Tensor:
    """Bytes of any shape -> float32: what Fashion-MNIST's networks are trained on."""
    return (images.float() / 255 - MEAN) / STD


@cache
def bundled() -> Any:
    """The splits of Fashion-MNIST that come with the course."""
    from course.data import fashion_mnist

    return fashion_mnist.bundled().splits


def a_module(found: Any, name: str) -> nn.Module:
    """The network itself.

    Raises:
        ProbeError: it is something else.
    """
    if not isinstance(found, nn.Module):
        raise ProbeError(
            f"`{name}` gave {wording.kind_of(found)}, expected a network (an nn.Module)"
        )
    return found


def a_tensor(found: Any, shape: tuple[int, ...], what: str) -> Tensor:
    """The tensor itself.

    Raises:
        ProbeError: it is something else, or has another shape.
    """
    if not isinstance(found, Tensor) or found.shape != shape:
        seen = wording.shape(found) if isinstance(found, Tensor) else wording.kind_of(found)
        raise ProbeError(f"{what}: expected a tensor {shape}, found {seen}")
    return found
