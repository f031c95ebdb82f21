"""Answers to lab 4, right and wrong."""

from __future__ import annotations

from . import (
    builder_slips,
    changing,
    changing_slips,
    formula_slips,
    formulas,
    idle,
    measuring,
    measuring_slips,
    networks,
    table_slips,
)
from .book import answers

__all__ = ["answers", "changing", "formula_slips", "formulas", "idle", "measuring", "networks"]
