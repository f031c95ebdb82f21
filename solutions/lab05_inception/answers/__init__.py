"""Answers to lab 5, right and wrong."""

from __future__ import annotations

from . import (
    blocks,
    constants,
    equivalents,
    found_later,
    functions,
    network_slips,
    networks,
    other_networks,
    slips,
)
from .book import answers

__all__ = [
    "answers",
    "blocks",
    "constants",
    "equivalents",
    "found_later",
    "functions",
    "network_slips",
    "networks",
    "other_networks",
    "slips",
]
