"""Checks of lab 3: AlexNet and its parts.

Local response normalisation is compared with torch's, whose α means something else; pooling and
parameters with torch's layers on the ``meta`` device; AlexNet with a network that is run from a
table.
"""

from __future__ import annotations

from . import (
    alexnet,
    dropout,
    grouped_conv_parameters,
    local_response_norm,
    overlapping_pool_size,
    pca_lighting,
)
from .book import check

__all__ = [
    "alexnet",
    "check",
    "dropout",
    "grouped_conv_parameters",
    "local_response_norm",
    "overlapping_pool_size",
    "pca_lighting",
]
