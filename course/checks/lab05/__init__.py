"""Checks of lab 5: the 1×1 convolution, the Inception block, GoogLeNet and its auxiliary heads.

Blocks and networks are compared by value: their parameters are filled from a seed in an order that
the notebook states, and what comes out is compared with a block and a network that run from the
paper's table with ``torch.nn.functional``, and with torchvision's module. The network at the
paper's size is only counted, on the ``meta`` device.
"""

from __future__ import annotations

from course.checks.lab05 import block, cost, head, linear, loss, network
from course.checks.lab05.basis import check
from course.checks.lab05.paper import TABLE, Spec

FORBIDS = {"conv1x1_as_linear": ("conv2d", "Conv2d", "conv1d", "Conv1d", "conv_transpose2d")}
"""Built-ins that stand for what the student is to write; a person is told, no point is lost."""

__all__ = [
    "FORBIDS",
    "TABLE",
    "Spec",
    "block",
    "check",
    "cost",
    "head",
    "linear",
    "loss",
    "network",
]
