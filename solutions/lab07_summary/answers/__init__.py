"""Answers to lab 7, right and wrong."""

from __future__ import annotations

from . import fronts, intervals, networks, project, repairs, rewritten, slips
from .book import answers

__all__ = ["answers", "fronts", "intervals", "networks", "project", "repairs", "rewritten", "slips"]
