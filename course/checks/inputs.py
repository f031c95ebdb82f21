"""Random inputs that the labs' checks draw."""

from __future__ import annotations

import torch
from torch import Generator, Tensor


def normal(rng: Generator, *shape: int) -> Tensor:
    """Standard normal numbers of this shape, float64."""
    return torch.randn(shape, generator=rng, dtype=torch.float64)


def whole(rng: Generator, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``, both included."""
    return int(torch.randint(low, high + 1, (), generator=rng))
