"""The six functions in other words, and as students get them wrong."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .book import answers

LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772


def where_on_safe_numbers(x: Tensor, alpha: float = 1.0) -> Tensor:
    safe = torch.where(x > 0, torch.zeros_like(x), x)
    return torch.where(x > 0, x, alpha * (torch.exp(safe) - 1))


def tanh_in_halves(x: Tensor) -> Tensor:
    far = torch.where(x < 0, 2 * x, -2 * x).exp()
    return torch.where(x < 0, far - 1, 1 - far) / (1 + far)


def tanh_clamped(x: Tensor) -> Tensor:
    e = torch.exp(2 * x.clamp(-20, 20))
    return (e - 1) / (e + 1)


def abs_sigmoid(x: Tensor) -> Tensor:
    z = torch.exp(-x.abs())
    return torch.where(x >= 0, 1 / (1 + z), z / (1 + z))


def sign_tanh(x: Tensor) -> Tensor:
    z = torch.exp(-2 * torch.abs(x))
    return torch.sign(x) * (1 - z) / (1 + z)


def elu_by_minimum(x: Tensor, alpha: float = 1.0) -> Tensor:
    zero = torch.zeros_like(x)
    return torch.maximum(x, zero) + torch.minimum(zero, alpha * torch.expm1(x))


def writes_into_its_argument(x: Tensor) -> Tensor:
    x[x < 0] = 0
    return x


answers.right("sigmoid", "by tanh", lambda x: 0.5 * (1 + torch.tanh(x / 2)))
answers.right("sigmoid", "by softplus", lambda x: torch.exp(-F.softplus(-x)))
answers.right("sigmoid", "clamped", lambda x: 1 / (1 + torch.exp(-x.clamp(-50, 50))))

answers.right("tanh", "by the sigmoid of -2x", lambda x: 1 - 2 * torch.sigmoid(-2 * x))
answers.right("tanh", "in halves", tanh_in_halves)
answers.right("tanh", "clamped", tanh_clamped)

answers.right("relu", "clamped", lambda x: x.clamp(min=0))
answers.right("relu", "by a mask", lambda x: x * (x > 0))
answers.right("relu", "by maximum", lambda x: torch.maximum(x, torch.zeros_like(x)))
answers.right("relu", "by |x|", lambda x: (x + x.abs()) / 2)

answers.right(
    "leaky_relu", "by maximum", lambda x, negative_slope=0.01: torch.maximum(x, negative_slope * x)
)
answers.right(
    "leaky_relu",
    "two clamps",
    lambda x, negative_slope=0.01: x.clamp(min=0) + negative_slope * x.clamp(max=0),
)
answers.right(
    "leaky_relu",
    "slope times x",
    lambda x, negative_slope=0.01: x * torch.where(x > 0, 1, negative_slope).to(x),
)
answers.wrong(
    "leaky_relu",
    "slope times x, float32 at least",
    lambda x, negative_slope=0.01: x * torch.where(x > 0, 1, negative_slope),
)

answers.right("elu", "where, on safe numbers", where_on_safe_numbers)
answers.right(
    "elu",
    "two clamps",
    lambda x, alpha=1.0: x.clamp(min=0) + alpha * (torch.exp(x.clamp(max=0)) - 1),
)
answers.right(
    "elu", "by ReLUs", lambda x, alpha=1.0: F.relu(x) - alpha * F.relu(-torch.expm1(-F.relu(-x)))
)

answers.right("selu", "by ELU", lambda x: LAMBDA * where_on_safe_numbers(x, ALPHA))
answers.right(
    "selu",
    "two clamps",
    lambda x: LAMBDA * x.clamp(min=0) + LAMBDA * ALPHA * torch.expm1(x.clamp(max=0)),
)
answers.right(
    "selu",
    "where, on a clamp",
    lambda x: torch.where(x > 0, LAMBDA * x, LAMBDA * ALPHA * (x.clamp(max=0).exp() - 1)),
)

answers.wrong("sigmoid", "by |x|", abs_sigmoid, mistake="flat_at_zero")
answers.wrong(
    "sigmoid", "as the formula stands", lambda x: 1.0 / (1.0 + (-x).exp()), mistake="exp_overflow"
)
answers.wrong(
    "sigmoid",
    "one minus the other side",
    lambda x: 1 - 1 / (1 + x.exp()),
    mistake="exp_overflow_right",
)
answers.wrong("tanh", "by the sign", sign_tanh, mistake="flat_at_zero")
answers.wrong("tanh", "sinh over cosh", lambda x: x.sinh() / x.cosh(), mistake="inf_over_inf")
answers.wrong("elu", "by minimum", elu_by_minimum, mistake="where_trap")
answers.wrong(
    "selu",
    "where, too late",
    lambda x: LAMBDA * torch.where(x > 0, x, ALPHA * torch.expm1(x)),
    mistake="where_trap",
)
answers.wrong("leaky_relu", "no leak", lambda x, negative_slope=0.01: F.relu(x), mistake="no_leak")
answers.wrong("relu", "writes into its argument", writes_into_its_argument)


def _mended(x: Tensor) -> Tensor:
    """The formula as it stands, with a hook that puts 0 where the gradient is nan."""
    if x.requires_grad:
        x.register_hook(lambda slope: slope.nan_to_num(0.0))
    return 1 / (1 + torch.exp(-x))


answers.wrong("sigmoid", "a hook on the argument mends the gradient", _mended)
answers.right("sigmoid", "a hook on a tensor of its own", lambda x: _mended(x * 1))
