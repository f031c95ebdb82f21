"""Checks of lab 9: a schedule, filters that whiten, scores of an image and its mirror image."""

from __future__ import annotations

from . import filters, schedule, scores
from .book import check

__all__ = ["check", "filters", "schedule", "scores"]
