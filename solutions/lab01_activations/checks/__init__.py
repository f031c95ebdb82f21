"""Checks of lab 1: activations, their derivatives through the output, ELU as a Function.

The oracles are torch's built-ins. A derivative through the output is checked against autograd:
the output is taken back to its input by the inverse function, and the built-in differentiated
there. Every case has inputs of both signs, so that a constant or the identity earns nothing.
"""

from __future__ import annotations

from . import chains, dead_units, elu_function, exponential, rectifiers, sigmoids, slopes
from .book import check

__all__ = [
    "chains",
    "check",
    "dead_units",
    "elu_function",
    "exponential",
    "rectifiers",
    "sigmoids",
    "slopes",
]
