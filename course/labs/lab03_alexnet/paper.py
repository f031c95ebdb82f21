"""The table of the paper's network.

It may be public: the notebook's text prints it, and asks for a network that follows it.
"""

from __future__ import annotations

from typing import NamedTuple

HIDDEN = 4096  # neurons of each hidden linear layer


class Conv(NamedTuple):
    """One convolution of the paper's table."""

    inputs: int
    outputs: int
    kernel: int
    groups: int
    stride: int
    padding: int


TABLE = (
    Conv(3, 96, 11, 1, 4, 0),
    Conv(96, 256, 5, 2, 1, 2),
    Conv(256, 384, 3, 1, 1, 1),
    Conv(384, 384, 3, 2, 1, 1),
    Conv(384, 256, 3, 2, 1, 1),
)
