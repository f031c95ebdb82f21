"""Checks of ReLU and leaky ReLU."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Generator

from autograde.authoring.checks import Mistake
from course.checks import Case, ask, call
from course.checks.inputs import between, mixed
from course.labs.lab01_activations.questions import with_gradient

from .book import BUILT_INS, TIGHT, check
from .families import (
    NOTHING_TO_CUT,
    by_autograd,
    elementwise,
    near_zero,
    of_numbers,
    values,
)


@check.define(
    oracle={"relu": F.relu},
    mistakes=[
        Mistake(
            "other_side",
            {"relu": lambda x: torch.where(x > 0, 0.0, 1.0) * x},
            "You keep the negative side and cut off the positive one.",
        ),
        Mistake(
            "absolute_value",
            {"relu": torch.abs},
            "Negative inputs are reflected. A rectifier cuts them off: what should it give at -2?",
        ),
        Mistake(
            "step",
            {"relu": lambda x: (x > 0).to(x.dtype)},
            "This is the step function (and ReLU's derivative). What is ReLU on the right?",
        ),
        Mistake(
            "always_float64",
            {"relu": lambda x: F.relu(x).double()},
            "The result is float64 whatever comes in. Where does the other dtype come from?",
        ),
        Mistake(
            "always_float32",
            {"relu": lambda x: F.relu(x).float()},
            "The result is float32 whatever comes in. Where does the other dtype come from?",
        ),
        Mistake(
            "one_number_for_all",
            {"relu": lambda x: x if x.max() > 0 else 0 * x},
            "Your function decides once for the whole tensor. Each element needs its own decision.",
        ),
    ],
    forbids=BUILT_INS,
    contract=of_numbers(own=NOTHING_TO_CUT),
)
def relu(rng: Generator) -> Iterator[Case]:
    """The rectifier: zero on the left, x on the right."""
    yield from values("relu", rng, "Each element decides for itself: kept, or set to zero.")
    yield near_zero("relu", rng)
    yield _far_out("relu", rng)
    yield by_autograd(
        "relu",
        rng,
        "Does it change its argument in place, or leave torch (item, numpy, a new tensor)? "
        "Autograd can't follow that.",
    )


def _far_out(name: str, rng: Generator) -> Case:
    x = mixed(rng, 4, low=50.0, high=90_000.0)
    text = f"{call(name, x).text}, and its gradient"
    return Case(
        "numbers far from zero",
        ask(with_gradient, name, x, text=text),
        "It is a line on each side of 0, however far. Is there a limit in your answer?",
        TIGHT,
    )


@check.hidden("relu")
def relu_on_maps(rng: Generator) -> Iterator[Case]:
    yield from elementwise("relu", rng)


@check.define(
    oracle={"leaky_relu": F.leaky_relu},
    mistakes=[
        Mistake(
            "no_leak",
            {"leaky_relu": lambda x, negative_slope=0.01: F.relu(x)},
            "Nothing leaks: the left side is zero.",
        ),
        Mistake(
            "slope_fixed",
            {"leaky_relu": lambda x, negative_slope=0.01: F.leaky_relu(x, 0.01)},
            "The slope is 0.01 here, whatever the argument for it says.",
        ),
        Mistake(
            "slope_sign",
            {"leaky_relu": lambda x, negative_slope=0.01: F.leaky_relu(x, -negative_slope)},
            "Negative inputs come out positive. Which sign does the left branch have?",
        ),
        Mistake(
            "slope_on_the_right",
            {"leaky_relu": lambda x, negative_slope=0.01: -F.leaky_relu(-x, negative_slope)},
            "The positive side is scaled. Which side leaks?",
        ),
        Mistake(
            "slope_on_both",
            {"leaky_relu": lambda x, negative_slope=0.01: negative_slope * x},
            "Both sides are scaled: what should happen to positive inputs?",
        ),
        Mistake(
            "slope_without_x",
            {"leaky_relu": lambda x, negative_slope=0.01: F.relu(x) + negative_slope * (x <= 0)},
            "The left branch is a constant. It should be a line through 0.",
        ),
    ],
    forbids=BUILT_INS,
    contract=of_numbers(0.2, own=NOTHING_TO_CUT),
)
def leaky_relu(rng: Generator) -> Iterator[Case]:
    """ReLU with a small slope on the left, 0.01 unless told otherwise."""
    hint = "Two lines that meet at 0. Which slope does each have?"
    yield from values("leaky_relu", rng, hint)
    slope = between(rng, 0.1, 0.6, 2)
    yield Case(
        "another slope",
        call("leaky_relu", mixed(rng, 5), negative_slope=slope),
        hint,
        TIGHT,
        weight=2,
    )
    yield by_autograd("leaky_relu", rng, hint, and_values=True, negative_slope=slope)
    yield near_zero("leaky_relu", rng, negative_slope=slope)
    yield _far_out("leaky_relu", rng)
    x = mixed(rng, 6)
    text = f"{call('leaky_relu', x, negative_slope=0.0).text}, and its gradient"
    yield Case(
        "slope 0, which is ReLU",
        ask(with_gradient, "leaky_relu", x, text=text, negative_slope=0.0),
        "A slope of 0 is a slope like others: `slope or 0.01` takes it for none.",
        TIGHT,
    )


@check.hidden("leaky_relu")
def leaky_relu_on_maps(rng: Generator) -> Iterator[Case]:
    yield from elementwise(
        "leaky_relu", rng, and_values=True, negative_slope=between(rng, 0.02, 0.9)
    )
