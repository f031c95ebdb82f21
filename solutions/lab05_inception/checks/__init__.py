"""Checks of lab 5: the 1×1 convolution, the Inception block, GoogLeNet and its auxiliary heads.

What is expected comes from blocks and networks that run from the paper's table with
``torch.nn.functional``, from torch's FLOP counter, and from torchvision's module.
"""

from __future__ import annotations

from . import block, cost, head, linear, loss, maps, network
from .book import check

__all__ = ["block", "check", "cost", "head", "linear", "loss", "maps", "network"]
