"""Whoever gives out the same whatever comes in earns next to nothing."""

from __future__ import annotations

import torch

from .book import answers

for constant in (None, 0.0, 1.0, torch.zeros(3), torch.zeros(4, 4)):
    for exercise in ("triangle", "whitening_filters", "flipped_scores"):
        says = f"always {type(constant).__name__} {constant}"
        answers.wrong(exercise, says, lambda *args, c=constant, **kwargs: c, at_most=0.2)
