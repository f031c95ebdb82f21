"""The book of lab 5's checks, and what its files share."""

from __future__ import annotations

import torch
from torch import Generator

from autograde.authoring.checks import Book
from course.checks import close
from course.checks.inputs import whole

check = Book("lab05_inception")

TIGHT = close(rtol=1e-7, atol=1e-10, dtype=False)
TIGHT_TOO = close(rtol=1e-7, atol=1e-10)  # of the dtype that is asked for
DEEP = close(rtol=1e-6, atol=1e-9, dtype=False)  # after 22 layers in float64


def small_spec(rng: Generator) -> list[int]:
    """Channels of a small block: six different numbers, as plain values for a probe.

    What the reductions cost is another number than what the projection costs.
    """
    drawn: list[int] = (torch.randperm(8, generator=rng)[:6] + 2).tolist()
    return small_spec(rng) if drawn[1] + drawn[3] == drawn[5] else drawn


def large_spec(rng: Generator) -> list[int]:
    """Channels of a block of the paper's size, drawn: none of its table."""
    drawn = [whole(rng, low, 4 * low) for low in (64, 48, 96, 16, 32, 32)]
    return large_spec(rng) if drawn[1] + drawn[3] == drawn[5] else drawn
