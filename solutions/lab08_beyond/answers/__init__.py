"""Answers to lab 8, right and wrong."""

from __future__ import annotations

from . import blocks, constants, equivalents, found_again, found_later, images, other_ways, slips
from .book import answers

__all__ = [
    "answers",
    "blocks",
    "constants",
    "equivalents",
    "found_again",
    "found_later",
    "images",
    "other_ways",
    "slips",
]
