"""Checks of lab 4: why a cascade of convolutions, and VGG.

Receptive fields and FLOPs are compared with what torch measures. Networks are compared with one
that is run straight from the table, and with torchvision's VGG.
"""

from __future__ import annotations

from . import (
    batch_norm,
    batch_norm_gradients,
    effective_receptive_field,
    initialise_from,
    make_vgg,
    measuring,
    receptive_field,
    stack_parameters,
    to_fully_convolutional,
    vgg_configs,
)
from .book import check

__all__ = [
    "batch_norm",
    "batch_norm_gradients",
    "check",
    "effective_receptive_field",
    "initialise_from",
    "make_vgg",
    "measuring",
    "receptive_field",
    "stack_parameters",
    "to_fully_convolutional",
    "vgg_configs",
]
