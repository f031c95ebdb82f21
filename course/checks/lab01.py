"""Checks of lab 1: activations, their derivatives through the output, ELU as a Function.

The oracles are torch's built-ins. A derivative through the output is checked against autograd:
the output is taken back to its input by the inverse function, and the built-in differentiated
there. Every case has inputs of both signs, so that a constant or the identity earns nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from course.checks import Case, Checks, Mistake, ProbeError, ask, call, close, gradient, same
from course.checks.probes import gradient_of

check = Checks("lab01_activations")

ALPHA, LAMBDA = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017
TIGHT = close(rtol=1e-7, atol=1e-9, dtype=False)  # float64
DTYPE_TOO = close(rtol=1e-7, atol=1e-9)  # one case of a check, so that a dtype costs its share only
SINGLE = close(rtol=1e-5, atol=1e-6)  # float32

ELEMENTWISE = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "elu": F.elu,
}

# torch's own activations, by the plain names of functions, methods and layers: the exercises ask
# to write them by hand. Grading tells a person where an answer uses one; it costs no point.
BUILT_INS = """
    sigmoid logsigmoid hardsigmoid expit tanh hardtanh relu relu6 leaky_relu prelu rrelu threshold
    elu celu selu gelu silu softplus
""".split()  # noqa: SIM905 - a table reads better
BY_HAND = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "ELUFunction")
FORBIDS = dict.fromkeys(BY_HAND, BUILT_INS)

# Inputs -----------------------------------------------------------------------------------


def mixed(rng: Generator, *shape: int, low: float = 0.1, high: float = 3.0) -> Tensor:
    """Numbers of both signs in turn, ``low`` to ``high`` from zero; ``shape``, float64."""
    size = torch.rand(shape, generator=rng, dtype=torch.float64) * (high - low) + low
    signs = torch.tensor([-1.0, 1.0], dtype=torch.float64).repeat(size.numel())
    return size * signs[: size.numel()].view(shape)


def between(rng: Generator, low: float, high: float) -> float:
    """A number between ``low`` and ``high``, to two decimals."""
    return round(low + (high - low) * float(torch.rand((), generator=rng)), 2)


def extremes(rng: Generator) -> Tensor:
    """±1000 with ordinary numbers between them; ``(4,)``, float64."""
    ends = torch.tensor([-1000.0, 1000.0], dtype=torch.float64)
    return torch.cat([ends[:1], mixed(rng, 2), ends[1:]])


# Questions --------------------------------------------------------------------------------


def on_numbers(function: Callable[..., Any], x: Tensor, **kwargs: Any) -> list[Any]:
    """The function on each element of ``x (N,)`` alone, as a tensor of shape ``()``."""
    return [function(number, **kwargs) for number in x]


def unchanged(function: Callable[..., Any], x: Tensor, **kwargs: Any) -> list[Any]:
    """The result, and the argument afterwards."""
    result = function(x, **kwargs)
    return [result, x]


def _numbers(name: str, x: Tensor, **kwargs: Any) -> Case:
    text = f"{name} on single numbers, tensors of shape ()"
    return Case(
        "takes a single number",
        ask(on_numbers, name, x, text=text, **kwargs),
        hint="Does the function index or loop? Operations that work element by element "
        "take every shape, also ().",
        judge=TIGHT,
    )


def _values(name: str, rng: Generator, hint: str, **kwargs: Any) -> Iterator[Case]:
    """What is asked of each of the six functions: a few numbers, a batch, one number, dtype."""
    yield Case("a few numbers", call(name, mixed(rng, 4), **kwargs), hint, TIGHT, weight=2)
    yield Case("a batch (8, 16)", call(name, mixed(rng, 8, 16), **kwargs), hint, DTYPE_TOO)
    yield _numbers(name, mixed(rng, 2), **kwargs)
    yield Case(
        "float32 in, float32 out",
        call(name, mixed(rng, 6).float(), **kwargs),
        hint="The result should have the dtype of the input: where does another one come in?",
        judge=SINGLE,
    )


def _slopes(name: str, rng: Generator, hint: str, **kwargs: Any) -> Case:
    return Case(
        "its gradient, by autograd",
        gradient(name, mixed(rng, 12), **kwargs),
        hint,
        TIGHT,
        weight=2,
    )


FINITE_HINT = (
    "Which intermediate result becomes infinite there? `0 · ∞` and `∞ / ∞` are nan, forwards "
    "and backwards. Print the parts of your formula at x = 1000 and x = -1000."
)


def with_gradient(function: Callable[..., Any], x: Tensor, **kwargs: Any) -> dict[str, Any]:
    """The values, and the gradient: a finite gradient of the wrong function earns nothing."""
    return {"value": function(x, **kwargs), "gradient": gradient_of(function, x, **kwargs)}


def _finite(name: str, rng: Generator, **kwargs: Any) -> Iterator[Case]:
    x = extremes(rng)
    probe = call(name, x, **kwargs)
    yield Case("finite values at ±1000", probe, FINITE_HINT, TIGHT)
    text = f"{probe.text}, and its gradient"
    yield Case(
        "finite gradients at ±1000",
        ask(with_gradient, name, x, text=text, **kwargs),
        FINITE_HINT,
        TIGHT,
        weight=6,
    )
    yield Case(
        "the same in float32",
        ask(with_gradient, name, x.float(), text=f"{text}, in float32", **kwargs),
        hint="In float32 exp overflows beyond 88 already, not at 709 as in float64.",
        judge=SINGLE,
        weight=2,
    )


# The six functions ------------------------------------------------------------------------

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
)
def sigmoid(rng: Generator) -> Iterator[Case]:
    """The logistic function, with its gradient, on ordinary and on huge numbers."""
    yield from _values("sigmoid", rng, "Compare with the formula at x = 0: it gives 1/2.")
    yield _slopes("sigmoid", rng, "Is every step a torch operation that autograd can follow?")
    yield _at_zero("sigmoid", rng, "The steepest point of the sigmoid is x = 0. How steep?")
    yield from _finite("sigmoid", rng)


def _at_zero(name: str, rng: Generator, hint: str) -> Case:
    x = torch.cat([mixed(rng, 2), torch.zeros(1, dtype=torch.float64)])
    return Case("its gradient at 0", gradient(name, x), hint, TIGHT)


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
)
def tanh(rng: Generator) -> Iterator[Case]:
    """The hyperbolic tangent, with its gradient, on ordinary and on huge numbers."""
    yield from _values("tanh", rng, "Compare with the formula at x = 0: it gives 0.")
    yield _slopes("tanh", rng, "Is every step a torch operation that autograd can follow?")
    yield _at_zero("tanh", rng, "tanh is steepest at x = 0. How steep?")
    yield from _finite("tanh", rng)


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
)
def relu(rng: Generator) -> Iterator[Case]:
    """The rectifier: zero on the left, x on the right."""
    yield from _values("relu", rng, "Each element decides for itself: kept, or set to zero.")
    yield _slopes(
        "relu",
        rng,
        "Does it change its argument in place, or leave torch (item, numpy, a new tensor)? "
        "Autograd can't follow that.",
    )


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
            "The slope is always 0.01. There is an argument for it.",
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
)
def leaky_relu(rng: Generator) -> Iterator[Case]:
    """ReLU with a small slope on the left, 0.01 unless told otherwise."""
    hint = "Two lines that meet at 0. Which slope does each have?"
    yield from _values("leaky_relu", rng, hint)
    slope = between(rng, 0.1, 0.6)
    yield Case(
        "another slope",
        call("leaky_relu", mixed(rng, 5), negative_slope=slope),
        hint,
        TIGHT,
        weight=2,
    )
    yield _slopes("leaky_relu", rng, hint, negative_slope=slope)


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
            "α changes nothing in your function. (The lecture's slide has no α; the paper does.)",
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
)
def elu(rng: Generator) -> Iterator[Case]:
    """The exponential linear unit, with its α and with finite gradients everywhere."""
    hint = "Look at both branches where they meet, at 0, and at -∞: there ELU is -α."
    yield from _values("elu", rng, hint)
    alpha = between(rng, 0.3, 0.8)
    few = mixed(rng, 4)
    yield Case("another α", call("elu", few, alpha=alpha), hint, TIGHT, weight=2)
    yield _slopes("elu", rng, hint, alpha=alpha)
    yield from _finite("elu", rng, alpha=between(rng, 1.2, 2.0))


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
)
def selu(rng: Generator) -> Iterator[Case]:
    """The scaled exponential linear unit, with the constants of its paper."""
    hint = "λ·x on the right, λ·α·(eˣ - 1) on the left. Which of your branches differs?"
    yield from _values("selu", rng, hint)
    yield _slopes("selu", rng, hint)
    yield from _finite("selu", rng)


# Derivatives through the output -----------------------------------------------------------


def _via_inverse(
    function: Callable[..., Tensor], inverse: Callable[..., Tensor]
) -> Callable[..., Tensor]:
    """The derivative at output ``y``: go back to the input, and let autograd work there."""

    def derivative(y: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return gradient_of(function, inverse(y, *args, **kwargs), *args, **kwargs)

    return derivative


def _before_leaky(y: Tensor, negative_slope: float = 0.01) -> Tensor:
    return torch.where(y > 0, y, y / negative_slope)


def _before_elu(y: Tensor, alpha: float = 1.0) -> Tensor:
    return torch.where(y > 0, y, torch.log1p(y.clamp(max=0) / alpha))


def _before_selu(y: Tensor) -> Tensor:
    return _before_elu(y / LAMBDA, ALPHA)


def _outputs(
    name: str, function: Callable[[Tensor], Tensor], rng: Generator, hint: str, **kwargs: Any
) -> Iterator[Case]:
    """What is asked of each derivative: outputs of ``function``, in several shapes."""
    few, batch = function(mixed(rng, 5)), function(mixed(rng, 6, 7))
    yield Case("a few outputs", call(name, few, **kwargs), hint, TIGHT, weight=2)
    yield Case("a batch of outputs (6, 7)", call(name, batch, **kwargs), hint, DTYPE_TOO)
    yield _numbers(name, function(mixed(rng, 2)), **kwargs)
    yield Case(
        "float32 in, float32 out",
        call(name, function(mixed(rng, 6)).float(), **kwargs),
        hint="The result should have the dtype of the input; a comparison gives bool.",
        judge=SINGLE,
    )


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


THROUGH_INPUT = (
    "You apply the activation once more. What comes in is already its output: "
    "write the derivative with y alone."
)
BOOLEAN = "A comparison gives bool. A derivative is multiplied by others: it needs y's dtype."
LEFT_AT_ZERO = (
    "All right except at y = 0. The convention of this lab (and PyTorch) at the kink is the "
    "slope on the left."
)


@check.define(
    oracle={"sigmoid_grad": _via_inverse(torch.sigmoid, torch.logit)},
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
)
def sigmoid_grad(rng: Generator) -> Iterator[Case]:
    """The derivative of the sigmoid, from its output alone."""
    hint = "At y = 1/2 it is 1/4; at y = 0 and y = 1 it is 0. What is the simplest such curve?"
    yield from _outputs("sigmoid_grad", torch.sigmoid, rng, hint)
    yield _saturated("sigmoid_grad", rng, [0.0, 1.0], torch.sigmoid)


@check.define(
    oracle={"tanh_grad": _via_inverse(torch.tanh, torch.atanh)},
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
)
def tanh_grad(rng: Generator) -> Iterator[Case]:
    """The derivative of tanh, from its output alone."""
    hint = "At y = 0 it is 1, at y = ±1 it is 0."
    yield from _outputs("tanh_grad", torch.tanh, rng, hint)
    yield _saturated("tanh_grad", rng, [-1.0, 1.0], torch.tanh)


@check.define(
    oracle={"relu_grad": _via_inverse(F.relu, F.relu)},
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
)
def relu_grad(rng: Generator) -> Iterator[Case]:
    """The derivative of ReLU, from its output alone; 0 at the kink."""
    hint = "Only two values occur. Which, and when?"
    yield from _outputs("relu_grad", F.relu, rng, hint)


@check.define(
    oracle={"leaky_relu_grad": _via_inverse(F.leaky_relu, _before_leaky)},
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
)
def leaky_relu_grad(rng: Generator) -> Iterator[Case]:
    """The derivative of leaky ReLU, from its output alone; the left slope at the kink."""
    hint = "Only two values occur: one slope for each side."
    yield from _outputs("leaky_relu_grad", F.leaky_relu, rng, hint)
    slope = between(rng, 0.1, 0.6)
    y = F.leaky_relu(mixed(rng, 30), slope)
    few = F.leaky_relu(mixed(rng, 2), slope)
    yield Case(
        "another slope", call("leaky_relu_grad", y, negative_slope=slope), hint, TIGHT, weight=2
    )
    yield _with_zero("leaky_relu_grad", few, LEFT_AT_ZERO, negative_slope=slope)


@check.define(
    oracle={"elu_grad": _via_inverse(F.elu, _before_elu)},
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
)
def elu_grad(rng: Generator) -> Iterator[Case]:
    """The derivative of ELU, from its output and α; the left slope at the kink."""
    hint = "On the left: solve y = α·(eˣ - 1) for α·eˣ, which is the derivative."
    yield from _outputs("elu_grad", F.elu, rng, hint)
    alpha = between(rng, 0.2, 0.5)
    y, few = F.elu(mixed(rng, 30), alpha), F.elu(mixed(rng, 2), alpha)
    yield Case("another α", call("elu_grad", y, alpha=alpha), hint, TIGHT, weight=2)
    yield _with_zero("elu_grad", few, LEFT_AT_ZERO, alpha=alpha)


@check.define(
    oracle={"selu_grad": _via_inverse(F.selu, _before_selu)},
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
)
def selu_grad(rng: Generator) -> Iterator[Case]:
    """The derivative of SELU, from its output alone; the left slope at the kink."""
    hint = "On the left: y = λα·eˣ - λα, and the derivative is λα·eˣ."
    yield from _outputs("selu_grad", F.selu, rng, hint)
    yield _with_zero("selu_grad", F.selu(mixed(rng, 4)), LEFT_AT_ZERO)


# ELU as a Function ------------------------------------------------------------------------


def applied(function: Any, x: Tensor, alpha: float) -> Any:
    """What ``function.apply(x, alpha)`` returns."""
    return function.apply(x, alpha)


def pulled_back(function: Any, x: Tensor, upstream: Tensor, alpha: float) -> Tensor:
    """What backward makes of the gradient ``upstream`` at the output; shape of ``x``."""
    leaf = x.detach().clone().requires_grad_()
    output = function.apply(leaf, alpha)
    if not getattr(output, "requires_grad", False):
        raise ProbeError(
            "the result of ELUFunction.apply needs no gradient: does the class inherit from "
            "torch.autograd.Function, and does forward return a new tensor?"
        )
    (result,) = torch.autograd.grad(output, leaf, grad_outputs=upstream)
    return result


def kept_for_backward(function: Any, x: Tensor, alpha: float) -> dict[str, Any]:
    """What forward keeps: how many tensors are saved, which, and how many lie on ``ctx``."""
    leaf, saved = x.detach().clone().requires_grad_(), []

    def pack(tensor: Tensor) -> Tensor:
        saved.append(tensor.detach())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = function.apply(leaf, alpha)
    attributes = getattr(output.grad_fn, "__dict__", {}).values()
    return {
        "saved tensors": len(saved),
        "it holds": _nature(saved, leaf, output),
        "other tensors on ctx": sum(isinstance(item, Tensor) for item in attributes),
    }


def _nature(saved: list[Tensor], x: Tensor, output: Tensor) -> str:
    names = [
        "the input" if torch.equal(tensor, x) else
        "the output" if torch.equal(tensor, output) else "something else"
        for tensor in saved
    ]  # fmt: skip
    return " and ".join(names) or "nothing"


KEPT = {"saved tensors": 1, "it holds": "the output", "other tensors on ctx": 0}


class BuiltInELU:
    """torch's ELU under the interface of a Function: the oracle for values and gradients."""

    @staticmethod
    def apply(x: Tensor, alpha: float) -> Tensor:
        """ELU of ``x``; same shape."""
        return F.elu(x, alpha)


