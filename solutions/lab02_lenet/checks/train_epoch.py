"""Checks of `train_epoch`: one pass over the data."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from course.checks import Case, ask, close
from course.checks.claims import Found
from course.checks.inputs import between, integers, normal, seed_from
from course.labs.lab02_lenet.questions.training import (
    after_epochs,
    how_it_stepped,
    loss_reported,
    what_was_seen,
    with_a_frozen_layer,
)
from course.labs.lab02_lenet.steps import RIGHT_STEPS, right_ways, seen, stepped

from .book import check

Loss = Callable[[Tensor, Tensor], Tensor]

LOOSE = close(rtol=1e-5, atol=1e-6, dtype=False)  # the library adds its losses up in float32
TRACED = close(rtol=1e-4, atol=1e-4)


def samples(
    rng: Generator, count: int, classes: int = 3, features: int = 4
) -> tuple[Tensor, Tensor, Tensor]:
    """Weights ``(K, D)``, samples ``(N, D)``, labels ``(N,)``."""
    labels = integers(rng, count, low=0, high=classes - 1)
    return normal(rng, classes, features), normal(rng, count, features), labels


def _by_library(
    model: nn.Module, images: Tensor, labels: Tensor, optimizer: Any, batch_size: int = 32
) -> float:
    """One epoch of the course's own training loop."""
    from course.training import fit

    history = fit(
        model, (images, labels), epochs=1, batch_size=batch_size,
        optimizer=lambda parameters, lr: optimizer, device="cpu", progress=False,
        seed=torch.seed() % 2**31,
    )  # fmt: skip
    return history.last.train_loss


def _wrong_epoch(
    *,
    criterion: Loss = F.cross_entropy,
    keep_gradients: bool = False,
    step: bool = True,
    report: Callable[[list[float], list[int]], Any] = lambda values, sizes: (
        sum(map(operator.mul, values, sizes)) / sum(sizes)
    ),
    order: Callable[[int], Tensor] = torch.randperm,
    drop_last: bool = False,
) -> dict[str, Any]:
    """An epoch that goes wrong in one place."""

    def epoch(
        model: Any, images: Tensor, labels: Tensor, optimizer: Any, batch_size: int = 32
    ) -> Any:
        model.train()
        values, sizes_seen = [], []
        for chosen in order(len(images)).split(batch_size):
            if drop_last and len(chosen) < batch_size:
                continue
            value = criterion(model(images[chosen]), labels[chosen])
            weights = [one for one in model.parameters() if one.requires_grad]
            for one, new in zip(weights, torch.autograd.grad(value, weights), strict=True):
                one.grad = new + (one.grad if keep_gradients and one.grad is not None else 0)
            _ = optimizer.step() if step else None
            values.append(float(value))
            sizes_seen.append(len(chosen))
        return report(values, sizes_seen)

    return {"train_epoch": epoch}


@check.define(
    oracle={"train_epoch": _by_library},
    mistakes=[
        Mistake(
            "gradients_pile_up",
            _wrong_epoch(keep_gradients=True),
            "backward *adds* to the gradients. What has to happen before each batch?",
        ),
        Mistake(
            "no_step",
            _wrong_epoch(step=False),
            "The weights are what they were. Who moves them, and when?",
        ),
        Mistake(
            "mean_of_means",
            _wrong_epoch(report=lambda values, sizes: sum(values) / len(values)),
            "You average over batches. The last one is smaller: its images count for more.",
        ),
        Mistake(
            "sum_of_means",
            _wrong_epoch(report=lambda values, sizes: sum(values)),
            "You add the batches' means up. What is the mean over all images?",
        ),
        Mistake(
            "last_batch_only",
            _wrong_epoch(report=lambda values, sizes: values[-1]),
            "That is the loss of the last batch.",
        ),
        Mistake(
            "sum_over_images",
            _wrong_epoch(report=lambda values, sizes: sum(map(operator.mul, values, sizes))),
            "That is the sum over the images. The mean is asked for.",
        ),
        Mistake(
            "summed_loss",
            _wrong_epoch(criterion=lambda x, y: F.cross_entropy(x, y, reduction="sum")),
            "The loss of a batch is a mean, or the step would grow with the batch size.",
        ),
        Mistake(
            "softmax_before_loss",
            _wrong_epoch(criterion=lambda x, y: F.cross_entropy(x.softmax(1), y)),
            "cross_entropy takes logits; it has a softmax inside.",
        ),
        Mistake(
            "not_shuffled",
            _wrong_epoch(order=torch.arange),
            "The images come in the same order each time.",
        ),
        Mistake(
            "last_batch_dropped",
            _wrong_epoch(drop_last=True),
            "Images are left out: the last batch may be smaller.",
        ),
    ],
)
def train_epoch(rng: Generator) -> Iterator[Case]:
    """One pass over the data: every image once, in new order; the mean loss comes back."""
    text = "weights after {} epochs of one full batch each, SGD, lr = 0.5{}"
    hint = "Per batch: forward, loss, old gradients away, backward, step."
    for epochs, momentum, weight in ((1, 0.0, 1), (3, 0.0, 3), (3, 0.9, 1)):
        probe = ask(
            after_epochs, "train_epoch", *samples(rng, 12), epochs, momentum,
            text=text.format(epochs, ", momentum 0.9" if momentum else ""),
        )  # fmt: skip
        title = f"{epochs} full-batch step{'s' if epochs > 1 else ''}" + (
            " with momentum: the optimizer that you were given" if momentum else ""
        )
        yield Case(title, probe, hint, LOOSE, weight=weight)
    probe = ask(
        after_epochs, "train_epoch", *samples(rng, 12), 1, 0.0, between(rng, 1.0, 2.0),
        text="weights after one full batch, where the model comes with old gradients",
    )  # fmt: skip
    hint = "Somebody's old gradients may be there before the first batch. What has to happen first?"
    yield Case("old gradients in the model that you are given", probe, hint, LOOSE)
    yield _frozen(rng)
    yield Case(
        "the mean loss over all images, as a number",
        ask(
            loss_reported, "train_epoch", *samples(rng, 10), 4,
            text="what train_epoch returns on 10 samples, batch size 4, lr = 0",
        ),
        "Weigh each batch with its size. `.item()` makes a number of a tensor.",
        LOOSE,
        weight=0.5,
    )  # fmt: skip
    yield seen_case(rng, "every image once, in another order each time", 41, (8,), 1.5)
    yield seen_case(rng, "batches of 32 where no size is given", 70, (), 0.5)
    yield steps_case(rng, "a step for each batch, by its own gradient", 43, 8, 0.0, 3)


