"""Checks of `conv_output_size`: how many places a kernel has."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, Probe, ask, same
from course.checks.inputs import whole
from course.labs.lab02_lenet.questions.functions import kinds_of_sizes, sizes

from .book import check


def _measured_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Let torch convolve a row of zeros, and look how long the result is."""
    if kernel > size + 2 * padding:
        raise ValueError
    row, weight = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
    return F.conv1d(row, weight, stride=stride, padding=padding).shape[-1]


def _wrong_size(formula: Callable[[float, int, int, int], float]) -> dict[str, Any]:
    def size_of(size: int, kernel: int, stride: int = 1, padding: int = 0) -> Any:
        _measured_size(size, kernel, stride, padding)  # refuses what it should refuse
        return formula(size, kernel, stride, padding)

    return {"conv_output_size": size_of}


def _sizes(settings: Sequence[Sequence[int]]) -> Probe:
    text = "conv_output_size for (size, kernel, stride, padding) in "
    return ask(sizes, "conv_output_size", settings, text=text + ", ".join(map(str, settings)))


def _axis(
    rng: Generator, low: int = 30, kernel: int = 4, padding: int = 3, exact: bool = False
) -> tuple[int, int, int, int]:
    size = kernel - 2 * padding if exact else whole(rng, low, low + 40)
    return size, kernel, whole(rng, 2, 4), padding


def _too_wide(missing: int, stride: int, padding: int) -> Callable[[Generator], tuple[int, ...]]:
    """A kernel for which ``missing`` pixels are missing."""

    def drawn(rng: Generator) -> tuple[int, ...]:
        size = whole(rng, 2, 9)
        return size, size + 2 * padding + missing, stride, padding

    return drawn


CONTRACT = Function(
    _axis,
    edges={
        "a kernel that fits once": {"kernel": 9, "padding": 2, "exact": True},
        "a kernel that fits thanks to the padding": {"low": 4, "kernel": 50, "padding": 24},
        "one pixel, one place": {"kernel": 1, "padding": 0, "exact": True},
        "a kernel of one pixel": {"kernel": 1},
        "hundreds of places": {"low": 1200},
        "a wide frame": {"padding": 9},
    },
    refuses={
        ValueError: [
            _too_wide(1, 1, 0), _too_wide(1, 2, 0), _too_wide(1, 5, 2),
            _too_wide(3, 1, 1), _too_wide(2, 7, 0), _too_wide(6, 2, 3),
        ]
    },
    judge=same(),
    hints={"a kernel that fits thanks to the padding": "Does the error look at the padding?"},
)  # fmt: skip


@check.define(
    contract=CONTRACT,
    oracle={"conv_output_size": _measured_size},
    mistakes=[
        Mistake(
            "one_forgotten",
            _wrong_size(lambda n, k, s, p: (n + 2 * p - k) // s),
            "A kernel as wide as the image fits once. How often does it fit by your formula?",
        ),
        Mistake(
            "rounded_up",
            _wrong_size(lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1),
            "The last step leads over the edge, where the kernel no longer fits. Round which way?",
        ),
        Mistake(
            "padding_once",
            _wrong_size(lambda n, k, s, p: (n + p - k) // s + 1),
            "Padding is added at both ends.",
        ),
        Mistake(
            "padding_ignored",
            _wrong_size(lambda n, k, s, p: (n - k) // s + 1),
            "Your answer does not depend on the padding.",
        ),
        Mistake(
            "stride_ignored",
            _wrong_size(lambda n, k, s, p: n + 2 * p - k + 1),
            "With stride 2 only every second place counts.",
        ),
        Mistake(
            "one_inside",
            _wrong_size(lambda n, k, s, p: (n + 2 * p - k + 1) // s),
            "Right for stride 1 only. Is the first place divided by the stride too?",
        ),
        Mistake(
            "fraction",
            _wrong_size(lambda n, k, s, p: (n + 2 * p - k) / s + 1),
            "A number of places is whole. What becomes of a last, incomplete step?",
        ),
    ],
)
def conv_output_size(rng: Generator) -> Iterator[Case]:
    """How many places a kernel has along an axis, with stride and padding."""
    hint = "Draw the axis as boxes. Where is the kernel's first box, first and last? In what steps?"
    plain = [(whole(rng, 20, 40), whole(rng, 2, 7), 1, 0) for _ in range(3)]
    yield Case("stride 1, no padding", _sizes(plain), hint, same(), weight=2)
    padded = [(whole(rng, 9, 30), k, 1, whole(rng, 1, 3)) for k in (3, 4, 5)]
    yield Case("with padding", _sizes(padded), hint, same(), weight=2)
    strided = [(whole(rng, 15, 40), k, s, 0) for k, s in [(2, 2), (3, 2), (5, 3), (4, 5)]]
    yield Case(
        "with stride", _sizes([(28, 2, 2, 0), (28, 5, 2, 0), *strided]), hint, same(), weight=2
    )
    both = [(whole(rng, 30, 60), 7, s, whole(rng, 1, 3)) for s in (2, 3, 4)]
    yield Case("both, as AlexNet and ResNet begin", _sizes([(224, 7, 2, 3), *both]), hint, same())
    hint = "A size is a whole number, no float: `//` divides and rounds down, `/` gives a float."
    yield Case(
        "whole numbers come out",
        ask(kinds_of_sizes, "conv_output_size", strided, text="the types of what came before"),
        {"values": hint, "type": hint},
        same(),
    )


@check.hidden("conv_output_size")
def large_steps(rng: Generator) -> Iterator[Case]:
    settings = [
        (whole(rng, 10, 99), kernel, stride, padding)
        for kernel, stride, padding in [(1, 1, 0), (1, 2, 0), (11, 4, 2), (3, 7, 1), (9, 3, 4)]
    ]
    exact = [(kernel, kernel, stride, 0) for kernel, stride in [(5, 1), (6, 4)]]
    title = "large steps, small kernels, a kernel as wide as the image"
    yield Case(title, _sizes([*settings, *exact]), judge=same())
