"""Checks of lab 7: comparing networks, repairing one, and the project."""

from __future__ import annotations

from . import (
    build_network,
    confidence_interval,
    debug_this_network,
    pareto_front,
    trained_network,
)
from .book import check

__all__ = [
    "build_network",
    "check",
    "confidence_interval",
    "debug_this_network",
    "pareto_front",
    "trained_network",
]
