"""Checks of `effective_receptive_field`: how much each pixel matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import OfModel
from course.checks import Case, ask
from course.checks.inputs import normal, seed_from
from course.labs.lab04_vgg.questions.formulas import (
    frozen_stack,
    map_as_found,
    map_in_ways,
    map_of,
    small_stack,
    with_gradients_added,
)

from .book import CLOSE, check

ERF = "effective_receptive_field"


def _slopes(
    network: nn.Module, images: Tensor, seen: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """Derivative of what ``seen`` makes of the output, by torch's Jacobian; ``(N, C, H, W)``."""
    look = seen or (lambda y: y[..., y.shape[2] // 2, y.shape[3] // 2].sum())
    jacobian = torch.autograd.functional.jacobian(lambda x: look(network(x)), images)
    return torch.as_tensor(jacobian)


def _as_share(values: Tensor) -> Tensor:
    return values / values.sum()


def _map_by(
    combine: Callable[[Tensor], Tensor], seen: Callable[[Tensor], Tensor] | None = None
) -> Mapping[str, Any]:
    return {ERF: lambda network, images: combine(_slopes(network, images, seen))}


def _summed(slopes: Tensor) -> Tensor:
    return slopes.abs().sum(dim=(0, 1))


def _piling_up(network: nn.Module, images: Tensor) -> Tensor:
    images.requires_grad_(True)
    y = network(images)
    y[..., y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    return _as_share(_summed(torch.as_tensor(images.grad)))


CONTRACT = OfModel(
    {"a stack with ReLU": small_stack, "strides, the first layer frozen": frozen_stack},
    lambda rng: (normal(rng, 3, 2, 9, 12),),
    adapter=with_gradients_added,
    judge=CLOSE,
)


@check.define(
    contract=CONTRACT,
    oracle=_map_by(lambda slopes: _as_share(_summed(slopes))),
    mistakes=[
        Mistake(
            "signs_cancel",
            _map_by(lambda slopes: _as_share(slopes.sum(dim=(0, 1)))),
            "Positive and negative gradients cancel in your sum. What counts is how much a pixel "
            "matters, not in which direction.",
        ),
        Mistake(
            "absolute_too_late",
            _map_by(lambda slopes: _as_share(slopes.sum(dim=(0, 1)).abs())),
            "Absolute values come before the sum over images and channels, or signs cancel.",
        ),
        Mistake(
            "all_outputs",
            _map_by(lambda slopes: _as_share(_summed(slopes)), lambda y: y.sum()),
            "You differentiate the whole output map. Wanted is one place of it, the centre.",
        ),
        Mistake(
            "corner",
            _map_by(lambda slopes: _as_share(_summed(slopes)), lambda y: y[..., 0, 0].sum()),
            "You look at the output at the corner, where half of the window is padding.",
        ),
        Mistake(
            "first_channel",
            _map_by(
                lambda slopes: _as_share(_summed(slopes)),
                lambda y: y[:, 0, y.shape[2] // 2, y.shape[3] // 2].sum(),
            ),
            "You look at output channel 0 alone: sum over all of them.",
        ),
        Mistake(
            "first_image",
            _map_by(lambda slopes: _as_share(slopes[0].abs().sum(dim=0))),
            "Only the first image counts in your map.",
        ),
        Mistake(
            "not_normalised",
            _map_by(_summed),
            "The shape is right; the values should be shares that sum to 1.",
        ),
        Mistake(
            "maximum_is_one",
            _map_by(lambda slopes: _summed(slopes) / _summed(slopes).max()),
            "Your largest value is 1. Wanted: the sum is 1.",
        ),
        Mistake(
            "squared",
            _map_by(lambda slopes: _as_share(slopes.square().sum(dim=(0, 1)))),
            "You square the gradients. Wanted are their absolute values.",
        ),
        Mistake(
            "piles_up",
            {ERF: _piling_up},
            "The gradient piles up in images.grad, and the caller's images are changed. Work on a "
            "copy, or let torch.autograd.grad return the gradient.",
        ),
    ],
)
def effective_receptive_field(rng: Generator) -> Iterator[Case]:
    """How much each pixel matters to the output at the centre, as shares of 1."""
    hint = "Which output, differentiated by what, and summed over which axes?"
    weights = normal(rng, 1, 1, 3, 3)
    yield Case(
        "one 3×3 convolution",
        ask(
            map_of, ERF, normal(rng, 1, 1, 5, 5), 1, weights, text="one 3×3, an image (1, 1, 5, 5)"
        ),
        "With one linear layer the map is the kernel itself, in absolute values, around the "
        "middle pixel.",
        CLOSE,
        weight=2,
    )
    deep = [normal(rng, 4, 2, 3, 3), normal(rng, 4, 4, 3, 3), normal(rng, 3, 4, 3, 3)]
    images = normal(rng, 3, 2, 9, 12)
    text = "three 3×3 with ReLU, images (3, 2, 9, 12)"
    yield Case("three layers", ask(map_of, ERF, images, 1, *deep, text=text), hint, CLOSE, weight=3)
    text = "two 3×3 with stride 2 and tiny weights, images (2, 2, 13, 10)"
    images, tiny = normal(rng, 2, 2, 13, 10), [one * 2.0**-20 for one in deep[:2]]
    yield Case(
        "with strides, and tiny weights",
        ask(map_of, ERF, images, 2, *tiny, text=text),
        f"{hint} And however small the gradients are, their shares sum to 1.",
        CLOSE,
    )
    text = "images of one row, (2, 2, 1, 7)"
    row = normal(rng, 2, 2, 1, 7)
    yield Case(
        "images of one row",
        ask(map_of, ERF, row, 1, *deep[:2], text=text),
        {"values": hint, "shape": "The map has the images' height and width, also where one is 1."},
        CLOSE,
    )
    text = "images (2, 2, 7, 10), as they are and in another order in memory; and then the images"
    yield Case(
        "asked in other ways, it answers the same",
        ask(map_in_ways, ERF, normal(rng, 2, 2, 7, 10), *deep[:2], text=text),
        "The caller's images should come out as they went in.",
        CLOSE,
    )
    text = "images (2, 2, 7, 10), networks with layers in both modes; and then the networks"
    probe = ask(map_as_found, ERF, normal(rng, 2, 2, 7, 10), seed_from(rng), text=text)
    yield Case(
        "each layer's mode stays",
        probe,
        {
            "values": hint,
            "changed": "The caller's networks come out as they went in: the mode of each layer "
            "(`train(mode)` puts all into one), what is trainable, `.grad`. The gradient needs no "
            "other mode than the network has; `torch.autograd.grad` touches nothing else.",
        },
        CLOSE,
    )


@check.hidden("effective_receptive_field")
def larger_kernels(rng: Generator) -> Iterator[Case]:
    weights = [normal(rng, 3, 3, 5, 5), normal(rng, 3, 3, 3, 3), normal(rng, 2, 3, 3, 3)]
    images = normal(rng, 4, 3, 15, 11)
    text = "a 5×5 and two 3×3 with ReLU, images (4, 3, 15, 11)"
    yield Case("5×5 and 3×3", ask(map_of, ERF, images, 1, *weights, text=text), judge=CLOSE)
