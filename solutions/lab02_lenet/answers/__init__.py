"""Answers to lab 2, right and wrong."""

from __future__ import annotations

from . import convolution, lenet, lenet5, penalties, pooling, sizes, trained, training, wiring
from .book import answers

__all__ = [
    "answers",
    "convolution",
    "lenet",
    "lenet5",
    "penalties",
    "pooling",
    "sizes",
    "trained",
    "training",
    "wiring",
]
