"""Checks of lab 5: the loss of a network with two auxiliary heads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from course.checks import Case, Mistake, ask, call, close
from course.checks.lab05.basis import TIGHT, check, normal, whole
from course.checks.probes import gradient_of

NAME = "auxiliary_loss"


def _surprise(scores: Tensor, labels: Tensor) -> Tensor:
    """-log p of each image's label, ``(N,)``."""
    own = scores.gather(1, labels.unsqueeze(1)).squeeze(1)
    return scores.logsumexp(dim=1) - own


def _loss_by(
    combine: Callable[[Tensor, Tensor, Tensor], Tensor],
    one: Callable[[Tensor, Tensor], Tensor] = lambda s, t: _surprise(s, t).mean(),
) -> Mapping[str, Any]:
    def loss(main: Tensor, aux1: Tensor, aux2: Tensor, labels: Tensor) -> Tensor:
        return combine(*(one(scores, labels) for scores in (main, aux1, aux2)))

    return {NAME: loss}


def _right(main: Tensor, first: Tensor, second: Tensor) -> Tensor:
    return torch.stack([main, first, second]) @ main.new_tensor([1.0, 0.3, 0.3])


def slopes(function: Any, main: Tensor, aux1: Tensor, aux2: Tensor, labels: Tensor) -> Any:
    """Gradient of the loss at each of the three scores, ``(N, K)``, and the loss itself."""
    inputs = (main, aux1, aux2, labels)
    names = ("main", "aux1", "aux2")
    found = {name: gradient_of(function, *inputs, wrt=at) for at, name in enumerate(names)}
    return {**found, "loss": function(*inputs)}


@check.define(
    oracle=_loss_by(_right),
    mistakes=[
        Mistake(
            "weight_one",
            _loss_by(lambda m, a, b: m + a + b),
            "All three count the same here. The paper discounts the heads.",
        ),
        Mistake(
            "mean_of_heads",
            _loss_by(lambda m, a, b: m + 0.15 * (a + b)),
            "You weigh the average of the two heads. Each head has the weight of its own.",
        ),
        Mistake(
            "all_discounted",
            _loss_by(lambda m, a, b: 0.3 * (m + a + b)),
            "The main loss is discounted too.",
        ),
        Mistake(
            "weights_sum_to_one",
            _loss_by(lambda m, a, b: _right(m, a, b) / 1.6),
            "You take a weighted mean. In the paper the discounted losses are added.",
        ),
        Mistake(
            "main_and_rest",
            _loss_by(lambda m, a, b: 0.4 * m + 0.3 * (a + b)),
            "The main loss counts fully, whatever the heads get.",
        ),
        Mistake(
            "one_head",
            _loss_by(lambda m, a, b: m + 0.3 * a + 0.0 * b),
            "Only one of the two heads counts.",
        ),
        Mistake(
            "main_only",
            _loss_by(lambda m, a, b: m + 0.0 * (a + b)),
            "The heads do not count at all.",
        ),
        Mistake(
            "softmax_first",
            _loss_by(_right, lambda s, t: _surprise(s.softmax(dim=1), t).mean()),
            "Cross-entropy takes scores: it has a softmax of its own.",
        ),
        Mistake(
            "summed_over_images",
            _loss_by(_right, lambda s, t: _surprise(s, t).sum()),
            "You sum over the images: then the loss grows with the batch. Take the mean.",
        ),
        Mistake(
            "for_each_image",
            _loss_by(lambda m, a, b: m + 0.3 * a + 0.3 * b, _surprise),
            "One number for the batch is wanted, the mean over its images.",
        ),
        Mistake(
            "heads_detached",
            _loss_by(lambda m, a, b: m + 0.3 * (a + b).detach() + 0.0 * (a + b)),
            "The value is right, and no gradient flows into the heads. That was their purpose.",
        ),
    ],
)
def auxiliary_loss(rng: Generator) -> Iterator[Case]:
    """Cross-entropy of the main scores, plus that of each head with its weight."""
    hint = "Three cross-entropies (means over the batch). How much does each count?"
    images, classes = whole(rng, 4, 8), whole(rng, 3, 9)
    scores = [2 * normal(rng, images, classes) for _ in range(3)]
    labels = torch.randint(classes, (images,), generator=rng)
    yield Case("its value", call(NAME, *scores, labels), hint, TIGHT, weight=3)
    text = "its gradients at main, aux1 and aux2, for the same scores"
    yield Case(
        "its gradients", ask(slopes, NAME, *scores, labels, text=text), hint, TIGHT, weight=3
    )
    large = [1000 * torch.eye(3, dtype=torch.float64).roll(turn, 1) for turn in (0, 0, 1)]
    probe = call(NAME, *large, torch.arange(3))
    yield Case("scores of ±1000", probe, "Is the logarithm of a softmax safe there?", TIGHT)
    floats = [tensor.float() for tensor in scores]
    yield Case("float32", call(NAME, *floats, labels), hint, close(rtol=1e-5, atol=1e-6))
