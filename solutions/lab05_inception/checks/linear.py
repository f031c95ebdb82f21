"""Checks of `conv1x1_as_linear`: the 1×1 convolution as a linear layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from course.checks import Case, call, close, gradient
from course.checks.inputs import normal, whole

from .book import TIGHT, check

NAME = "conv1x1_as_linear"
FORBIDDEN = ("conv2d", "Conv2d", "conv1d", "Conv1d", "conv_transpose2d")


def _named(function: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Mapping[str, Any]:
    return {NAME: function}


def _scrambled(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Memory order read as if the channels came last."""
    count, channels, *sides = x.shape
    rows = x.contiguous().view(-1, channels)
    return torch.addmm(bias, rows, weight.flatten(1).T).view(count, len(bias), *sides)


def _sides_exchanged(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.conv2d(x.mT, weight, bias)


@check.define(
    oracle={NAME: F.conv2d},
    mistakes=[
        Mistake(
            "scrambled",
            _named(_scrambled),
            "The shape is right, the numbers are mixed up: reshape keeps the order in memory, and "
            "there the channels of one pixel do not lie side by side. Which axis must move first?",
        ),
        Mistake(
            "no_bias",
            _named(lambda x, w, b: F.conv2d(x, w)),
            "Each output channel also has a number that is added everywhere.",
        ),
        Mistake(
            "channels_last",
            _named(lambda x, w, b: F.conv2d(x, w, b).movedim(1, -1)),
            "The values are right. The channels are still on the last axis.",
        ),
        Mistake(
            "sides_exchanged",
            _named(_sides_exchanged),
            "Rows and columns have changed places.",
        ),
        Mistake(
            "weight_transposed",
            _named(lambda x, w, b: F.conv2d(x, w.transpose(0, 1), b)),
            "The weight's first axis counts the outputs, the second the inputs.",
        ),
        Mistake(
            "one_row_of_pixels",
            _named(lambda x, w, b: F.conv2d(x, w, b).flatten(2)),
            "The values are right. The pixels lie in one row: give them their two axes back.",
        ),
    ],
    forbids=FORBIDDEN,
)
def conv1x1_as_linear(rng: Generator) -> Iterator[Case]:
    """The same linear layer at every pixel, equal to a 1×1 convolution."""
    hint = "One pixel is a vector of C numbers, the kernel a matrix K × C. What happens to each?"
    channels, outputs = whole(rng, 2, 3), whole(rng, 4, 5)
    height, width = whole(rng, 2, 3), whole(rng, 4, 5)
    x, bias = normal(rng, 2, channels, height, width), normal(rng, outputs)
    weight = normal(rng, outputs, channels, 1, 1)
    yield Case("as torch's convolution", call(NAME, x, weight, bias), hint, TIGHT, weight=3)
    square, own = normal(rng, 2, 3, 3, 3), normal(rng, 3, 3, 1, 1)
    yield Case("all sides equal", call(NAME, square, own, normal(rng, 3)), hint, TIGHT, weight=2)
    pixel = normal(rng, 1, channels, 1, 1)
    yield Case("one pixel", call(NAME, pixel, weight, bias), hint, TIGHT)
    follow = "The gradient must flow to the pixels and to the weights."
    yield Case("gradient at the pixels", gradient(NAME, x, weight, bias), follow, TIGHT)
    probe = gradient(NAME, x, weight, bias, wrt=1)
    yield Case("gradient at the weights", probe, follow, TIGHT)
    sizes = ((2, channels, height, width), (outputs, channels, 1, 1), (outputs,))
    floats = [normal(rng, *size, dtype=torch.float32) for size in sizes]
    yield Case("float32 stays float32", call(NAME, *floats), hint, close(rtol=1e-4, atol=1e-5))


@check.hidden(NAME)
def strided(rng: Generator) -> Iterator[Case]:
    x = normal(rng, 2, 3, 7, 7).transpose(0, 1).contiguous().transpose(0, 1)
    weight, bias = normal(rng, 7, 3, 1, 1), normal(rng, 7)
    yield Case("maps that are not contiguous", call(NAME, x, weight, bias), "", TIGHT)
