"""Checks of `grouped_conv_parameters`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Generator, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, same
from course.checks.inputs import whole
from course.checks.modules import count
from course.labs.lab03_alexnet.paper import TABLE
from course.labs.lab03_alexnet.questions import for_each, for_each_with_kinds, unseen

from .book import check


def _conv_values(inputs: int, outputs: int, kernel: int, groups: int = 1) -> int:
    layer = nn.Conv2d(inputs, outputs, kernel, groups=groups, device="meta")
    return count(layer.parameters())


def _grouped(formula: Callable[[int, int, int, int], Any]) -> Mapping[str, Any]:
    return {"grouped_conv_parameters": lambda i, o, k, groups=1: formula(i, o, k, groups)}


def _drawn(rng: Generator, kernel: int = 0, groups: int = 3) -> tuple[int, int, int, int]:
    ins, outs = (groups * whole(rng, 2, 12) for _ in range(2))
    return ins, outs, kernel or whole(rng, 2, 7), groups


@check.define(
    oracle={"grouped_conv_parameters": _conv_values},
    contract=Function(
        _drawn,
        edges={
            "kernels of one pixel": {"kernel": 1},
            "one pixel and one group": {"kernel": 1, "groups": 1},
            "many groups": {"groups": 16},
        },
        adapter=unseen,
        judge=same(),
    ),
    mistakes=[
        Mistake(
            "groups_ignored",
            _grouped(lambda i, o, k, g: o * (i * k * k + 1)),
            "The number of groups changes nothing. How many input channels does one output "
            "channel look at?",
        ),
        Mistake(
            "bias_forgotten",
            _grouped(lambda i, o, k, g: o * (i // g) * k * k),
            "Each output channel has a bias too.",
        ),
        Mistake(
            "divided_twice",
            _grouped(lambda i, o, k, g: (o // g) * ((i // g) * k * k + 1)),
            "That is one group. How many are there?",
        ),
        Mistake(
            "bias_divided",
            _grouped(lambda i, o, k, g: (o * i * k * k + o) // g),
            "The biases are divided among the groups as well. How many output channels are "
            "there in all?",
        ),
        Mistake(
            "kernel_not_squared",
            _grouped(lambda i, o, k, g: o * ((i // g) * k + 1)),
            "A kernel is k high and k wide.",
        ),
        Mistake(
            "multiplied",
            _grouped(lambda i, o, k, g: o * (i * g * k * k + 1)),
            "Groups make the layer smaller, not larger.",
        ),
    ],
)
def grouped_conv_parameters(rng: Generator) -> Iterator[Case]:
    """How many numbers a convolution in groups holds."""
    hint = "Take 4 input and 6 output channels in 2 groups, and draw who looks at whom."

    def case(title: str, settings: list[list[int]], weight: float) -> Case:
        text = f"grouped_conv_parameters(in, out, kernel, groups) for {settings}"
        probe = ask(for_each, "grouped_conv_parameters", settings, text=text)
        return Case(title, probe, hint, same(), weight=weight)

    def drawn(groups: int) -> list[int]:
        return [groups * whole(rng, 3, 20), groups * whole(rng, 3, 20), whole(rng, 2, 7), groups]

    yield case("AlexNet's five convolutions", [list(layer[:4]) for layer in TABLE], 2)
    yield case("two groups and more", [drawn(2), drawn(3), drawn(4)], 2)
    yield case("one group, and as many as channels", [drawn(1), [8, 8, 3, 8], [8, 16, 5, 8]], 1)
    settings = [[4, 6, 3], [4, 6, 3, 2], [*drawn(1)[:3]], [1, 1, 1]]
    yield Case(
        "one group unless told otherwise; whole numbers",
        ask(
            for_each_with_kinds,
            "grouped_conv_parameters",
            settings,
            text=f"grouped_conv_parameters(*args) for {settings}",
        ),
        "Is the answer a whole number, and no float? And how many groups are there, if nobody says "
        "so?",
        same(),
        weight=1,
    )


@check.hidden("grouped_conv_parameters")
def many_settings(rng: Generator) -> Iterator[Case]:
    settings = []
    for _ in range(12):
        groups = whole(rng, 1, 6)
        settings.append([groups * whole(rng, 1, 40), groups * whole(rng, 1, 40), 3, groups])
    told = "grouped_conv_parameters for 12 settings"
    drawn = ask(for_each, "grouped_conv_parameters", settings, text=told)
    yield Case("12 settings", drawn, judge=same())
