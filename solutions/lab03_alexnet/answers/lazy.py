"""Answers that do not depend on their input, or are the input: worth nothing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .book import answers

SAME_SHAPE = ("local_response_norm", "dropout", "paper_dropout", "pca_lighting")


def zeros(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    return torch.zeros_like(x)


def itself(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    return x


for exercise in SAME_SHAPE:
    answers.wrong(exercise, "zeros", zeros, at_most=0.1)
    answers.wrong(exercise, "the input itself", itself, at_most=0.1)

for exercise in (*SAME_SHAPE, "overlapping_pool_size", "grouped_conv_parameters", "AlexNet"):
    for constant in (0.5, None, 0):
        answers.wrong(
            exercise, f"always {constant}", lambda *args, c=constant, **kwargs: c, at_most=0.1
        )
