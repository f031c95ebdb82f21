"""Checks of lab 5: the 1×1 convolution as a linear layer, and class maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from course.checks import Case, Mistake, ask, call, close, gradient
from course.checks.lab05.basis import TIGHT, check, normal, whole

PIXELS = "conv1x1_as_linear"
MAPS = "class_maps"


def _named(name: str, function: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Mapping[str, Any]:
    return {name: function}


def _scrambled(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Memory order read as if the channels came last."""
    count, channels, *sides = x.shape
    rows = x.contiguous().view(-1, channels)
    return torch.addmm(bias, rows, weight.flatten(1).T).view(count, len(bias), *sides)


def _sides_exchanged(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.conv2d(x.mT, weight, bias)


@check.define(
    oracle={PIXELS: F.conv2d},
    mistakes=[
        Mistake(
            "scrambled",
            _named(PIXELS, _scrambled),
            "The shape is right, the numbers are mixed up: reshape keeps the order in memory, and "
            "there the channels of one pixel do not lie side by side. Which axis must move first?",
        ),
        Mistake(
            "no_bias",
            _named(PIXELS, lambda x, w, b: F.conv2d(x, w)),
            "Each output channel also has a number that is added everywhere.",
        ),
        Mistake(
            "channels_last",
            _named(PIXELS, lambda x, w, b: F.conv2d(x, w, b).movedim(1, -1)),
            "The values are right. The channels are still on the last axis.",
        ),
        Mistake(
            "sides_exchanged",
            _named(PIXELS, _sides_exchanged),
            "Rows and columns have changed places.",
        ),
        Mistake(
            "weight_transposed",
            _named(PIXELS, lambda x, w, b: F.conv2d(x, w.transpose(0, 1), b)),
            "The weight's first axis counts the outputs, the second the inputs.",
        ),
        Mistake(
            "one_row_of_pixels",
            _named(PIXELS, lambda x, w, b: F.conv2d(x, w, b).flatten(2)),
            "The values are right. The pixels lie in one row: give them their two axes back.",
        ),
    ],
)
def conv1x1_as_linear(rng: Generator) -> Iterator[Case]:
    """The same linear layer at every pixel, equal to a 1×1 convolution."""
    hint = "One pixel is a vector of C numbers, the kernel a matrix K × C. What happens to each?"
    channels, outputs = whole(rng, 3, 6), whole(rng, 7, 9)
    height, width = whole(rng, 3, 5), whole(rng, 6, 8)
    x, bias = normal(rng, 3, channels, height, width), normal(rng, outputs)
    weight = normal(rng, outputs, channels, 1, 1)
    yield Case("as torch's convolution", call(PIXELS, x, weight, bias), hint, TIGHT, weight=3)
    square, own = normal(rng, 2, 4, 4, 4), normal(rng, 4, 4, 1, 1)
    yield Case("all sides equal", call(PIXELS, square, own, normal(rng, 4)), hint, TIGHT, weight=2)
    pixel = normal(rng, 1, channels, 1, 1)
    yield Case("one pixel", call(PIXELS, pixel, weight, bias), hint, TIGHT)
    follow = "The gradient must flow to the pixels and to the weights."
    yield Case("gradient at the pixels", gradient(PIXELS, x, weight, bias), follow, TIGHT)
    probe = gradient(PIXELS, x, weight, bias, wrt=1)
    yield Case("gradient at the weights", probe, follow, TIGHT)
    floats = [t.float() for t in (x, weight, bias)]
    yield Case("float32 stays float32", call(PIXELS, *floats), hint, close(rtol=1e-4, atol=1e-5))


# Class maps -------------------------------------------------------------------------------


def mean_and_shape(function: Any, maps: Tensor, weight: Tensor, bias: Tensor) -> dict[str, Any]:
    """Average of the class maps over the pixels, ``(N, K)``, and their shape."""
    result = function(maps, weight, bias)
    return {"average over the pixels": result.mean(dim=(-2, -1)), "shape": list(result.shape)}


def _per_place(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.einsum("kc,nchw->nkhw", weight, maps) + bias.view(-1, 1, 1)


def _with(change: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Mapping[str, Any]:
    return {MAPS: change}


@check.define(
    oracle={MAPS: _per_place},
    mistakes=[
        Mistake(
            "no_bias",
            _with(lambda m, w, b: _per_place(m, w, torch.zeros_like(b))),
            "The average of your maps misses the scores by a number for each class.",
        ),
        Mistake(
            "sums_to_the_scores",
            _with(lambda m, w, b: _per_place(m, w, b) / m[0, 0].numel()),
            "Your maps add up to the scores. Here they should average to them.",
        ),
        Mistake(
            "bias_shared_out",
            _with(lambda m, w, b: _per_place(m, w, b / m[0, 0].numel())),
            "The average of a constant is the constant: do not divide the bias by the pixels.",
        ),
        Mistake(
            "averaged",
            _with(lambda m, w, b: _per_place(m, w, b).mean(dim=(2, 3))),
            "These are the scores. Wanted is what each place says, before the average.",
        ),
        Mistake(
            "averaged_and_spread",
            _with(
                lambda m, w, b: (
                    _per_place(m, w, b).mean((2, 3), keepdim=True).expand_as(_per_place(m, w, b))
                )
            ),
            "Every place says the same: you average first. Which of the two steps can wait?",
        ),
        Mistake(
            "softmaxed",
            _with(lambda m, w, b: F.softmax(_per_place(m, w, b), dim=1)),
            "Probabilities do not average to scores. Leave the softmax out.",
        ),
        Mistake(
            "relu",
            _with(lambda m, w, b: F.relu(_per_place(m, w, b))),
            "A place may speak against a class: negative numbers stay.",
        ),
    ],
)
def class_maps(rng: Generator) -> Iterator[Case]:
    """Scores at every place, whose average is what the network says."""
    hint = "Average, then a linear layer: both are linear. What if the layer comes first?"
    maps, bias = normal(rng, 2, 5, 3, 4), normal(rng, 6)
    weight = normal(rng, 6, 5)
    yield Case("scores at every place", call(MAPS, maps, weight, bias), hint, TIGHT, weight=3)
    text = "the average of the maps over the pixels"
    probe = ask(mean_and_shape, MAPS, maps, weight, bias, text=text)
    scores = F.linear(F.adaptive_avg_pool2d(maps, 1).flatten(1), weight, bias)
    expected = {"average over the pixels": scores, "shape": [2, 6, 3, 4]}
    yield Case("their average is the network's scores", probe, hint, TIGHT, expected)
    square = normal(rng, 2, 4, 4, 4)
    again = call(MAPS, square, normal(rng, 4, 4), normal(rng, 4))
    yield Case("all sides equal", again, hint, TIGHT)
