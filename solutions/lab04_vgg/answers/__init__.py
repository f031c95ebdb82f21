"""Answers to lab 4, right and wrong."""

from __future__ import annotations

from . import (
    builder_slips,
    changing,
    changing_slips,
    equivalents,
    formula_slips,
    formulas,
    found_later,
    idle,
    measuring,
    measuring_slips,
    more_right,
    networks,
    normalising,
    start_slips,
    table_slips,
    way_back,
)
from .book import answers

__all__ = [
    "answers",
    "builder_slips",
    "changing",
    "changing_slips",
    "equivalents",
    "formula_slips",
    "formulas",
    "found_later",
    "idle",
    "measuring",
    "measuring_slips",
    "more_right",
    "networks",
    "normalising",
    "start_slips",
    "table_slips",
    "way_back",
]
