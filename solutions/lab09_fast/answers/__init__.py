"""Answers to lab 9, right and wrong."""

from __future__ import annotations

from . import constants, equivalents, other_ways, slips
from .book import answers

__all__ = ["answers", "constants", "equivalents", "other_ways", "slips"]
