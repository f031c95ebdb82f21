"""Wrong answers that once had full points, and right ones beside them."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .book import answers

BOTH = '- return {"naive": height * width * naive, "reduced": height * width * reduced}'

answers.wrong(
    "inception_cost",
    "floats",
    answers.changed(
        "inception_cost",
        f"{BOTH}\n+ size = float(height * width)\n"
        '+ return {"naive": size * naive, "reduced": size * reduced}',
    ),
)
answers.right(
    "inception_cost",
    "whole numbers by int",
    answers.changed(
        "inception_cost",
        f"{BOTH}\n+ size = float(height * width)\n"
        '+ return {"naive": int(size * naive), "reduced": int(size * reduced)}',
    ),
)


def surprise_by(maximum: Any) -> Any:
    """The loss, with what ``maximum`` says of the scores ``(N, K)`` taken away before ``exp``."""

    def one(scores: Tensor, labels: Tensor) -> Tensor:
        scores = scores - maximum(scores)
        own = scores.gather(1, labels.unsqueeze(1)).squeeze(1)
        return (scores.exp().sum(dim=1).log() - own).mean()

    def loss(main: Tensor, aux1: Tensor, aux2: Tensor, labels: Tensor) -> Tensor:
        first, *heads = (one(scores, labels) for scores in (main, aux1, aux2))
        return first + 0.3 * sum(heads)

    return loss


answers.wrong("auxiliary_loss", "one maximum for all images", surprise_by(lambda s: s.max()))
answers.right(
    "auxiliary_loss",
    "each image's maximum taken away",
    surprise_by(lambda s: s.amax(dim=1, keepdim=True)),
)
