"""Answers to lab 5, right and wrong."""

from __future__ import annotations

from . import blocks, constants, functions, networks
from .book import answers

__all__ = ["answers", "blocks", "constants", "functions", "networks"]
