"""The six derivatives in other words."""

from __future__ import annotations

import torch
from torch import Tensor

from .book import answers
from .functions import ALPHA, LAMBDA


def filled(y: Tensor, negative_slope: float = 0.01) -> Tensor:
    slope = torch.ones_like(y)
    slope[y <= 0] = negative_slope
    return slope


answers.right("sigmoid_grad", "factors", lambda y: y * (1 - y))
answers.right("sigmoid_grad", "a difference", lambda y: y - y**2)
answers.right("sigmoid_grad", "a parabola about 1/2", lambda y: 0.25 - (y - 0.5) ** 2)

answers.right("tanh_grad", "1 - y²", lambda y: 1 - y**2)
answers.right("tanh_grad", "factors", lambda y: (1 - y) * (1 + y))
answers.right("tanh_grad", "ones minus a square", lambda y: torch.ones_like(y) - torch.square(y))

answers.right("relu_grad", "the sign", torch.sign)
answers.right(
    "relu_grad", "where", lambda y: torch.where(y > 0, torch.ones_like(y), torch.zeros_like(y))
)
answers.right("relu_grad", "heaviside", lambda y: torch.heaviside(y, torch.zeros_like(y)))
answers.right("relu_grad", "other than 0", lambda y: (y != 0).type_as(y))

answers.right("leaky_relu_grad", "filled", filled)
answers.right(
    "leaky_relu_grad",
    "where",
    lambda y, negative_slope=0.01: torch.where(y > 0, 1.0, negative_slope).to(y.dtype),
)
answers.right(
    "leaky_relu_grad",
    "two masks",
    lambda y, negative_slope=0.01: (y > 0).to(y) + negative_slope * (y <= 0).to(y),
)

answers.right("elu_grad", "where", lambda y, alpha=1.0: torch.where(y > 0, 1.0, y + alpha))
answers.right("elu_grad", "two masks", lambda y, alpha=1.0: (y > 0) + (y <= 0) * (alpha + y))
answers.right("elu_grad", "filled", lambda y, alpha=1.0: (y + alpha).masked_fill(y > 0, 1.0))

answers.right("selu_grad", "where", lambda y: torch.where(y > 0, LAMBDA, y + LAMBDA * ALPHA))
answers.right(
    "selu_grad", "two masks", lambda y: LAMBDA * ((y > 0) + (y <= 0) * (y / LAMBDA + ALPHA))
)
answers.right("selu_grad", "filled", lambda y: (y + LAMBDA * ALPHA).masked_fill(y > 0, LAMBDA))
answers.wrong(
    "elu_grad",
    "never below a thousandth",
    lambda y, alpha=1.0: torch.where(y > 0, 1.0, (y + alpha).clamp(min=1e-3)),
)
answers.wrong(
    "selu_grad",
    "never below a thousandth",
    lambda y: torch.where(y > 0, LAMBDA, (y + LAMBDA * ALPHA).clamp(min=1e-3)),
)
