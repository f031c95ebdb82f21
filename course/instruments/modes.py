"""Training and evaluation mode, for a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[nn.Module]:
    """``model.eval()`` for a block; afterwards every submodule is in the mode that it was in."""
    with preserved_modes(model):
        yield model.eval()


@contextmanager
def preserved_modes(model: nn.Module) -> Iterator[None]:
    """Let a block call ``train()`` and ``eval()``; afterwards every submodule is as before."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
