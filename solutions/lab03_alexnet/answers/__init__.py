"""Answers to lab 3, right and wrong."""

from __future__ import annotations

from . import (
    dropout,
    equivalents,
    functions,
    lazy,
    network_slips,
    networks,
    normalisation,
    other_networks,
    others,
    random_slips,
    slips,
)
from .book import answers

__all__ = [
    "answers",
    "dropout",
    "equivalents",
    "functions",
    "lazy",
    "network_slips",
    "networks",
    "normalisation",
    "other_networks",
    "others",
    "random_slips",
    "slips",
]
