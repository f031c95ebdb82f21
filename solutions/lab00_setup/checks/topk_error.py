"""Checks of `topk_error`: top-k error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, Probe, ask, call
from course.labs.lab00_setup.questions import for_each_k, one_at_a_time

from .book import check
from .logits import untied


def ranked(
    rng: Generator, ranks: Tensor, classes: int, *, shift: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Logits without ties in which each label has a given rank.

    Args:
        rng: random generator.
        ranks: (N,) whole numbers in 1…K; 1 means that the label has the greatest logit.
        classes: K.
        shift: added to all logits.

    Returns:
        Logits (N, K) in float64 and labels (N,).
    """
    count = len(ranks)
    values = untied(torch.randn(count, classes, generator=rng, dtype=torch.float64) + shift, 4096)
    order = torch.rand(count, classes, generator=rng).argsort(dim=1)  # class at each rank
    falling = values.sort(dim=1, descending=True).values
    logits = torch.empty_like(values).scatter_(1, order, falling)
    return logits, order.gather(1, ranks[:, None] - 1)[:, 0]


def random_ranks(rng: Generator, count: int, classes: int) -> Tensor:
    """Ranks as a half-trained network has them: often first, now and then far behind."""
    share = 0.6 ** torch.arange(classes)
    ranks = torch.multinomial(share, count, replacement=True, generator=rng) + 1
    ranks[:2] = torch.tensor([1, classes])  # the best and the worst, at least once each
    return ranks


def _rank(logits: Tensor, labels: Tensor) -> Tensor:
    falling = torch.sort(logits, dim=1, descending=True).indices
    return torch.nonzero(falling == labels[:, None])[:, 1] + 1


def _topk_error(logits: Tensor, labels: Tensor, k: int) -> float:
    if not 1 <= k <= logits.shape[1]:
        raise ValueError
    return float(torch.count_nonzero(_rank(logits, labels) > k)) / len(labels)


def _wrong(function: Callable[[Tensor, Tensor, int], Tensor]) -> dict[str, Any]:
    # Refuses a k out of range as it should, so that a mistake is recognised by its values.
    def topk_error(logits: Tensor, labels: Tensor, k: int) -> float:
        if not 1 <= k <= logits.shape[1]:
            raise ValueError
        return function(logits, labels, k).item()

    return {"topk_error": topk_error}


def _by_rank(function: Callable[[Tensor, int], Tensor]) -> dict[str, Any]:
    return _wrong(lambda logits, labels, k: function(_rank(logits, labels), k))


def _guesses(logits: Tensor, k: int, dim: int = 1) -> Tensor:
    return logits.topk(k, dim=dim).indices


def _masked_with_zero(logits: Tensor, labels: Tensor, k: int) -> Tensor:
    # Takes the greatest k times over, and writes 0 where it was: wrong below zero.
    missed = torch.ones(len(labels), dtype=torch.bool)
    for _ in range(k):
        best = logits.max(dim=1, keepdim=True).indices
        missed &= best[:, 0] != labels
        logits = logits.scatter(1, best, 0.0)
    return missed.double().mean()


