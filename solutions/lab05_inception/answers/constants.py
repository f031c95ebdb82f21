"""Objects that do no work: constants, the argument itself, empty answers. None earns a point."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from .book import answers

SILENT: dict[str, Any] = {
    "always 0": lambda *args, **options: 0,
    "its first argument": lambda *args, **options: args[0] if args else 0,
    "nothing": lambda *args, **options: None,
}
MODULES: dict[str, Any] = {
    "a module that does nothing": lambda *args, **options: nn.Identity(),
    "a single convolution": lambda *args, **options: nn.Conv2d(3, 8, 1),
}
TENSORS: dict[str, Any] = {"always zeros": lambda *args, **options: torch.zeros(3, 3)}

for exercise in ("conv1x1_as_linear", "inception_cost", "auxiliary_loss", "class_maps"):
    for says, lazy in {**SILENT, **TENSORS}.items():
        answers.wrong(exercise, says, lazy, at_most=0.0)
for exercise in ("InceptionBlock", "AuxiliaryHead", "GoogLeNet"):
    for says, lazy in {**SILENT, **MODULES}.items():
        answers.wrong(exercise, says, lazy, at_most=0.0)
