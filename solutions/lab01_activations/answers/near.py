"""Answers with a threshold where there should be none, with fewer digits than came in, with the
argument handed back, and with tensors kept where nobody frees them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .book import answers
from .elu_function import ClampedELU

SELU_LAMBDA, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def above(threshold: float, right: Callable[..., Any], left: Callable[..., Any]) -> Any:
    """One of two branches, element by element."""

    def function(x: Tensor, parameter: float = 1.0) -> Tensor:
        return torch.where(x > threshold, right(x), left(x, parameter))

    return function


for threshold in (1e-6, 1e-8, 1e-12):
    for name, function in {
        "relu": above(threshold, lambda x: x, lambda x, a: 0 * x),
        "relu_grad": above(threshold, torch.ones_like, lambda y, a: 0 * y),
        "elu_grad": above(threshold, torch.ones_like, lambda y, a: y + a),
        "selu_grad": above(
            threshold,
            lambda y: torch.full_like(y, SELU_LAMBDA),
            lambda y, a: y + SELU_LAMBDA * SELU_ALPHA,
        ),
    }.items():
        answers.wrong(name, f"a threshold of {threshold:g}", function)


def leaky_above(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    return torch.where(x > 1e-8, x, negative_slope * x)


def leaky_slope_above(y: Tensor, negative_slope: float = 0.01) -> Tensor:
    return torch.where(y > 1e-8, torch.ones_like(y), torch.full_like(y, negative_slope))


def elu_above(x: Tensor, alpha: float = 1.0) -> Tensor:
    return torch.where(x > 1e-8, x, alpha * torch.expm1(x.clamp(max=0)))


answers.wrong("leaky_relu", "a threshold of 1e-08", leaky_above)
answers.wrong("leaky_relu_grad", "a threshold of 1e-08", leaky_slope_above)
answers.wrong("elu", "a threshold of 1e-08", elu_above)


def relu_itself(x: Tensor) -> Tensor:
    return x if bool((x > 0).all()) else x.clamp(min=0)


def leaky_itself(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    return x if bool((x > 0).all()) else torch.where(x > 0, x, negative_slope * x)


def elu_itself(x: Tensor, alpha: float = 1.0) -> Tensor:
    below = alpha * torch.expm1(x.clamp(max=0))
    return x.view_as(x) if bool((x > 0).all()) else torch.where(x > 0, x, below)


def leaky_by_parts(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    return x.clamp(min=0) + torch.tensor(negative_slope) * x.clamp(max=0)


answers.wrong("relu", "the argument itself, where nothing is cut off", relu_itself)
answers.wrong("leaky_relu", "the argument itself, where nothing leaks", leaky_itself)
answers.wrong("elu", "a view of the argument, where all is above 0", elu_itself)
answers.right("relu", "half of a sum", lambda x: (x + x.abs()) / 2)
answers.right("relu", "times a mask", lambda x: x * (x > 0))
answers.right("relu_grad", "y over y", lambda y: torch.where(y > 0, y / y, torch.zeros_like(y)))
answers.right("leaky_relu", "the slope as a tensor of its own", leaky_by_parts)

answers.wrong("relu", "in float32 inside", lambda x: x.float().clamp(min=0).to(x.dtype))
answers.wrong(
    "leaky_relu",
    "in float32 inside",
    lambda x, negative_slope=0.01: leaky_by_parts(x.float(), negative_slope).to(x.dtype),
)


class InFloat32(ClampedELU):
    """Computes in float32, and puts the dtype on again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        y = ClampedELU.forward(ctx, x.float(), alpha).to(x.dtype)
        ctx.save_for_backward(y)
        return y


KEPT: dict[Any, Tensor] = {}


class KeptByNumber(ClampedELU):
    """Keeps each input in a dict for ever."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        ctx.key = len(KEPT)
        KEPT[ctx.key] = x
        return ClampedELU.forward(ctx, x, alpha)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        x = KEPT[ctx.key]
        return upstream[0] * torch.where(x > 0, 1.0, ctx.number * x.exp()), None


class KeptByAlpha(ClampedELU):
    """Keeps the last input for each α in a dict."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        KEPT["α", alpha] = x
        return ClampedELU.forward(ctx, x, alpha)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        x = KEPT["α", ctx.number]
        return upstream[0] * torch.where(x > 0, 1.0, ctx.number * x.exp()), None


answers.wrong("ELUFunction", "in float32 inside", InFloat32)
answers.wrong("ELUFunction", "each input in a dict", KeptByNumber)
answers.wrong("ELUFunction", "the last input of each α in a dict", KeptByAlpha)
