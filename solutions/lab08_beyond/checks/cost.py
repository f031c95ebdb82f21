"""What a grouped convolution costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import Generator

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, call, same
from course.checks.inputs import whole
from course.labs.lab08_beyond.questions import unseen

from .book import check

Cost = Callable[..., tuple[Any, Any]]


def _counted(cost: Cost, *, refuses: bool = True) -> dict[str, Any]:
    def convolution_cost(
        in_channels: int, out_channels: int, kernel: int, height: int, width: int, groups: int = 1
    ) -> tuple[Any, Any]:
        if refuses and (groups < 1 or (in_channels % groups, out_channels % groups) != (0, 0)):
            raise ValueError
        return cost(in_channels, out_channels, kernel, height, width, max(groups, 1))

    return {"convolution_cost": convolution_cost}


def _by_group(i: int, o: int, k: int, h: int, w: int, g: int) -> tuple[int, int]:
    """Group after group: each is a convolution of its own."""
    weights = sum((i // g) * (o // g) * k**2 for _ in range(g))
    return weights, weights * h * w


def _mistake(name: str, cost: Cost, hint: str) -> Mistake:
    return Mistake(name, _counted(cost), hint)


def _drawn(rng: Generator, G: int = 3, K: int = 3, H: int = 7, W: int = 10) -> tuple[int, ...]:
    return whole(rng, 2, 5) * G, whole(rng, 2, 5) * G, K, H, W, G


@check.define(
    oracle=_counted(_by_group),
    mistakes=[
        _mistake(
            "groups_ignored",
            lambda i, o, k, h, w, g: (o * i * k * k, o * i * k * k * h * w),
            "You count a full convolution. With groups, how many input channels does one filter "
            "read?",
        ),
        _mistake(
            "divided_twice",
            lambda i, o, k, h, w, g: (o * i * k * k // g**2, o * i * k * k // g**2 * h * w),
            "This is the cost of one group. There are `groups` of them.",
        ),
        _mistake(
            "kernel_once",
            lambda i, o, k, h, w, g: (o * i * k // g, o * i * k // g * h * w),
            "A filter is square: kernel times kernel.",
        ),
        _mistake(
            "with_bias",
            lambda i, o, k, h, w, g: (o * i * k * k // g + o, o * i * k * k // g * h * w),
            "You count biases. This convolution has none.",
        ),
        _mistake(
            "other_way_round",
            lambda i, o, k, h, w, g: (o * i * k * k // g * h * w, o * i * k * k // g),
            "Both numbers are right: weights come first, multiplications second.",
        ),
        _mistake(
            "additions_too",
            lambda i, o, k, h, w, g: (o * i * k * k // g, 2 * o * i * k * k // g * h * w),
            "You count additions as well. Asked are multiplications.",
        ),
        _mistake(
            "one_side",
            lambda i, o, k, h, w, g: (o * i * k * k // g, o * i * k * k // g * h * h),
            "The output has height times width pixels.",
        ),
        _mistake(
            "a_float",
            lambda i, o, k, h, w, g: (o * i * k * k / g + 0.5, o * i * k * k / g * h * w + 0.5),
            "Counts are whole numbers.",
        ),
        Mistake(
            "refuses_nothing",
            _counted(_by_group, refuses=False),
            "A number of groups that does not divide both numbers of channels makes no sense: "
            "raise ValueError.",
        ),
    ],
    contract=Function(
        _drawn,
        judge=same(),
        counts=True,
        adapter=unseen,
        edges={
            "a depthwise convolution": {"G": 8},
            "a 1×1 on one pixel": {"K": 1, "H": 1, "W": 1},
            "no pixels": {"H": 0},
            "more than 32 bits hold": {"G": 64, "H": 4000, "W": 5000},
        },
        refuses={
            ValueError: [
                lambda rng: (6, 8, 3, 5, 5, 4),
                lambda rng: (8, 6, 3, 5, 5, 4),
                lambda rng: (3, 5, 3, 5, 5, 4),
                lambda rng: (6, 6, 3, 5, 5, 0),
                lambda rng: (6, 6, 3, 5, 5, -2),
            ]
        },
    ),
)
def convolution_cost(rng: Generator) -> Iterator[Case]:
    """Weights and multiplications of a convolution with groups."""
    hint = (
        "One filter has kernel · kernel · (channels that it reads) weights; there are out_channels "
        "filters; each is used at every output pixel."
    )
    for title, groups, weight in (
        ("one group", 1, 2.0),
        ("a few groups", whole(rng, 2, 4), 3.0),
        ("as many groups as channels", whole(rng, 5, 9), 2.0),
    ):
        many = groups if groups > 4 else groups * whole(rng, 2, 3)
        args = many, groups * whole(rng, 2, 4), whole(rng, 2, 5), whole(rng, 4, 6), 9, groups
        yield Case(title, call("convolution_cost", *args), hint, same(), weight=weight)


@check.hidden("convolution_cost")
def other_sizes(rng: Generator) -> Iterator[Case]:
    for groups in (1, whole(rng, 2, 6)):
        args = _drawn(rng, groups, whole(rng, 1, 7), whole(rng, 10, 60), whole(rng, 10, 60))
        yield Case("other sizes", call("convolution_cost", *args), judge=same())
