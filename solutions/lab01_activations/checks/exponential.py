"""Checks of ELU and SELU."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Generator

from autograde.authoring.checks import Mistake
from course.checks import Case, call
from course.checks.inputs import between, mixed

from .book import ALPHA, BUILT_INS, LAMBDA, TIGHT, check
from .families import (
    NOTHING_TO_CUT,
    by_autograd,
    elementwise,
    finite,
    near_zero,
    of_numbers,
    values,
)

WHERE_TRAP = (
    "The value is right and the gradient is nan: this is the where-trap. `torch.where` computes "
    "both branches. Backwards the branch not taken gets 0, times its own slope e^1000 = ∞. "
    "What could the exponential be given instead of x, where its branch is not taken?"
)


@check.define(
    oracle={"elu": F.elu},
    mistakes=[
        Mistake(
            "where_trap",
            {"elu": lambda x, alpha=1.0: torch.where(x > 0, x, alpha * (torch.exp(x) - 1))},
            WHERE_TRAP,
        ),
        Mistake(
            "alpha_forgotten",
            {"elu": lambda x, alpha=1.0: F.elu(x)},
            "Here α changes nothing in your function. (The lecture's slide has no α; the paper "
            "does.)",
        ),
        Mistake(
            "alpha_inside",
            {"elu": lambda x, alpha=1.0: F.relu(x) + (alpha * x.clamp(max=0).exp() - 1)},
            "α multiplies the exponential only. At x = 0 the two branches should meet.",
        ),
        Mistake(
            "alpha_in_exponent",
            {"elu": lambda x, alpha=1.0: torch.where(x > 0, x, F.elu(alpha * x))},
            "α stretches x instead of the result. Towards which value should ELU go at -∞?",
        ),
        Mistake(
            "minus_one_forgotten",
            {"elu": lambda x, alpha=1.0: F.elu(x, alpha) + alpha * (x <= 0)},
            "The two branches do not meet at x = 0: something is missing on the left.",
        ),
        Mistake(
            "alpha_on_both",
            {"elu": lambda x, alpha=1.0: alpha * F.elu(x)},
            "α scales the positive side as well. There the function is x.",
        ),
        Mistake(
            "is_relu",
            {"elu": lambda x, alpha=1.0: F.relu(x)},
            "The left side is zero, as in ReLU. ELU goes below zero there.",
        ),
    ],
    forbids=BUILT_INS,
    contract=of_numbers(0.7, own=NOTHING_TO_CUT),
)
def elu(rng: Generator) -> Iterator[Case]:
    """The exponential linear unit, with its α and with finite gradients everywhere."""
    hint = "Look at both branches where they meet, at 0, and at -∞: there ELU is -α."
    yield from values("elu", rng, hint)
    alpha = between(rng, 0.3, 0.8, 2)
    few = mixed(rng, 4)
    yield Case("another α", call("elu", few, alpha=alpha), hint, TIGHT, weight=2)
    yield near_zero("elu", rng, alpha=alpha)
    yield by_autograd("elu", rng, hint, alpha=alpha)
    yield from finite("elu", rng, alpha=between(rng, 1.5, 2.0, 2))


@check.hidden("elu")
def elu_on_maps(rng: Generator) -> Iterator[Case]:
    yield from elementwise("elu", rng, alpha=between(rng, 0.1, 3.0))


@check.define(
    oracle={"selu": F.selu},
    mistakes=[
        Mistake(
            "where_trap",
            {
                "selu": lambda x: torch.where(
                    x > 0, LAMBDA * x, LAMBDA * (ALPHA * torch.exp(x) - ALPHA)
                )
            },
            WHERE_TRAP,
        ),
        Mistake(
            "lambda_forgotten",
            {"selu": lambda x: F.elu(x, ALPHA)},
            "λ is missing. (On the lecture's slide too: its positive branch is x.)",
        ),
        Mistake(
            "lambda_only_right",
            {"selu": lambda x: torch.where(x > 0, LAMBDA * x, F.elu(x, ALPHA))},
            "λ scales the right branch only. It stands before the brace, so before both.",
        ),
        Mistake(
            "lambda_only_left",
            {"selu": lambda x: torch.where(x > 0, x, F.selu(x))},
            "λ scales the left branch only. It stands before the brace, so before both.",
        ),
        Mistake(
            "alpha_forgotten",
            {"selu": lambda x: LAMBDA * F.elu(x)},
            "Towards -∞ SELU goes to -λα ≈ -1.758. Where does yours go?",
        ),
        Mistake(
            "constants_swapped",
            {"selu": lambda x: ALPHA * F.elu(x, LAMBDA)},
            "λ ≈ 1.05 and α ≈ 1.67 have changed places.",
        ),
        Mistake(
            "is_elu",
            {"selu": F.elu},
            "This is ELU with α = 1. What does SELU add?",
        ),
    ],
    forbids=BUILT_INS,
    contract=of_numbers(),
)
def selu(rng: Generator) -> Iterator[Case]:
    """The scaled exponential linear unit, with the constants of its paper."""
    hint = "λ·x on the right, λ·α·(eˣ - 1) on the left. Which of your branches differs?"
    yield from values("selu", rng, hint)
    yield near_zero("selu", rng)
    yield by_autograd("selu", rng, hint)
    yield from finite("selu", rng)


@check.hidden("selu")
def selu_on_maps(rng: Generator) -> Iterator[Case]:
    yield from elementwise("selu", rng)
