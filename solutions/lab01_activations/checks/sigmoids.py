"""Checks of the sigmoid and of tanh."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator

from autograde.authoring.checks import Mistake
from course.checks import Case

from .book import BUILT_INS, check
from .families import (
    at_zero,
    by_autograd,
    elementwise,
    finite,
    of_numbers,
    values,
)

OVERFLOW = (
    "The values look right, and the gradient is nan: autograd goes through e^1000 = ∞ as well. "
    "Can you arrange that exp never gets a large positive number?"
)
FLAT_AT_ZERO = (
    "Wrong at one point only, x = 0. What does autograd take for the slope of |x| or sign(x) "
    "there, or of clamp exactly at its limit?"
)


@check.define(
    oracle={"sigmoid": torch.sigmoid},
    mistakes=[
        Mistake("exp_overflow", {"sigmoid": lambda x: 1 / (1 + torch.exp(-x))}, OVERFLOW),
        Mistake("exp_overflow_right", {"sigmoid": lambda x: 1 - 1 / (1 + torch.exp(x))}, OVERFLOW),
        Mistake(
            "inf_over_inf",
            {"sigmoid": lambda x: torch.exp(x) / (1 + torch.exp(x))},
            "e^1000 / (1 + e^1000) is ∞ / ∞. What can you divide both by?",
        ),
        Mistake(
            "flat_at_zero",
            {"sigmoid": lambda x: torch.sigmoid(x) + 0.25 * (x.abs() - x) * (x == 0)},
            FLAT_AT_ZERO,
        ),
        Mistake(
            "sign_of_exponent",
            {"sigmoid": lambda x: torch.sigmoid(-x)},
            "Your function falls where it should rise. Look at the sign in the exponent.",
        ),
        Mistake(
            "is_tanh",
            {"sigmoid": torch.tanh},
            "This runs from -1 to 1. The logistic function runs from 0 to 1.",
        ),
    ],
    forbids=BUILT_INS,
    contract=of_numbers(),
)
def sigmoid(rng: Generator) -> Iterator[Case]:
    """The logistic function, with its gradient, on ordinary and on huge numbers."""
    yield from values("sigmoid", rng, "Compare with the formula at x = 0: it gives 1/2.")
    yield by_autograd("sigmoid", rng, "Is every step a torch operation that autograd can follow?")
    yield at_zero("sigmoid", rng, "The steepest point of the sigmoid is x = 0. How steep?")
    yield from finite("sigmoid", rng)


@check.hidden("sigmoid")
def sigmoid_on_maps(rng: Generator) -> Iterator[Case]:
    yield from elementwise("sigmoid", rng)


@check.define(
    oracle={"tanh": torch.tanh},
    mistakes=[
        Mistake(
            "inf_over_inf",
            {"tanh": lambda x: (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x))},
            "e^1000 is ∞, and ∞ / ∞ is nan. Which function of this lab, already safe, can "
            "tanh be built from?",
        ),
        Mistake("exp_overflow", {"tanh": lambda x: 1 - 2 / (torch.exp(2 * x) + 1)}, OVERFLOW),
        Mistake("exp_overflow_left", {"tanh": lambda x: 2 / (1 + torch.exp(-2 * x)) - 1}, OVERFLOW),
        Mistake(
            "flat_at_zero",
            {"tanh": lambda x: torch.tanh(x) + (x.abs() - x) * (x == 0)},
            FLAT_AT_ZERO,
        ),
        Mistake(
            "forgot_two_inside",
            {"tanh": lambda x: 2 * torch.sigmoid(x) - 1},
            "The range is right, the slope at 0 is not: tanh has slope 1 there. By how much "
            "must x be stretched?",
        ),
        Mistake(
            "is_sigmoid",
            {"tanh": torch.sigmoid},
            "This runs from 0 to 1. tanh runs from -1 to 1.",
        ),
        Mistake(
            "sinh_alone",
            {"tanh": torch.sinh},
            "That is the numerator alone (up to a factor 2).",
        ),
    ],
    forbids=BUILT_INS,
    contract=of_numbers(),
)
def tanh(rng: Generator) -> Iterator[Case]:
    """The hyperbolic tangent, with its gradient, on ordinary and on huge numbers."""
    yield from values("tanh", rng, "Compare with the formula at x = 0: it gives 0.")
    yield by_autograd("tanh", rng, "Is every step a torch operation that autograd can follow?")
    yield at_zero("tanh", rng, "tanh is steepest at x = 0. How steep?")
    yield from finite("tanh", rng)


@check.hidden("tanh")
def tanh_on_maps(rng: Generator) -> Iterator[Case]:
    yield from elementwise("tanh", rng)
