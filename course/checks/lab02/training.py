"""Checks of lab 2: one epoch by hand, and a LeNet trained and judged on other images."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course.checks import (
    Case,
    Mistake,
    Probe,
    ProbeError,
    ask,
    close,
    same,
    wording,
)
from course.checks.judges import Finding, Judge
from course.checks.lab02.basis import (
    check,
    normal,
)
from course.device import seeded

# One epoch --------------------------------------------------------------------------------


class Witness(nn.Module):
    """A small linear classifier that writes down what it is given; ``(N, D) -> (N, K)``."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())
        self.batches: list[list[int]] = []
        self.modes: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        """Logits; the first column of ``x`` is the number of each sample."""
        self.batches.append([int(number) for number in x[:, 0].tolist()])
        self.modes.append(self.training)
        return x[:, 1:] @ self.weight.T


def samples(rng: Generator, count: int, classes: int = 3, features: int = 4) -> Any:
    """Weights ``(K, D)``, numbered samples ``(N, 1 + D)``, labels ``(N,)``."""
    x = torch.cat([torch.arange(count).double()[:, None], normal(rng, count, features)], dim=1)
    return normal(rng, classes, features), x, torch.randint(0, classes, (count,), generator=rng)


def after_epochs(
    function: Any, weight: Tensor, x: Tensor, labels: Tensor, epochs: int, momentum: float
) -> dict[str, Any]:
    """Weights after epochs of one full batch each, with SGD; and the losses returned."""
    model = Witness(weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=momentum)
    returned = [function(model, x, labels, optimizer, batch_size=len(x)) for _ in range(epochs)]
    return {"weights": model.weight, "losses": returned}


