"""Answers to lab 4, right and wrong."""

from __future__ import annotations

from . import changing, formulas, idle, measuring, networks
from .book import answers

__all__ = ["answers", "changing", "formulas", "idle", "measuring", "networks"]
