"""Answers to lab 3, right and wrong."""

from __future__ import annotations

from . import dropout, functions, lazy, networks, normalisation
from .book import answers

__all__ = ["answers", "dropout", "functions", "lazy", "networks", "normalisation"]
