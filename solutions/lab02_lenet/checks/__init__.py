"""Checks of lab 2: convolution by hand, LeNet-5 of 1998 and its modern form, training.

Oracles are torch's own layers where there are some, and else networks of this folder that are
built otherwise than the reference.
"""

from __future__ import annotations

from . import (
    c3_connections,
    conv2d,
    conv_output_size,
    conv_parameters,
    lenet,
    lenet5,
    lenet5_table,
    map_loss,
    rbf_penalties,
    sparse,
    subsampling,
    train_epoch,
    train_lenet,
)
from .book import check

__all__ = [
    "c3_connections",
    "check",
    "conv2d",
    "conv_output_size",
    "conv_parameters",
    "lenet",
    "lenet5",
    "lenet5_table",
    "map_loss",
    "rbf_penalties",
    "sparse",
    "subsampling",
    "train_epoch",
    "train_lenet",
]
