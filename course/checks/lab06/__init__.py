"""Checks of lab 6: the residual law, blocks and shortcuts, whole ResNets, measured gradients.

Blocks and networks are compared by value. Their parameters and running statistics are filled from
a seed, in the order of ``parameters()`` and ``buffers()``, and outputs and gradients are compared
in float64 with torchvision's ResNet or with a function that runs the paper's table. The big
networks are counted on the ``meta`` device.
"""

from __future__ import annotations

from course.checks.lab06 import blocks, gradients, jacobians, networks, scalar, shortcuts
from course.checks.lab06.basis import check

__all__ = ["blocks", "check", "gradients", "jacobians", "networks", "scalar", "shortcuts"]
