"""Checks of `auxiliary_loss`: the loss of a network with two auxiliary heads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, call, gradient
from course.checks.inputs import integers, uniform, whole

from .book import TIGHT, TIGHT_TOO, check

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


def _arguments(rng: Generator, N: int = 5, K: int = 4, size: float = 4) -> tuple[Tensor, ...]:
    scores = [uniform(rng, N, K, low=-size, high=size) for _ in range(3)]
    return (*scores, integers(rng, N, low=0, high=K - 1))


@check.define(
    contract=Function(
        _arguments,
        edges={"one image": {"N": 1}, "two classes": {"K": 2}, "more classes": {"N": 2, "K": 30}},
        judge=TIGHT_TOO,
        share=0.3,
    ),
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
    given = _arguments(rng, whole(rng, 4, 6), whole(rng, 3, 7))
    yield Case("its value", call(NAME, *given), hint, TIGHT, weight=3)
    for place, name in enumerate(("main", "aux1", "aux2")):
        probe = gradient(NAME, *given, wrt=place)
        yield Case(f"its gradient at {name}", probe, hint, TIGHT)
    wrong = whole(rng, 1000, 2000) * torch.eye(3, dtype=torch.float64).roll(1, 1)
    wrong *= torch.tensor([[1.0], [2.0], [4.0]])  # one maximum for all images is none for the first
    probe = call(NAME, 3 * wrong, wrong, 2 * wrong, torch.arange(3))
    yield Case("scores of some thousand", probe, "Is the logarithm of a softmax safe there?", TIGHT)


@check.hidden(NAME)
def a_larger_batch(rng: Generator) -> Iterator[Case]:
    given = _arguments(rng, 17, 12, 6)
    yield Case("a larger batch", call(NAME, *given), "", TIGHT)
    for place in range(3):
        probe = gradient(NAME, *given, wrt=place)
        yield Case(f"a larger batch, gradient ({place + 1})", probe, "", TIGHT, weight=0.5)
