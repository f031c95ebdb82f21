"""Answers to lab 4, right and wrong."""

from __future__ import annotations

from . import builder_slips, changing, formula_slips, formulas, idle, measuring, networks, table_slips
from .book import answers

__all__ = ["answers", "changing", "formula_slips", "formulas", "idle", "measuring", "networks"]
