"""Checks of lab 2: the squashing function and the subsampling layer of 1998."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from course.checks import (
    Case,
    Mistake,
    ask,
    call,
    gradient,
    same,
)
from course.checks.lab02.basis import (
    TIGHT,
    Formula,
    Weights,
    answers_of,
    answers_of_formula,
    check,
    in_float64,
    normal,
    parameters_of,
    set_parameter,
)

AMPLITUDE, SLOPE = 1.7159, 2 / 3  # LeCun et al. 1998, appendix A


def squashed(a: Tensor) -> Tensor:
    """The scaled tanh, by way of the sigmoid; any shape."""
    return AMPLITUDE * (2 * torch.sigmoid(2 * SLOPE * a) - 1)


@check.define(
    oracle={"squash": squashed},
    mistakes=[
        Mistake(
            "plain_tanh",
            {"squash": torch.tanh},
            "This one ends at ±1. The paper's f(1) is 1, so it must go on rising from there.",
        ),
        Mistake(
            "slope_forgotten",
            {"squash": lambda a: AMPLITUDE * torch.tanh(a)},
            "The height is right, and f(1) is not 1: something inside is missing.",
        ),
        Mistake(
            "amplitude_forgotten",
            {"squash": lambda a: torch.tanh(SLOPE * a)},
            "The slope inside is right. How high does the function go?",
        ),
        Mistake(
            "slope_upside_down",
            {"squash": lambda a: AMPLITUDE * torch.tanh(a / SLOPE)},
            "2/3 or 3/2?",
        ),
        Mistake(
            "numbers_swapped",
            {"squash": lambda a: SLOPE * torch.tanh(AMPLITUDE * a)},
            "The two numbers have changed places.",
        ),
    ],
)
def squash(rng: Generator) -> Iterator[Case]:
    """The paper's scaled tanh."""
    hint = "1.7159 · tanh(2a/3): at a = 1 it is 1 to four digits."
    yield Case("values", call("squash", normal(rng, 5)), hint, TIGHT, weight=2)
    yield Case("maps, with gradient", gradient("squash", normal(rng, 2, 3, 4)), hint, TIGHT)


def subsampled(made_by: Any, weights: Weights, x: Tensor, upstream: Tensor) -> Any:
    """Output and gradients of the subsampling layer with these weights."""
    names = ("x", "coefficient", "bias")
    if isinstance(made_by, Formula):
        return answers_of_formula(made_by, weights, x, upstream, names)
    layer = in_float64(made_by(x.shape[1]))
    leaves = {"x": x.requires_grad_(), **fill_subsampling(layer, weights)}
    found = answers_of(layer(leaves["x"]), upstream, leaves)
    shapes = {f"gradient at {name}": weights[name].shape for name in ("coefficient", "bias")}
    return {key: one.reshape(shapes.get(key, one.shape)) for key, one in found.items()}


def fill_subsampling(layer: Any, weights: Weights, prefix: str = "") -> dict[str, Tensor]:
    """Copy coefficient and bias in; the two parameters, by name."""
    return {
        name: set_parameter(getattr(layer, name, None), weights[name], f"{prefix}{name}")
        for name in ("coefficient", "bias")
    }


def _per_map(values: Tensor) -> Tensor:
    return values.view(1, -1, 1, 1)


def box(weights: Weights, x: Tensor) -> Tensor:
    """A convolution with a constant 2×2 kernel for each map: coefficient · sum + bias."""
    kernel = weights["coefficient"].view(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    return F.conv2d(x, kernel, weights["bias"], stride=2, groups=x.shape[1])


def _pooled(pool: Callable[[Tensor], Tensor]) -> Callable[[Weights, Tensor], Tensor]:
    return lambda w, x: squashed(_per_map(w["coefficient"]) * pool(x) + _per_map(w["bias"]))


def _wrong_subsampling(compute: Any, parameters: int = 12) -> dict[str, Any]:
    return {"Subsampling": Formula(parameters, compute)}


SUBSAMPLING_MISTAKES = [
    Mistake(
        "average",
        _wrong_subsampling(_pooled(lambda x: F.avg_pool2d(x, 2))),
        "You take the mean of the four. The paper adds them up; the coefficient does the scaling.",
    ),
    Mistake(
        "maximum",
        _wrong_subsampling(_pooled(lambda x: F.max_pool2d(x, 2))),
        "Max pooling came later. Here the four are added.",
    ),
    Mistake(
        "squash_forgotten",
        _wrong_subsampling(box),
        "The sum is scaled and shifted, and then? The last step is missing.",
    ),
    Mistake(
        "plain_tanh",
        _wrong_subsampling(lambda w, x: torch.tanh(box(w, x))),
        "Nearly: the squashing function is not a plain tanh.",
    ),
    Mistake(
        "sigmoid",
        _wrong_subsampling(lambda w, x: torch.sigmoid(box(w, x))),
        "The logistic sigmoid runs from 0 to 1. The paper's squash is symmetric about 0.",
    ),
    Mistake(
        "bias_outside",
        _wrong_subsampling(
            lambda w, x: squashed(box({**w, "bias": 0 * w["bias"]}, x)) + _per_map(w["bias"])
        ),
        "The bias comes in before the squashing function.",
    ),
    Mistake(
        "squashed_first",
        _wrong_subsampling(lambda w, x: box(w, squashed(x))),
        "You squash the inputs. The layer squashes what comes out.",
    ),
    Mistake(
        "coefficient_ignored",
        _wrong_subsampling(
            lambda w, x: squashed(box({**w, "coefficient": torch.ones_like(w["coefficient"])}, x))
        ),
        "The coefficient changes nothing in your result.",
    ),
    Mistake(
        "one_for_all_maps",
        _wrong_subsampling(box, 2),
        "Two numbers in all. Each map has a coefficient and a bias of its own.",
    ),
    Mistake(
        "four_weights",
        _wrong_subsampling(box, 30),
        "Four weights and a bias for each map: the paper has one coefficient for all four.",
    ),
]  # fmt: skip


def subsampling_case(
    rng: Generator, title: str, shape: tuple[int, int, int, int], weight: float
) -> Case:
    """Output and gradients with random coefficients and biases."""
    n, channels, height, width = shape
    weights = {"coefficient": normal(rng, channels) * 0.5, "bias": normal(rng, channels)}
    upstream = normal(rng, n, channels, height // 2, width // 2)
    text = f"Subsampling({channels}) on x {shape}, with given coefficient and bias"
    return Case(
        title,
        ask(subsampled, "Subsampling", weights, normal(rng, *shape), upstream, text=text),
        "Do one 2×2 block by hand: add, multiply by the map's coefficient, add its bias, squash.",
        TIGHT,
        weight=weight,
    )


@check.define(
    name="Subsampling",
    oracle={"Subsampling": Formula(12, lambda w, x: squashed(box(w, x)))},
    mistakes=SUBSAMPLING_MISTAKES,
)
def subsampling(rng: Generator) -> Iterator[Case]:
    """The paper's pooling layer: sum, coefficient, bias, squash."""
    yield Case(
        "two numbers for each map: 12 in S2",
        ask(parameters_of, "Subsampling", 6, text="parameters of Subsampling(6)"),
        "A tensor becomes a weight when it is an nn.Parameter and an attribute of the module.",
        same(),
        12,
    )
    yield subsampling_case(rng, "values and gradients", (2, 3, 6, 6), 3)
    yield subsampling_case(rng, "a map that is not square", (1, 5, 4, 10), 1)