TOPK_MISTAKES = [
    Mistake(
        "accuracy",
        _by_rank(lambda rank, k: (rank <= k).double().mean()),
        "A perfect network has error 0. What would yours get?",
    ),
    Mistake(
        "percent",
        _by_rank(lambda rank, k: (rank > k).double().mean() * 100),
        "Per cent are for people to read; this function returns a fraction in [0, 1].",
    ),
    Mistake(
        "accuracy_percent",
        _by_rank(lambda rank, k: (rank <= k).double().mean() * 100),
        "A perfect network has error 0; and the answer is a fraction in [0, 1].",
    ),
    Mistake(
        "count",
        _by_rank(lambda rank, k: (rank > k).sum()),
        "That is how many images are wrong. What share of the batch are they?",
    ),
    Mistake(
        "count_of_hits",
        _by_rank(lambda rank, k: (rank <= k).sum()),
        "That is how many images are right. What share of the batch is wrong?",
    ),
    Mistake(
        "always_first",
        _by_rank(lambda rank, k: (rank > 1).double().mean()),
        "Your answer looks at the best class alone, whatever k is.",
    ),
    Mistake(
        "only_the_kth",
        _by_rank(lambda rank, k: (rank != k).double().mean()),
        "The label may be any of the k best classes, not the k-th only.",
    ),
    Mistake(
        "one_too_few",
        _by_rank(lambda rank, k: (rank >= k).double().mean()),
        "k = 1 allows one guess. How many does your answer allow?",
    ),
    Mistake(
        "one_too_many",
        _by_rank(lambda rank, k: (rank > k + 1).double().mean()),
        "k = 1 allows one guess. How many does your answer allow?",
    ),
    Mistake(
        "along_the_batch",
        _wrong(lambda x, y, k: (_guesses(x, k, dim=0) != y).all(dim=0).double().mean()),
        "You compare images with each other. In (N, K), along which axis lie the classes?",
    ),
    Mistake(
        "labels_broadcast",
        _wrong(lambda x, y, k: (_guesses(x, k) != y).all(dim=1).double().mean()),
        "Print the shapes of the two sides of `==`. Is image i compared with label i only?",
    ),
    Mistake(
        "mean_over_guesses",
        _wrong(lambda x, y, k: (_guesses(x, k) != y[:, None]).double().mean()),
        "You average over all k guesses of all images. How many verdicts has one image?",
    ),
    Mistake(
        "smallest",
        _wrong(lambda x, y, k: (_rank(-x, y) > k).double().mean()),
        "These are the classes with the smallest logits. In which order did you sort?",
    ),
    Mistake(
        "masked_with_zero",
        _wrong(_masked_with_zero),
        "Logits may all be negative. Which number is below every one of them?",
    ),
]


def _batch(rng: Generator, N: int = 23, K: int = 10, k: int = 3) -> Any:
    if N > 2 * K:
        ranks = 1 + torch.randint(K, (N,), generator=rng)
    else:  # each rank as often as another, or nearly
        ranks = 1 + torch.randperm(N, generator=rng) % K
    logits, labels = ranked(rng, ranks, K)
    return logits, labels, k


CONTRACT = Function(
    _batch,
    edges={
        "as many guesses as classes": {"N": 5, "K": 4, "k": 4},
        "seven guesses": {"N": 29, "K": 9, "k": 7},
        "two images of two classes": {"N": 2, "K": 2, "k": 1},
    },
    refuses={ValueError: [partial(_batch, K=6, k=k) for k in (0, 7, -1)]},
    hints={
        "refuses with ValueError, and only what makes no sense": "Nobody has eleven guesses among "
        "ten classes, and no guess at all is none either. An early `raise ValueError(…)` that "
        "names both numbers saves a search later.",
    },
)


