"""Answers to lab 2, right and wrong."""

from __future__ import annotations

from . import (
    convolution,
    equal,
    lenet,
    lenet5,
    penalties,
    pooling,
    sizes,
    trained,
    training,
    unusual,
    wiring,
)
from .book import answers

__all__ = [
    "answers",
    "convolution",
    "equal",
    "lenet",
    "lenet5",
    "penalties",
    "pooling",
    "sizes",
    "trained",
    "training",
    "unusual",
    "wiring",
]
