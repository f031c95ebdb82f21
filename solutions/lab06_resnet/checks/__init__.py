"""Checks of lab 6: the residual law, blocks and shortcuts, whole ResNets, measured gradients.

Blocks and networks are compared with torchvision's ResNet, or with a function that runs the
paper's table on a :class:`tape.Tape` of parameters.
"""

from __future__ import annotations

from . import blocks, gradients, jacobians, networks, scalar, shortcuts
from .book import check

__all__ = ["blocks", "check", "gradients", "jacobians", "networks", "scalar", "shortcuts"]
