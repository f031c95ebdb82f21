"""Whoever gives out the same whatever comes in earns next to nothing."""

from __future__ import annotations

import torch
from torch import nn

from .book import answers

EXERCISES = (
    "convolution_cost",
    "SeparableBlock",
    "merge_paths",
    "DenseBlock",
    "TransferNet",
    "saliency",
    "fast_gradient_sign",
    "fooling_images",
)

for constant in (None, 0.0, torch.zeros(3), nn.Identity()):
    for exercise in EXERCISES:
        says = f"always {type(constant).__name__} {constant}"
        answers.wrong(exercise, says, lambda *args, c=constant, **kwargs: c, at_most=0.1)
