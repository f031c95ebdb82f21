"""Checks of `accuracy_by_class`: accuracy of each class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, call, close

from .book import check
from .logits import untied


def _confusion(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """(num_classes, num_classes) counts: rows are labels, columns are guesses."""
    guessed = F.one_hot(logits.max(dim=1).indices, num_classes).double()
    return F.one_hot(labels, num_classes).double().T @ guessed


def _recall(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    table = _confusion(logits, labels, num_classes)
    return table.diagonal() / table.sum(dim=1)  # 0 / 0 is NaN


def _by_table(wrong: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    return {"accuracy_by_class": lambda *args: wrong(_confusion(*args))}


def _overall(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    table = _confusion(logits, labels, num_classes)
    return (table.trace() / table.sum()).expand(num_classes)


BY_CLASS_MISTAKES = [
    Mistake(
        "share_of_batch",
        _by_table(lambda table: table.diagonal() / table.sum()),
        "Your values add up to the overall accuracy. Of how many images is each one a share?",
    ),
    Mistake(
        "share_of_guesses",
        _by_table(lambda table: table.diagonal() / table.sum(dim=0)),
        "You divide by how often the class was guessed (the precision). Among which images is the "
        "accuracy of a class measured?",
    ),
    Mistake(
        "zero_when_absent",
        _by_table(lambda table: (table.diagonal() / table.sum(dim=1)).nan_to_num(0.0)),
        "0 says: all images of this class were wrong. But there were none of it.",
    ),
    Mistake(
        "one_when_absent",
        _by_table(lambda table: (table.diagonal() / table.sum(dim=1)).nan_to_num(1.0)),
        "1 says: all images of this class were right. But there were none of it.",
    ),
    Mistake(
        "absent_left_out",
        _by_table(lambda table: (table.diagonal() / table.sum(dim=1))[table.sum(dim=1) > 0]),
        "Position i of the answer stands for class i. Is that so, if a class is left out?",
    ),
    Mistake(
        "error",
        _by_table(lambda table: 1 - table.diagonal() / table.sum(dim=1)),
        "That is the error of each class; the accuracy is asked for.",
    ),
    Mistake(
        "count",
        _by_table(lambda table: table.diagonal()),
        "These are counts. Of how many images of the class?",
    ),
    Mistake(
        "percent",
        _by_table(lambda table: 100 * table.diagonal() / table.sum(dim=1)),
        "A fraction in [0, 1], please; per cent are for people to read.",
    ),
    Mistake(
        "overall",
        {"accuracy_by_class": _overall},
        "All classes have the same value. Which images belong to class 0?",
    ),
]


WITHIN = close(rtol=1e-5, atol=1e-6, dtype=False)


def _batch(rng: Generator, N: int = 23, K: int = 4, far: float = 0.0) -> tuple[Tensor, Tensor, int]:
    labels = torch.randperm(N, generator=rng) % K
    lead = 1.2 * F.one_hot(labels, K)
    logits = untied(torch.randn(N, K, generator=rng, dtype=torch.float64) + lead)
    return logits + far, labels, K


CONTRACT = Function(
    _batch,
    edges={
        "as many images as classes": {"N": 7, "K": 7},
        "two classes": {"N": 9, "K": 2},
        "fourteen classes": {"N": 45, "K": 14},
        "three hundred images of a class": {"N": 601, "K": 2},
        "logits far from zero": {"far": 2000.0},
    },
    judge=WITHIN,
    single=WITHIN,
)


@check.define(
    oracle={"accuracy_by_class": _recall},
    mistakes=BY_CLASS_MISTAKES,
    contract=CONTRACT,
)
def accuracy_by_class(rng: Generator) -> Iterator[Case]:
    """For each class: the share of its images that are guessed right."""
    logits = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    yield Case(
        "three images and two classes, that you can do by hand",
        call("accuracy_by_class", logits, torch.tensor([0, 0, 1]), 2),
        "Two images are of class 0; how many of the two are guessed right?",
        WITHIN,
        weight=0.5,
    )
    logits, labels = uneven(rng, 203, 6)
    yield Case(
        "203 images, 6 classes of different sizes",
        call("accuracy_by_class", logits, labels, 6),
        "Choose the images of one class with `labels == c`, then look at their guesses only.",
        WITHIN,
        weight=2.0,
    )
    logits, labels = uneven(rng, 60, 5)
    logits, labels = logits[labels != 4], labels[labels != 4]
    yield Case(
        "no image of the last class: NaN there",
        call("accuracy_by_class", logits, labels, 5),
        "The answer has num_classes values, whatever classes the batch holds; a class without "
        "images has no accuracy, and says so with NaN.",
        WITHIN,
    )


def uneven(rng: Generator, count: int, classes: int) -> tuple[Tensor, Tensor]:
    """Logits (N, K) and labels (N,): later classes are rarer, and are guessed worse."""
    share = 0.7 ** torch.arange(classes)
    labels = torch.multinomial(share, count, replacement=True, generator=rng)
    labels[:classes] = torch.arange(classes)  # each class at least once
    lead = F.one_hot(labels, classes) * (2.5 - 2 * labels[:, None] / classes)
    logits = untied(torch.randn(count, classes, generator=rng, dtype=torch.float64) + lead)
    logits[-classes:] = 3.0 * F.one_hot(
        torch.arange(classes), classes
    )  # each guessed at least once
    return logits, labels


@check.hidden("accuracy_by_class")
def a_gap_in_the_middle(rng: Generator) -> Iterator[Case]:
    logits, labels = uneven(rng, 90, 7)
    present = labels != 3
    yield Case(
        "no image of a class in the middle",
        call("accuracy_by_class", logits[present], labels[present], 7),
        "A class without images keeps its place, with NaN in it.",
        WITHIN,
    )
