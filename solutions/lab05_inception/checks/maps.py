"""Checks of `class_maps`: what each place says, before the average."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, call
from course.checks.inputs import normal
from course.labs.lab05_inception.questions import mean_and_shape, with_layers

from .book import TIGHT, TIGHT_TOO, check

NAME = "class_maps"


def _per_place(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.einsum("kc,nchw->nkhw", weight, maps) + bias.view(-1, 1, 1)


def _with(change: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Mapping[str, Any]:
    return {NAME: change}


def _arguments(
    rng: Generator, N: int = 2, C: int = 5, K: int = 4, H: int = 2, W: int = 3
) -> tuple[Tensor, Tensor, Tensor]:
    return normal(rng, N, C, H, W), normal(rng, K, C), normal(rng, K)


@check.define(
    contract=Function(
        _arguments,
        edges={
            "one image": {"N": 1},
            "one class": {"K": 1},
            "one map": {"C": 1},
            "one pixel of one image": {"N": 1, "H": 1, "W": 1},
        },
        adapter=with_layers,
        judge=TIGHT_TOO,
        share=0.4,
    ),
    oracle={NAME: _per_place},
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
    maps, weight, bias = _arguments(rng)
    yield Case("scores at every place", call(NAME, maps, weight, bias), hint, TIGHT, weight=3)
    text = "the average of the maps over the pixels"
    probe = ask(mean_and_shape, NAME, maps, weight, bias, text=text)
    scores = F.linear(F.adaptive_avg_pool2d(maps, 1).flatten(1), weight, bias)
    expected = {"average over the pixels": scores, "shape": [2, 4, 2, 3]}
    yield Case("their average is the network's scores", probe, hint, TIGHT, expected)
    square = normal(rng, 2, 3, 3, 3)
    again = call(NAME, square, normal(rng, 3, 3), normal(rng, 3))
    yield Case("all sides equal", again, hint, TIGHT)


@check.hidden(NAME)
def other_maps(rng: Generator) -> Iterator[Case]:
    arguments = _arguments(rng, 3, 4, 5, 7, 2)
    yield Case("other maps", call(NAME, *arguments), "", TIGHT, weight=2)
