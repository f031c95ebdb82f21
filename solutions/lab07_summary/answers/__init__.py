"""Answers to lab 7, right and wrong."""

from __future__ import annotations

from . import comparing, networks, repairs
from .book import answers

__all__ = ["answers", "comparing", "networks", "repairs"]