def _slope_at_output(y: Tensor, alpha: float) -> Tensor:
    with torch.enable_grad():
        return _via_inverse(F.elu, _before_elu)(y, alpha)


def _wrong_elu(
    slope: Callable[[Tensor, Tensor, float], Tensor] = lambda g, y, a: g * _slope_at_output(y, a),
    keep: str = "output",
    forward: Callable[[Tensor, float], Tensor] = F.elu,
) -> Mapping[str, Any]:
    """An ELU Function that goes wrong in one place: its slope, what it keeps, its forward."""

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
            y = forward(x, alpha)
            kept = {"input": [x], "output": [y], "both": [x, y]}.get(keep, [])
            ctx.save_for_backward(*kept)
            ctx.alpha, ctx.aside = alpha, y if keep == "attribute" else None
            return y

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None]:
            first = [*ctx.saved_tensors, ctx.aside][0]
            y = F.elu(first, ctx.alpha) if keep in ("input", "both") else first
            return slope(upstream[0], y, ctx.alpha), None

    return {"ELUFunction": Wrong}


@check.define(
    name="ELUFunction",
    oracle={"ELUFunction": BuiltInELU},
    mistakes=[
        Mistake(
            "saves_the_input",
            _wrong_elu(keep="input"),
            "It works, and it keeps the input alive. Which other tensor is enough for backward?",
        ),
        Mistake(
            "saves_both",
            _wrong_elu(keep="both"),
            "It works, and it keeps two tensors alive. Which one can backward do without?",
        ),
        Mistake(
            "kept_as_attribute",
            _wrong_elu(keep="attribute"),
            "A tensor lies on ctx as an attribute. Autograd can't watch it there, and an output "
            "kept that way is never freed: use ctx.save_for_backward.",
        ),
        Mistake(
            "upstream_forgotten",
            _wrong_elu(lambda g, y, alpha: _slope_at_output(y, alpha)),
            "This is the local slope. Backward gets the gradient at the output: what does the "
            "chain rule do with the two?",
        ),
        Mistake(
            "upstream_added",
            _wrong_elu(lambda g, y, alpha: g + _slope_at_output(y, alpha)),
            "The chain rule multiplies.",
        ),
        Mistake(
            "alpha_forgotten_backward",
            _wrong_elu(lambda g, y, alpha: g * (y.clamp(max=0) + 1)),
            "Backward is right for α = 1 only. α is a plain number: ctx can keep it.",
        ),
        Mistake(
            "alpha_forgotten",
            _wrong_elu(forward=lambda x, alpha: F.elu(x)),
            "α changes nothing in forward.",
        ),
        Mistake(
            "no_right_branch",
            _wrong_elu(lambda g, y, alpha: g * (alpha + y)),
            "For y > 0 the function is x. Which slope has x?",
        ),
        Mistake(
            "slope_at_output",
            _wrong_elu(lambda g, y, alpha: g * torch.where(y > 0, 1.0, alpha * y.exp())),
            "α·eˣ needs the input x. What you have is y.",
        ),
        Mistake(
            "passes_gradient_on",
            _wrong_elu(lambda g, y, alpha: g.clone()),
            "Backward hands the gradient on as if the function were x everywhere.",
        ),
    ],
)
def elu_function(rng: Generator) -> Iterator[Case]:
    """ELU as an autograd.Function: forward, backward, and what it keeps in between."""
    hint = "forward computes ELU as in the exercise before; α is its second argument."
    for alpha, x in [(1.0, mixed(rng, 4)), (between(rng, 0.3, 0.8), mixed(rng, 5, 6))]:
        probe = ask(applied, "ELUFunction", x, alpha, text=f"ELUFunction.apply(x, {alpha:g})")
        yield Case(f"forward, α = {alpha:g}", probe, hint, TIGHT)
    for alpha in (1.0, between(rng, 0.3, 0.8), 2):
        yield _backward_case(rng, alpha)
    yield _huge_inputs(rng)
    yield Case(
        "keeps its output, and nothing else",
        ask(
            kept_for_backward,
            "ELUFunction",
            mixed(rng, 6),
            between(rng, 1.2, 2.0),
            text="what ELUFunction keeps between forward and backward",
        ),
        "Everything that backward needs follows from y and α. Is more saved, or is it not "
        "saved with ctx.save_for_backward?",
        same(),
        KEPT,
        weight=3,
    )