def _frozen(rng: Generator) -> Case:
    """A model whose first layer is not to learn."""
    first = normal(rng, 5, 4)
    last, _, labels = samples(rng, 12, features=5)
    text = "weights after two epochs of one full batch each, where the first layer is frozen"
    told = (
        "Who froze a layer (`requires_grad=False`) wants it to stay as it is. The optimizer "
        "leaves alone what has no gradient: is something switched on again?"
    )
    return Case(
        "a frozen layer stays frozen",
        ask(with_a_frozen_layer, "train_epoch", first, last, normal(rng, 12, 4), labels, text=text),
        {"values": told, "precision": told},
        LOOSE,
        weight=0.5,
    )


def small_images(rng: Generator, count: int) -> tuple[Tensor, Tensor]:
    """Images ``(N, 1, 2, 4)`` in float32, and labels of four classes, none of which is missing."""
    labels = torch.randperm(count, generator=rng) % 4
    return normal(rng, count, 1, 2, 4, dtype=torch.float32), labels


def seen_case(
    rng: Generator, title: str, count: int, sizes: tuple[int, ...], weight: float
) -> Case:
    """How two epochs go through ``count`` images."""
    said = f"batch size {sizes[0]}" if sizes else "no batch size given"
    text = f"what two epochs give to the model: {count} images, {said}"
    probe = ask(what_was_seen, "train_epoch", *small_images(rng, count), sizes, 0, text=text)
    hint = (
        "torch.randperm(N) is a new order of 0 … N-1; cut it into pieces. Images that stand beside "
        "each other have no reason to stay together, wherever one begins."
    )
    expected = right_ways(count, *(sizes or (32,)))
    return Case(title, probe, hint, Found(seen), expected, weight)


def steps_case(
    rng: Generator, title: str, count: int, size: int, momentum: float, weight: float
) -> Case:
    """How two epochs move the weights, and which loss they tell."""
    images, seed = small_images(rng, count), seed_from(rng)
    text = f"the steps of two epochs: {count} images, batch size {size}, SGD"
    probe = ask(how_it_stepped, "train_epoch", *images, (size,), seed, momentum, text=text)
    hint = (
        "For each batch, in this order: its loss, old gradients away, backward, one step. What "
        "is returned is a plain number (`.item()`): the mean of the losses before each step, "
        "weighted with batch sizes."
    )
    return Case(title, probe, hint, Found(stepped, TRACED), dict(RIGHT_STEPS), weight)


@check.hidden("train_epoch")
def many_samples(rng: Generator) -> Iterator[Case]:
    text = "what train_epoch returns on 67 samples, batch size 32, lr = 0"
    probe = ask(loss_reported, "train_epoch", *samples(rng, 67, 5, 8), 32, text=text)
    yield Case("the mean loss over 67 samples", probe, judge=LOOSE, weight=0.5)
    yield steps_case(rng, "steps with momentum", 59, 16, 0.9, 1.5)
