"""Checks of `conv1x1_as_linear`: the 1×1 convolution as a linear layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, call
from course.checks.inputs import normal, whole
from course.labs.lab05_inception.questions import with_layers

from .book import TIGHT, TIGHT_TOO, check

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


def _arguments(
    rng: Generator, N: int = 2, C: int = 3, K: int = 4, H: int = 2, W: int = 5
) -> tuple[Tensor, Tensor, Tensor]:
    return normal(rng, N, C, H, W), normal(rng, K, C, 1, 1), normal(rng, K)


@check.define(
    contract=Function(
        _arguments,
        edges={
            "one image": {"N": 1},
            "one channel comes in": {"C": 1},
            "one channel goes out": {"K": 1},
            "one row": {"H": 1},
            "one pixel of one image": {"N": 1, "H": 1, "W": 1},
        },
        adapter=with_layers,
        judge=TIGHT_TOO,
        share=0.4,
    ),
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


@check.hidden(NAME)
def larger_maps(rng: Generator) -> Iterator[Case]:
    sizes = {key: whole(rng, 1, 8) for key in "NCKHW"}
    yield Case("other sizes", call(NAME, *_arguments(rng, **sizes)), "", TIGHT)