def _backward_case(rng: Generator, alpha: float) -> Case:
    x, upstream = mixed(rng, 40), torch.randn(40, generator=rng, dtype=torch.float64)
    text = f"backward with a random gradient at the output, α = {alpha:g}"
    return Case(
        f"backward, α = {alpha:g}",
        ask(pulled_back, "ELUFunction", x, upstream, alpha, text=text),
        "backward returns one gradient for each input of forward: for x the gradient at the "
        "output times the slope, for α (no tensor) None.",
        TIGHT,
        weight=2,
    )


def both_ways(function: Any, x: Tensor, upstream: Tensor, alpha: float) -> list[Any]:
    """The values at ``x``, and the gradient there."""
    return [function.apply(x, alpha), pulled_back(function, x, upstream, alpha)]


def _huge_inputs(rng: Generator) -> Case:
    x, upstream = extremes(rng), mixed(rng, 4)
    text = "ELUFunction at ±1000, value and gradient"
    return Case(
        "finite at ±1000",
        ask(both_ways, "ELUFunction", x, upstream, between(rng, 0.3, 0.8), text=text),
        FINITE_HINT,
        TIGHT,
    )


# Chains -----------------------------------------------------------------------------------


def chained(function: Any, name: str, depth: int, x: Tensor) -> Any:
    """``chain_gradient`` with the built-in activation called ``name``."""
    return function(ELEMENTWISE[name], depth, x)


