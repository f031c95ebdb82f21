"""The book of lab 2's checks, and what they share: judges, a hint, weights."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Book
from course.checks import close
from course.checks.inputs import uniform

check = Book("lab02_lenet")

TIGHT = close(rtol=1e-6, atol=1e-8, dtype=False)  # float64
SINGLE = close(rtol=1e-4, atol=1e-5)  # float32
FOLLOW = "Is every step a torch operation on the tensors themselves, without .item() or .data?"
START_HINT = (
    "A new network has random weights, about as large as PyTorch's layers have them. What comes of "
    "large ones is squashed flat, or a loss of thousands; tiny ones pass hardly anything on."
)


def signs(rng: Generator, *shape: int) -> Tensor:
    """Numbers ±1; ``shape``, float64."""
    return torch.randint(0, 2, shape, generator=rng).double() * 2 - 1


def fan_in_scaled(rng: Generator, *shape: int, fan_in: int = 0) -> Tensor:
    """Weights whose sums stay near 1: evenly spread, variance 1 / fan_in; ``shape``, float64."""
    bound = round(math.sqrt(3 / (fan_in or math.prod(shape[1:]))), 4)
    return uniform(rng, *shape, low=-bound, high=bound)
