"""Checks of `squash` and `Subsampling`, the squashing function and the pooling of 1998."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, call, close, gradient, same
from course.checks.inputs import mixed, normal, uniform
from course.labs.lab02_lenet.questions.modules import parameters_of

from .book import SINGLE, TIGHT, check
from .layers import Layer, Shape

AMPLITUDE, SLOPE = 1.7159, 2 / 3  # LeCun et al. 1998, appendix A


def squashed(a: Tensor) -> Tensor:
    """The scaled tanh, by way of the sigmoid; any shape."""
    return AMPLITUDE * (2 * torch.sigmoid(2 * SLOPE * a) - 1)


CONTRACT = Function(
    lambda rng, shape=(2, 3, 4), far=2.0: (uniform(rng, *shape, low=-far, high=far),),
    edges={
        "a single number, without axes": {"shape": ()},
        "axes of length one": {"shape": (1, 4, 1, 1)},
        "no number at all": {"shape": (0, 3)},
        "far from zero": {"shape": (3, 50), "far": 5e3},
    },
    judge=close(1e-9, 1e-12),
)


@check.define(
    contract=CONTRACT,
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


@check.hidden("squash")
def far_from_zero(rng: Generator) -> Iterator[Case]:
    x = torch.cat([normal(rng, 4) * 3, torch.tensor([-60.0, 0.0, 60.0], dtype=torch.float64)])
    yield Case("far from zero", call("squash", x), judge=TIGHT)


class Pooling(nn.Module):
    """A subsampling layer as a formula on its two parameters ``(C,)``.

    (N, C, H, W) -> (N, C, H/2, W/2)
    """

    def __init__(self, channels: int, compute: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.compute = compute

    def forward(self, x: Tensor) -> Tensor:
        """What the formula gives on coefficient, bias and maps."""
        return self.compute(self.coefficient, self.bias, x)


def box(coefficient: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    """A convolution with a constant 2×2 kernel for each map: coefficient · sum + bias."""
    kernel = coefficient.view(-1, 1, 1, 1).expand(x.shape[1], 1, 2, 2)
    return F.conv2d(x, kernel, bias.expand(x.shape[1]), stride=2, groups=x.shape[1])


def squashed_box(coefficient: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    """The paper's layer."""
    return squashed(box(coefficient, bias, x))


def _per_map(values: Tensor) -> Tensor:
    return values.view(1, -1, 1, 1)


def _pooled(pool: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    return _wrong_subsampling(lambda c, b, x: squashed(_per_map(c) * pool(x) + _per_map(b)))


def _wrong_subsampling(compute: Callable[[Tensor, Tensor, Tensor], Tensor]) -> dict[str, Any]:
    return {"Subsampling": partial(Pooling, compute=compute)}


class _FourWeights(Pooling):
    """A weight for each of the four."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, squashed_box)
        self.coefficient = nn.Parameter(torch.ones(channels, 1, 2, 2))


SUBSAMPLING_MISTAKES = [
    Mistake(
        "average",
        _pooled(lambda x: F.avg_pool2d(x, 2)),
        "You take the mean of the four. The paper adds them up; the coefficient does the scaling.",
    ),
    Mistake(
        "maximum",
        _pooled(lambda x: F.max_pool2d(x, 2)),
        "Max pooling came later. Here the four are added.",
    ),
    Mistake(
        "squash_forgotten",
        _wrong_subsampling(box),
        "The sum is scaled and shifted, and then? The last step is missing.",
    ),
    Mistake(
        "plain_tanh",
        _wrong_subsampling(lambda c, b, x: torch.tanh(box(c, b, x))),
        "Nearly: the squashing function is not a plain tanh.",
    ),
    Mistake(
        "sigmoid",
        _wrong_subsampling(lambda c, b, x: torch.sigmoid(box(c, b, x))),
        "The logistic sigmoid runs from 0 to 1. The paper's squash is symmetric about 0.",
    ),
    Mistake(
        "bias_outside",
        _wrong_subsampling(
            lambda c, b, x: squashed(box(c, 0 * b, x)) + _per_map(b)
        ),
        "The bias comes in before the squashing function.",
    ),
    Mistake(
        "squashed_first",
        _wrong_subsampling(lambda c, b, x: box(c, b, squashed(x))),
        "You squash the inputs. The layer squashes what comes out.",
    ),
    Mistake(
        "coefficient_ignored",
        _wrong_subsampling(
            lambda c, b, x: squashed(box(torch.ones_like(c), b, x))
        ),
        "The coefficient changes nothing in your result.",
    ),
    Mistake(
        "one_for_all_maps",
        {"Subsampling": lambda channels: Pooling(1, squashed_box)},
        "Two numbers in all. Each map has a coefficient and a bias of its own.",
    ),
    Mistake(
        "four_weights",
        {"Subsampling": _FourWeights},
        "Four weights and a bias for each map: the paper has one coefficient for all four.",
    ),
]  # fmt: skip


def pooling_weights(rng: Generator, channels: int) -> dict[str, Tensor]:
    """Coefficients and biases of both signs, which saturate few units; float64."""
    return {
        "coefficient": mixed(rng, channels, low=0.1, high=0.6),
        "bias": mixed(rng, channels, low=0.1, high=1.0),
    }


def layer(channels: int, shape: Shape, **edges: Shape) -> Layer:
    """The contract of a layer with this many maps."""
    return Layer(
        lambda rng: (channels,),
        lambda rng: pooling_weights(rng, channels),
        shape,
        lambda shape: (*shape[:2], shape[2] // 2, shape[3] // 2),
        edges={title.replace("_", " "): shape for title, shape in edges.items()},
    )


def subsampling_case(rng: Generator, title: str, shape: Shape, weight: float) -> Case:
    """Output and gradients with random coefficients and biases."""
    return Case(
        title,
        layer(shape[1], shape).gradients("Subsampling", rng, shape, True),
        "Do one 2×2 block by hand: add, multiply by the map's coefficient, add its bias, squash.",
        SINGLE,
        weight=weight,
    )


@check.define(
    name="Subsampling",
    oracle={"Subsampling": partial(Pooling, compute=squashed_box)},
    mistakes=SUBSAMPLING_MISTAKES,
    contract=layer(
        3,
        (3, 3, 4, 6),
        maps_of_one_block=(2, 3, 2, 2),
        one_image_of_a_row_of_blocks=(1, 3, 2, 8),
    ),
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


@check.hidden("Subsampling")
def shapes_of_s4(rng: Generator) -> Iterator[Case]:
    yield subsampling_case(rng, "S4's shapes", (3, 16, 10, 10), 1)