def chained_twice(function: Any, name: str, depth: int, x: Tensor) -> list[Any]:
    """The same call twice with the same tensor, and whether that still has no gradient."""
    first, second = (function(ELEMENTWISE[name], depth, x) for _ in range(2))
    return [first, second, x.requires_grad]


def _composed(activation: Callable[[Tensor], Tensor], depth: int) -> Callable[[Tensor], Tensor]:
    return lambda x: reduce(lambda value, _: activation(value), range(depth), x)


def _chain(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Tensor:
    return gradient_of(_composed(activation, depth), x)


def _product_of_slopes(points: Callable[[Tensor, int], list[Tensor]]) -> Any:
    def chain(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Tensor:
        slopes = [_chain(activation, 1, point) for point in points(x, depth)]
        return torch.stack([torch.ones_like(x), *slopes]).prod(dim=0)

    return chain


def _accumulating(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Any:
    x.requires_grad_()
    _composed(activation, depth)(x).sum().backward()
    return x.grad


@check.define(
    oracle={"chain_gradient": _chain},
    mistakes=[
        Mistake(
            "value_instead_of_gradient",
            {"chain_gradient": lambda activation, depth, x: _composed(activation, depth)(x)},
            "This is the value of the chain. Wanted is its derivative with respect to x.",
        ),
        Mistake(
            "one_too_many",
            {"chain_gradient": lambda f, depth, x: _chain(f, depth + 1, x)},
            "One activation too many: depth 1 is f(x), depth 0 is x itself.",
        ),
        Mistake(
            "one_too_few",
            {"chain_gradient": lambda f, depth, x: _chain(f, max(depth - 1, 0), x)},
            "A factor is missing: depth 1 is f(x), so its derivative has one factor.",
        ),
        Mistake(
            "all_slopes_at_x",
            {"chain_gradient": _product_of_slopes(lambda x, depth: [x] * depth)},
            "You take every slope at x. In f(f(x)) the outer f sees f(x), not x.",
        ),
        Mistake(
            "summed",
            {"chain_gradient": lambda f, depth, x: _chain(f, depth, x).sum()},
            "One number for all of x. Each element has its own derivative.",
        ),
        Mistake(
            "accumulates",
            {"chain_gradient": _accumulating},
            "The gradient piles up in x.grad, call after call, and the caller's x is changed. "
            "Work on a copy of x, or let torch.autograd.grad return the gradient.",
        ),
    ],
)
def chain_gradient(rng: Generator) -> Iterator[Case]:
    """The derivative of f(f(…f(x))), element by element, for any depth."""
    hint = "Write f(f(x)) on paper and differentiate: how many factors, and where is each taken?"
    exact = close(rtol=1e-6, atol=0.0)  # at depth 12 the derivatives themselves are near 1e-8
    for name, depth in [("sigmoid", 1), ("tanh", 3), ("elu", 2), ("sigmoid", 12)]:
        x = mixed(rng, 5)
        text = f"chain_gradient({name}, {depth}, x)"
        probe = ask(chained, "chain_gradient", name, depth, x, text=text)
        title = f"{name}, depth {depth}"
        yield Case(title, probe, hint, exact, weight=2)
    yield Case(
        "a batch (4, 3)",
        ask(
            chained,
            "chain_gradient",
            "tanh",
            2,
            mixed(rng, 4, 3),
            text="chain_gradient(tanh, 2, x) with x of shape (4, 3)",
        ),
        hint,
        exact,
    )
    yield Case(
        "asked twice, it answers the same",
        ask(
            chained_twice,
            "chain_gradient",
            "tanh",
            2,
            mixed(rng, 4),
            text="chain_gradient(tanh, 2, x), twice with the same x; then x.requires_grad",
        ),
        "The caller's x should come out as it went in: no requires_grad, no grad.",
        exact,
    )
    yield _no_activation(rng)


def _no_activation(rng: Generator) -> Case:
    """Depth 0 beside depth 1, so that a constant 1 earns nothing."""
    return Case(
        "depth 0 is x itself",
        ask(
            chained_at_depths,
            "chain_gradient",
            "tanh",
            mixed(rng, 3),
            text="chain_gradient(tanh, 0, x) and chain_gradient(tanh, 1, x)",
        ),
        "With no activation at all the chain is y = x. Which slope has that?",
        TIGHT,
    )


def chained_at_depths(function: Any, name: str, x: Tensor) -> list[Any]:
    """``chain_gradient`` at depths 0 and 1."""
    return [function(ELEMENTWISE[name], depth, x) for depth in (0, 1)]


# Dead units -------------------------------------------------------------------------------


def on_batches(function: Any, *batches: Tensor) -> list[Any]:
    """What the function says of each batch ``(N, D)``."""
    return [function(batch) for batch in batches]


def rectified(rng: Generator, samples: int, units: int, dead: int) -> Tensor:
    """A batch after ReLU: ``dead`` units are zero throughout, the others now and then."""
    batch = F.relu(torch.randn(samples, units, generator=rng, dtype=torch.float64))
    some = torch.randint(1, samples, (units,), generator=rng)
    batch[some, torch.arange(units)] += 0.1  # so that no other unit is dead by chance
    batch[0, ::2] = 0.0  # so that the first sample does not tell which are
    batch[:, torch.randperm(units, generator=rng)[:dead]] = 0.0
    return batch


def _share_of(silent: Callable[[Tensor], Any]) -> Mapping[str, Any]:
    """A wrong ``dead_fraction``: the share of units, samples or entries that are ``silent``."""

    def share(activations: Tensor) -> float:
        return float(torch.as_tensor(silent(activations)).double().mean())

    return {"dead_fraction": share}


def _dead_by_units(activations: Tensor) -> float:
    """The oracle: unit by unit, in plain Python."""
    dead = [unit for unit in activations.T.tolist() if not any(unit)]
    return len(dead) / activations.shape[1]


@check.define(
    oracle={"dead_fraction": _dead_by_units},
    mistakes=[
        Mistake(
            "zeros_of_entries",
            _share_of(lambda a: a.eq(0)),
            "This is the share of zeros (the sparsity). A unit with some zeros is not dead: it "
            "is dead if it is zero for every sample of the batch.",
        ),
        Mistake(
            "any_instead_of_all",
            _share_of(lambda a: a.eq(0).any(0)),
            "Your units are dead as soon as one sample leaves them silent. Is one enough?",
        ),
        Mistake(
            "one_sample_only",
            _share_of(lambda a: a[0].eq(0)),
            "You look at one sample. A unit that is silent there may speak for the next.",
        ),
        Mistake(
            "samples_instead_of_units",
            _share_of(lambda a: a.eq(0).all(1)),
            "You look along the wrong axis: rows are samples, columns are units.",
        ),
        Mistake(
            "alive_instead_of_dead",
            _share_of(lambda a: a.ne(0).any(0)),
            "This is the share of units that are alive.",
        ),
        Mistake(
            "not_positive",
            _share_of(lambda a: a.le(0).all(0)),
            "A negative output is not a dead one: leaky ReLU and ELU have those.",
        ),
        Mistake(
            "sum_is_zero",
            _share_of(lambda a: a.sum(0).abs() < 1e-9),
            "Values of both signs can cancel in a sum. Is the unit silent then?",
        ),
        Mistake(
            "count_instead_of_share",
            {"dead_fraction": lambda a: float(a.eq(0).all(0).sum())},
            "You count the dead units. Wanted is their share of all units, in [0, 1].",
        ),
    ],
)
def dead_fraction(rng: Generator) -> Iterator[Case]:
    """The share of units that are zero on the whole batch (N, D)."""
    hint = "Mark the zeros, decide for each unit (column) over all samples, take the share."
    dead = int(torch.randint(1, 7, (), generator=rng))  # drawn, or a constant could be right
    batch = rectified(rng, 16, 10, dead)
    yield Case(
        f"{dead} of 10 units are dead",
        call("dead_fraction", batch),
        hint,
        SINGLE,
        weight=3,
    )
    yield Case(
        "none, half, all",
        ask(
            on_batches,
            "dead_fraction",
            *(rectified(rng, 12, 8, dead) for dead in (0, 4, 8)),
            text="dead_fraction on batches with 0, 4 and 8 dead units of 8",
        ),
        hint,
        SINGLE,
        weight=2,
    )
    signed = mixed(rng, 4, 7)
    signed[0, 3] = 0.0  # silent for some samples only
    signed[1::2], signed[:, 0] = -signed[::2], 0.0  # unit 0 is dead; in the others values cancel,
    signed[:, 1:3] = -signed[:, 1:3].abs()  # but for two that are negative throughout
    yield Case(
        "negative values count as alive",
        call("dead_fraction", signed),
        "Zero means zero: units with negative outputs, or with outputs that cancel, are alive.",
        SINGLE,
        weight=2,
    )
