"""Answers to lab 0, right and wrong."""

from __future__ import annotations

from . import by_hand, equivalents, slips
from .book import answers

__all__ = ["answers", "by_hand", "equivalents", "slips"]
