"""Answers to lab 1, right and wrong."""

from __future__ import annotations

from . import chains, dead_units, elu_function, equivalents, functions, lazy, near, slips, slopes
from .book import answers

__all__ = [
    "answers",
    "chains",
    "dead_units",
    "elu_function",
    "equivalents",
    "functions",
    "lazy",
    "near",
    "slips",
    "slopes",
]