def loss_reported(function: Any, weight: Tensor, x: Tensor, labels: Tensor, batch_size: int) -> Any:
    """What an epoch returns where the learning rate is 0."""
    model = Witness(weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with seeded(0):  # the order of the images is that of a known mistake, in most answers
        return function(model, x, labels, optimizer, batch_size=batch_size)


def what_was_seen(
    function: Any, weight: Tensor, x: Tensor, labels: Tensor, batch_size: int
) -> dict[str, Any]:
    """How two epochs went through the samples."""
    model = Witness(weight).eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with seeded(0):
        function(model, x, labels, optimizer, batch_size=batch_size)
        half = len(model.batches)
        function(model, x, labels, optimizer, batch_size=batch_size)
    first, second = (list(chain(*part)) for part in (model.batches[:half], model.batches[half:]))
    numbers = list(range(len(x)))
    return {
        "each sample once": sorted(first) == numbers and sorted(second) == numbers,
        "batch sizes": sorted(map(len, model.batches[:half]), reverse=True),
        "shuffled": first != numbers,
        "another order next time": first != second,
        "in training mode": all(model.modes),
    }


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
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
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
            value = loss(model(images[chosen]), labels[chosen])
            parameters = list(model.parameters())
            for one, new in zip(parameters, torch.autograd.grad(value, parameters), strict=True):
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
            _wrong_epoch(loss=lambda x, y: F.cross_entropy(x, y, reduction="sum")),
            "The loss of a batch is a mean, or the step would grow with the batch size.",
        ),
        Mistake(
            "softmax_before_loss",
            _wrong_epoch(loss=lambda x, y: F.cross_entropy(x.softmax(1), y)),
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
    yield Case(
        "the mean loss over all images, as a number",
        ask(
            loss_reported, "train_epoch", *samples(rng, 10), 4,
            text="what train_epoch returns on 10 samples, batch size 4, lr = 0",
        ),
        "Weigh each batch with its size. `.item()` makes a number of a tensor.",
        LOOSE,
        weight=2,
    )  # fmt: skip
    yield Case(
        "every image once, in another order each time",
        ask(
            what_was_seen, "train_epoch", *samples(rng, 23), 5,
            text="what two epochs give to the model: 23 samples, batch size 5",
        ),
        "torch.randperm(N) is a new order of 0 … N-1; cut it into pieces.",
        same(),
        {
            "each sample once": True,
            "batch sizes": [5, 5, 5, 5, 3],
            "shuffled": True,
            "another order next time": True,
            "in training mode": True,
        },
        weight=2,
    )  # fmt: skip


LOOSE = close(rtol=1e-5, atol=1e-6, dtype=False)  # the library adds its losses up in float32


# Training LeNet ---------------------------------------------------------------------------

BLACK, MEAN, STD = 0.0, 0.2860, 0.3530  # of Fashion-MNIST's training images, in [0, 1]
MOST_PARAMETERS = 61_706
TRAINING_IMAGES = 2_000
SECONDS = 60.0  # for one training under grading, on a machine that may be busy


def as_inputs(images: Tensor) -> Tensor:
    """uint8 ``(N, 1, 28, 28)`` -> float32 ``(N, 1, 32, 32)``: normalised, framed in black."""
    framed = F.pad(images, (2, 2, 2, 2), value=BLACK)
    return (framed.float() / 255 - MEAN) / STD


@contextmanager
def one_thread() -> Iterator[None]:
    """Work with one CPU thread: in networks as small as these, threads wait more than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def guesses(
    function: Callable[..., Any], images: Tensor, labels: Tensor, others: Tensor
) -> dict[str, Any]:
    """Train on images with labels, then name the classes of others.

    Raises:
        ProbeError: what came back is no network, or does not give ``(N, 10)`` logits.
    """
    with seeded(1), one_thread():
        model = function(as_inputs(images), labels)
    if not isinstance(model, nn.Module):
        raise ProbeError(
            f"returned {wording.kind_of(model)}, expected the trained network (an nn.Module)"
        )
    model = model.cpu().eval()
    with torch.no_grad():
        logits = torch.cat([model(part) for part in as_inputs(others).split(250)])
    if logits.shape != (len(others), 10):
        raise ProbeError(
            f"the network gives {wording.shape(logits)} for {len(others):,} images; expected "
            f"{(len(others), 10)}, one logit for each class"
        )
    count = sum(one.numel() for one in model.parameters())
    return {"parameters": count, "classes": logits.argmax(dim=1)}


def right_at_least(share: float, most_parameters: int = MOST_PARAMETERS) -> Judge:
    """The guessed classes ``(N,)`` fit the expected labels for this share of the images."""

    def judge(answer: Any, expected: Any, probe: Probe) -> Finding:
        wanted = f"{share:.0%} right or more, at most {most_parameters:,} parameters"
        found, count = _guessed(answer), _count(answer)
        if found is None or count is None or found.shape != expected.shape:
            return Finding(False, wanted, wording.value(answer))
        accuracy = (found == expected).double().mean().item()
        passed = accuracy >= share and 0 < count <= most_parameters
        return Finding(passed, wanted, f"{accuracy:.1%} right, {count:,} parameters")

    return judge


def _guessed(answer: Any) -> Tensor | None:
    classes = answer.get("classes") if isinstance(answer, dict) else None
    whole_numbers = isinstance(classes, Tensor) and classes.dtype == torch.int64
    return classes if whole_numbers else None


def _count(answer: Any) -> int | None:
    count = answer.get("parameters") if isinstance(answer, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None


@cache
def _bundled() -> Any:
    from course.data import fashion_mnist

    return fashion_mnist.bundled().splits


def training_sample(rng: Generator) -> tuple[Tensor, Tensor]:
    """2,000 of the bundled training images and their labels, drawn anew."""
    train = _bundled().train
    chosen = torch.randperm(len(train), generator=rng)[:TRAINING_IMAGES]
    return train.images[chosen], train.labels[chosen]


def accuracy_case(
    title: str,
    sample: tuple[Tensor, Tensor],
    others: Tensor,
    labels: Tensor,
    share: float,
    weight: float,
) -> Case:
    """Train on ``sample``, guess ``others``; the labels stay with the judge."""
    count = len(sample[0])
    text = f"train_lenet on {count:,} images, then the classes of {len(others):,} other images"
    probe = ask(guesses, "train_lenet", *sample, others, text=text)
    return Case(
        title,
        replace(probe, seconds=SECONDS),
        "10 % is guessing. Does the loss fall from epoch to epoch? How many epochs, which "
        "optimizer, which learning rate? Try on a part of the training images that you keep back.",
        right_at_least(share),
        labels,
        weight,
    )


@check.define()
def train_lenet(rng: Generator) -> Iterator[Case]:
    """A LeNet trained by you, judged on images that it has not seen."""
    test = _bundled().test
    chosen = torch.randperm(len(test), generator=rng)[:1000]
    yield accuracy_case(
        "1,000 test images of the bundled data",
        training_sample(rng),
        test.images[chosen],
        test.labels[chosen],
        0.70,
        1.0,
    )
