"""Checks of the six derivatives through the output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from course.checks import Case, call
from course.checks.inputs import between, mixed
from course.checks.probes import gradient_of

from .book import ALPHA, DTYPE_TOO, EXACT, LAMBDA, TIGHT, check
from .families import (
    maps,
    numbers,
    of_outputs,
    signed,
    tiny,
)


def via_inverse(
    function: Callable[..., Tensor], inverse: Callable[..., Tensor]
) -> Callable[..., Tensor]:
    """The derivative at output ``y``: go back to the input, and let autograd work there."""

    def derivative(y: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return gradient_of(function, inverse(y, *args, **kwargs), *args, **kwargs)

    return derivative


def _before_leaky(y: Tensor, negative_slope: float = 0.01) -> Tensor:
    return torch.where(y > 0, y, y / negative_slope)


def before_elu(y: Tensor, alpha: float = 1.0) -> Tensor:
    return torch.where(y > 0, y, torch.log1p(y.clamp(max=0) / alpha))


def _before_selu(y: Tensor) -> Tensor:
    return before_elu(y / LAMBDA, ALPHA)


def _outputs(
    name: str, function: Callable[[Tensor], Tensor], rng: Generator, hint: str, **kwargs: Any
) -> Iterator[Case]:
    """What is asked of each derivative: outputs of ``function``, in several shapes."""
    some = torch.cat([mixed(rng, 4), mixed(rng, 2, low=1e-4, high=0.01)])
    few = function(some[torch.randperm(len(some), generator=rng)])
    batch = function(signed(rng, 3, 4))
    yield Case("a few outputs", call(name, few, **kwargs), hint, TIGHT, weight=2)
    yield Case("a batch of outputs (3, 4)", call(name, batch, **kwargs), hint, DTYPE_TOO)
    yield numbers(name, function(signed(rng, 4)), **kwargs)


def _tiny(name: str, function: Callable[[Tensor], Tensor], rng: Generator, **kwargs: Any) -> Case:
    return Case("tiny outputs", call(name, function(tiny(rng)), **kwargs), THRESHOLD, TIGHT)


def _with_zero(name: str, y: Tensor, hint: str, **kwargs: Any) -> Case:
    """The convention at 0, between ordinary outputs."""
    zero = torch.zeros(1, dtype=torch.float64)
    return Case("the convention at 0", call(name, torch.cat([y, zero]), **kwargs), hint, TIGHT)


def _saturated(name: str, rng: Generator, ends: Sequence[float], function: Any) -> Case:
    y = torch.cat([torch.tensor(ends, dtype=torch.float64), function(mixed(rng, 2))])
    return Case(
        "zero where the function is flat",
        call(name, y),
        "At the ends of its range the function no longer rises. Does your formula say so?",
        TIGHT,
    )


THRESHOLD = (
    "An output is above 0 or it is not, however small. Is there a threshold other than 0 in yours?"
)
THROUGH_INPUT = (
    "You apply the activation once more. What comes in is already its output: "
    "write the derivative with y alone."
)
BOOLEAN = "A comparison gives bool. A derivative is multiplied by others: it needs y's dtype."
LEFT_AT_ZERO = (
    "All right except where y = 0. The convention of this lab (and PyTorch) at the kink is the "
    "slope on the left, and where the left slope is 0, all of the left side has y = 0."
)


def of_maps(name: str, outputs: Tensor, **kwargs: Any) -> Case:
    """What grading asks besides of each derivative."""
    return Case("outputs of feature maps", call(name, outputs, **kwargs), judge=EXACT, weight=2)


@check.define(
    oracle={"sigmoid_grad": via_inverse(torch.sigmoid, torch.logit)},
    mistakes=[
        Mistake(
            "through_the_input",
            {"sigmoid_grad": lambda y: torch.sigmoid(y) * torch.sigmoid(-y)},
            THROUGH_INPUT,
        ),
        Mistake(
            "one_minus_y",
            {"sigmoid_grad": lambda y: 1 - y},
            "Only one factor. At y = 1/2 the slope is 1/4.",
        ),
        Mistake(
            "of_tanh",
            {"sigmoid_grad": lambda y: 1 - y * y},
            "This is the derivative of tanh through its output.",
        ),
        Mistake(
            "plus_instead_of_minus",
            {"sigmoid_grad": lambda y: y * (1 + y)},
            "The slope must vanish at both ends of the range, y = 0 and y = 1.",
        ),
    ],
    contract=of_outputs(torch.sigmoid),
)
def sigmoid_grad(rng: Generator) -> Iterator[Case]:
    """The derivative of the sigmoid, from its output alone."""
    hint = "At y = 1/2 it is 1/4; at y = 0 and y = 1 it is 0. What is the simplest such curve?"
    yield from _outputs("sigmoid_grad", torch.sigmoid, rng, hint)
    yield _saturated("sigmoid_grad", rng, [0.0, 1.0], torch.sigmoid)


@check.hidden("sigmoid_grad")
def sigmoid_grad_on_maps(rng: Generator) -> Iterator[Case]:
    yield of_maps("sigmoid_grad", maps(rng).sigmoid())


@check.define(
    oracle={"tanh_grad": via_inverse(torch.tanh, torch.atanh)},
    mistakes=[
        Mistake(
            "square_forgotten",
            {"tanh_grad": lambda y: 1 - y},
            "At y = -1 tanh is as flat as at y = 1. Is your formula even in y?",
        ),
        Mistake(
            "through_the_input",
            {"tanh_grad": lambda y: 1 - torch.tanh(y) ** 2},
            THROUGH_INPUT,
        ),
        Mistake(
            "of_the_sigmoid",
            {"tanh_grad": lambda y: y - y * y},
            "This is the derivative of the sigmoid through its output.",
        ),
        Mistake(
            "plus_instead_of_minus",
            {"tanh_grad": lambda y: 1 + y * y},
            "tanh is steepest at y = 0, with slope 1. Your slope grows from there.",
        ),
    ],
    contract=of_outputs(torch.tanh),
)
def tanh_grad(rng: Generator) -> Iterator[Case]:
    """The derivative of tanh, from its output alone."""
    hint = "At y = 0 it is 1, at y = ±1 it is 0."
    yield from _outputs("tanh_grad", torch.tanh, rng, hint)
    yield _saturated("tanh_grad", rng, [-1.0, 1.0], torch.tanh)


@check.hidden("tanh_grad")
def tanh_grad_on_maps(rng: Generator) -> Iterator[Case]:
    yield of_maps("tanh_grad", maps(rng).tanh())


@check.define(
    oracle={"relu_grad": via_inverse(F.relu, F.relu)},
    mistakes=[
        Mistake(
            "greater_or_equal",
            {"relu_grad": lambda y: (y >= 0).to(y.dtype)},
            "This is 1 everywhere: ReLU's output is never negative. What is y on the flat side?",
        ),
        Mistake("boolean", {"relu_grad": lambda y: y > 0}, BOOLEAN),
        Mistake(
            "half_at_zero",
            {"relu_grad": lambda y: torch.heaviside(y, y.new_tensor(0.5))},
            "y = 0 is not only the kink: it is the whole left side. How steep is ReLU there?",
        ),
        Mistake(
            "is_relu",
            {"relu_grad": F.relu},
            "This gives y back. The derivative is the slope: how fast does y grow with x?",
        ),
    ],
    contract=of_outputs(F.relu),
)
def relu_grad(rng: Generator) -> Iterator[Case]:
    """The derivative of ReLU, from its output alone; 0 at the kink."""
    hint = "Only two values occur. Which, and when?"
    yield from _outputs("relu_grad", F.relu, rng, hint)
    yield _tiny("relu_grad", F.relu, rng)


@check.hidden("relu_grad")
def relu_grad_on_maps(rng: Generator) -> Iterator[Case]:
    yield of_maps("relu_grad", maps(rng).relu())


@check.define(
    oracle={"leaky_relu_grad": via_inverse(F.leaky_relu, _before_leaky)},
    mistakes=[
        Mistake(
            "one_at_zero",
            {
                "leaky_relu_grad": lambda y, negative_slope=0.01: torch.where(
                    y >= 0, 1.0, negative_slope
                ).to(y.dtype)
            },
            LEFT_AT_ZERO,
        ),
        Mistake(
            "slope_fixed",
            {"leaky_relu_grad": lambda y, negative_slope=0.01: 0.01 + 0.99 * (y > 0).to(y)},
            "The slope is always 0.01. There is an argument for it.",
        ),
        Mistake(
            "zero_on_the_left",
            {"leaky_relu_grad": lambda y, negative_slope=0.01: (y > 0).to(y.dtype)},
            "That is ReLU's derivative: the left side has a slope here.",
        ),
        Mistake(
            "branches_swapped",
            {
                "leaky_relu_grad": lambda y, negative_slope=0.01: torch.where(
                    y > 0, negative_slope, 1.0
                ).to(y.dtype)
            },
            "The branches are swapped: which side leaks?",
        ),
        Mistake(
            "slope_sign",
            {
                "leaky_relu_grad": lambda y, negative_slope=0.01: torch.where(
                    y > 0, 1.0, -negative_slope
                ).to(y.dtype)
            },
            "The function rises on both sides of 0: its slope is nowhere negative.",
        ),
        Mistake(
            "times_y",
            {"leaky_relu_grad": F.leaky_relu},
            "This is the function again. The derivative of a·x is a, not a·x.",
        ),
    ],
    contract=of_outputs(partial(F.leaky_relu, negative_slope=0.2), 0.2),
)
def leaky_relu_grad(rng: Generator) -> Iterator[Case]:
    """The derivative of leaky ReLU, from its output alone; the left slope at the kink."""
    hint = "Only two values occur: one slope for each side."
    yield from _outputs("leaky_relu_grad", F.leaky_relu, rng, hint)
    slope = between(rng, 0.1, 0.6, 2)
    y = F.leaky_relu(signed(rng, 30), slope)
    few = F.leaky_relu(mixed(rng, 2), slope)
    yield Case(
        "another slope", call("leaky_relu_grad", y, negative_slope=slope), hint, TIGHT, weight=2
    )
    steeper = partial(F.leaky_relu, negative_slope=slope)
    yield _tiny("leaky_relu_grad", steeper, rng, negative_slope=slope)
    yield _with_zero("leaky_relu_grad", few, LEFT_AT_ZERO, negative_slope=slope)
    yield Case(
        "slope 0, which is ReLU",
        call("leaky_relu_grad", F.relu(signed(rng, 8)), negative_slope=0.0),
        "A slope of 0 is a slope like others: `slope or 0.01` takes it for none.",
        TIGHT,
    )


@check.hidden("leaky_relu_grad")
def leaky_relu_grad_on_maps(rng: Generator) -> Iterator[Case]:
    slope = between(rng, 0.02, 0.9)
    yield of_maps("leaky_relu_grad", F.leaky_relu(maps(rng), slope), negative_slope=slope)


@check.define(
    oracle={"elu_grad": via_inverse(F.elu, before_elu)},
    mistakes=[
        Mistake(
            "one_at_zero",
            {"elu_grad": lambda y, alpha=1.0: torch.where(y >= 0, 1.0, alpha + y).to(y)},
            LEFT_AT_ZERO,
        ),
        Mistake(
            "alpha_forgotten",
            {"elu_grad": lambda y, alpha=1.0: y.clamp(max=0) + 1},
            "Right for α = 1 only. Write α·eˣ with the help of y = α·(eˣ - 1).",
        ),
        Mistake(
            "through_the_input",
            {"elu_grad": lambda y, alpha=1.0: torch.where(y > 0, 1.0, alpha * y.exp()).to(y)},
            "α·eˣ is the derivative at the input x. What comes in is y = α·(eˣ - 1): "
            "what is α·eˣ in terms of y?",
        ),
        Mistake(
            "alpha_times",
            {"elu_grad": lambda y, alpha=1.0: torch.where(y > 0, 1.0, alpha * (y + 1)).to(y)},
            "y has α in it already: α·eˣ = y + … ?",
        ),
        Mistake(
            "no_right_branch",
            {"elu_grad": lambda y, alpha=1.0: alpha + y},
            "For y > 0 the function is x. Which slope has x?",
        ),
    ],
    contract=of_outputs(partial(F.elu, alpha=0.2), 0.2),
)
def elu_grad(rng: Generator) -> Iterator[Case]:
    """The derivative of ELU, from its output and α; the left slope at the kink."""
    hint = "On the left: solve y = α·(eˣ - 1) for α·eˣ, which is the derivative."
    yield from _outputs("elu_grad", F.elu, rng, hint)
    alpha = between(rng, 0.2, 0.5, 2)
    y, few = F.elu(mixed(rng, 30), alpha), F.elu(mixed(rng, 2, low=0.3, high=0.45), alpha)
    yield Case("another α", call("elu_grad", y, alpha=alpha), hint, TIGHT, weight=2)
    large = between(rng, 1.5, 2.5, 2)
    y = F.elu(mixed(rng, 30), large)
    steep = f"{hint} It may well be above 1."
    yield Case("a large α", call("elu_grad", y, alpha=large), steep, TIGHT)
    yield _tiny("elu_grad", partial(F.elu, alpha=alpha), rng, alpha=alpha)
    yield _with_zero("elu_grad", few, LEFT_AT_ZERO, alpha=alpha)


@check.hidden("elu_grad")
def elu_grad_on_maps(rng: Generator) -> Iterator[Case]:
    alpha = between(rng, 0.1, 3.0)
    yield of_maps("elu_grad", F.elu(maps(rng), alpha), alpha=alpha)


@check.define(
    oracle={"selu_grad": via_inverse(F.selu, _before_selu)},
    mistakes=[
        Mistake(
            "lambda_at_zero",
            {"selu_grad": lambda y: torch.where(y >= 0, LAMBDA, ALPHA * LAMBDA + y).to(y)},
            LEFT_AT_ZERO,
        ),
        Mistake(
            "lambda_forgotten",
            {"selu_grad": lambda y: torch.where(y > 0, 1.0, ALPHA + y).to(y)},
            "This is ELU's derivative with SELU's α. Where does λ come in, on each side?",
        ),
        Mistake(
            "lambda_forgotten_right",
            {"selu_grad": lambda y: torch.where(y > 0, 1.0, LAMBDA * ALPHA + y).to(y)},
            "The right branch is λ·x. Which slope does that have?",
        ),
        Mistake(
            "lambda_forgotten_left",
            {"selu_grad": lambda y: torch.where(y > 0, LAMBDA, ALPHA + y).to(y)},
            "On the left the derivative is λ·α·eˣ, and y = λ·α·eˣ - … ?",
        ),
        Mistake(
            "lambda_twice",
            {"selu_grad": lambda y: torch.where(y > 0, LAMBDA, LAMBDA * (ALPHA + y)).to(y)},
            "y has λ in it already: on the left it comes in twice.",
        ),
        Mistake(
            "through_the_input",
            {"selu_grad": lambda y: torch.where(y > 0, LAMBDA, LAMBDA * ALPHA * y.exp()).to(y)},
            "λ·α·eˣ is the derivative at the input x. What comes in is the output y.",
        ),
    ],
    contract=of_outputs(F.selu),
)
def selu_grad(rng: Generator) -> Iterator[Case]:
    """The derivative of SELU, from its output alone; the left slope at the kink."""
    hint = "On the left: y = λα·eˣ - λα, and the derivative is λα·eˣ."
    yield from _outputs("selu_grad", F.selu, rng, hint)
    yield _tiny("selu_grad", F.selu, rng)
    yield _with_zero("selu_grad", F.selu(mixed(rng, 4)), LEFT_AT_ZERO)


@check.hidden("selu_grad")
def selu_grad_on_maps(rng: Generator) -> Iterator[Case]:
    yield of_maps("selu_grad", F.selu(maps(rng)))