@check.define(
    oracle={"topk_error": _topk_error},
    mistakes=TOPK_MISTAKES,
    contract=CONTRACT,
)
def topk_error(rng: Generator) -> Iterator[Case]:
    """The share of images whose label is not among the k classes with the greatest logits."""
    yield _by_hand()
    batch = ranked(rng, random_ranks(rng, 101, 10), 10)
    yield Case(
        "101 images, 10 classes, k = 1: the ordinary error",
        call("topk_error", *batch, 1),
        "With k = 1 one guess is allowed: the class with the greatest logit.",
        weight=1.5,
    )
    yield Case(
        "as many images as classes, (9, 9): a wrong axis raises no error",
        errors_at(*ranked(rng, random_ranks(rng, 9, 9), 9), (1, 2, 3)),
        "In (N, K), along which axis lie the classes?",
    )
    yield Case(
        "101 images, 10 classes, k = 2, 3, 5",
        errors_at(*batch, (2, 3, 5)),
        "Take one image aside: which classes does it guess, and is its label one of them?",
        weight=2.5,
    )
    yield Case(
        "one image at a time: right, then wrong",
        ask(
            one_at_a_time,
            "topk_error",
            *ranked(rng, torch.tensor([2, 4]), 5),
            3,
            text="topk_error of each of two images alone, k = 3",
        ),
        "One image is a batch with N = 1. What happens to your shapes there?",
        weight=0.5,
    )
    yield Case(
        "most logits negative",
        errors_at(*ranked(rng, random_ranks(rng, 53, 7), 7, shift=-0.7), (1, 2, 4)),
        "A logit is any number; only the order within a row counts.",
    )
    hint = (
        "Only the order within a row counts, and the logits have it as they are: exp, a softmax or "
        "fewer digits make different ones equal."
    )
    logits, labels = ranked(rng, random_ranks(rng, 61, 6), 6)
    yield Case(
        "logits in the thousands",
        errors_at(logits * 2.0**12, labels, (1, 2, 3, 4)),
        hint,
        weight=0.5,
    )
    logits, labels = ranked(rng, random_ranks(rng, 61, 6), 6, shift=2.0**26)
    yield Case(
        "logits that differ in the twelfth digit",
        errors_at(logits, labels, (1, 2, 3, 4)),
        hint,
        weight=0.5,
    )
    classes = 6
    logits = torch.full((classes, classes), float(torch.randn((), generator=rng)))
    yield Case(
        "all logits equal, each class once: k of them are guessed",
        errors_at(logits, torch.randperm(classes, generator=rng), (1, 2, 3, 5)),
        "Among equal logits you choose, but no more than k classes: a comparison of values counts "
        "all that are equal.",
        weight=0.5,
    )


def _by_hand() -> Case:
    rows = [[0.1, 0.7, 0.2, -1.0], [0.5, 0.2, -0.1, 0.3], [0.3, 0.6, 0.1, 0.2]]
    labels = [2, 2, 1]
    probe = errors_at(torch.tensor(rows), torch.tensor(labels), (1, 2, 3, 4))
    return Case(
        "three images and four classes, that you can do by hand",
        replace(probe, text=f"logits = {rows}, labels = {labels}, k = 1, 2, 3, 4"),
        "Write down, for each row, the k classes with the greatest logits.",
        expected={"k = 1": 2 / 3, "k = 2": 1 / 3, "k = 3": 1 / 3, "k = 4": 0.0},
    )


def errors_at(logits: Tensor, labels: Tensor, ks: tuple[int, ...]) -> Probe:
    """Ask for the top-k error at several k at once.

    One number of a small batch may come out right, or like another mistake's, by chance; a
    whole series hardly does.
    """
    shape = tuple(logits.shape)
    text = f"topk_error(logits {shape}, labels, k) for k = {', '.join(map(str, ks))}"
    return ask(for_each_k, "topk_error", logits, labels, ks, text=text)


@check.hidden("topk_error")
def a_thousand_classes(rng: Generator) -> Iterator[Case]:
    logits, labels = ranked(rng, random_ranks(rng, 211, 1_000), 1_000)
    yield Case(
        "1000 classes, as in ILSVRC",
        errors_at(logits, labels, (1, 5)),
        "Does your answer hold for any number of classes?",
    )
    yield Case(
        "300 classes and 60 guesses",
        call("topk_error", *_batch(rng, 650, 300, 60)),
        "Does your answer hold for any number of classes and of guesses?",
        weight=0.5,
    )
    logits, labels = ranked(rng, random_ranks(rng, 37, 6), 6)
    yield Case(
        "logits in float32, as a network gives them",
        errors_at(logits.float(), labels, (1, 2, 3, 5)),
        "Does your answer need float64?",
        weight=0.5,
    )
    logits = untied(torch.randn(301, 5, generator=rng, dtype=torch.float64))
    yield Case(
        "logits in float16",
        errors_at(logits.half(), random_labels(rng, 301, 5), (1, 2, 3)),
        "Which of these images are wrong is right in any dtype. In which one do you take the mean?",
        weight=0.5,
    )


def random_labels(rng: Generator, count: int, classes: int) -> Tensor:
    """Labels (count,), each class about as often."""
    return torch.randperm(count, generator=rng) % classes
