"""Answers to lab 6, right and wrong."""

from __future__ import annotations

from . import blocks, constants, equivalents, found_later, functions, other_ways, slips
from .book import answers

__all__ = [
    "answers",
    "blocks",
    "constants",
    "equivalents",
    "found_later",
    "functions",
    "other_ways",
    "slips",
]
