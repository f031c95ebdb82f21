"""Objects that do no work: constants, the argument itself, empty answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .book import answers

FUNCTIONS = (
    "receptive_field",
    "stack_parameters",
    "effective_receptive_field",
    "make_vgg",
    "initialise_from",
    "to_fully_convolutional",
    "activation_memory",
    "layer_flops",
)
IDLE: dict[str, Callable[..., Any]] = {
    "always 0": lambda *a, **k: 0,
    "its last argument": lambda *a, **k: a[-1],
    "always an empty dict": lambda *a, **k: {},
    "always None": lambda *a, **k: None,
    "always a map of zeros": lambda *a, **k: torch.zeros(5, 5).double(),
}


for name in FUNCTIONS:
    for says, answer in IDLE.items():
        answers.wrong(name, says, answer, at_most=0.0)
