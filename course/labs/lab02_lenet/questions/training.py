"""Questions to a training loop, and to a network that the student trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from course.checks.modules import a_module, a_tensor
from course.checks.traces import Trace, numbered
from course.device import one_thread, seeded
from course.labs.lab02_lenet.images import as_inputs
from course.labs.lab02_lenet.questions.keeping import numbers_held


class Linear(nn.Module):
    """A small linear classifier, ``(N, D) -> (N, K)``."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return x @ self.weight.T


def after_epochs(
    function: Any, weight: Tensor, x: Tensor, labels: Tensor, epochs: int, momentum: float
) -> dict[str, Any]:
    """Weights after epochs of one full batch each, with SGD; and the losses returned."""
    model = Linear(weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=momentum)
    returned = [function(model, x, labels, optimizer, batch_size=len(x)) for _ in range(epochs)]
    return {"weights": model.weight, "losses": returned}


def loss_reported(function: Any, weight: Tensor, x: Tensor, labels: Tensor, batch_size: int) -> Any:
    """What an epoch returns where the learning rate is 0."""
    model = Linear(weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with seeded(0):  # the order of the images is that of a known mistake, in most answers
        return function(model, x, labels, optimizer, batch_size=batch_size)


def _traced(
    function: Any, x: Tensor, labels: Tensor, sizes: Sequence[int], seed: int, momentum: float = 0.0
) -> Trace:
    """Two epochs, written down; ``sizes`` is the batch size, or nothing for the usual one."""
    trace = Trace(x, labels, rate=0.2, momentum=momentum, seed=seed)
    for _ in range(2):
        with trace.epoch() as epoch:
            given = (trace.model, trace.images, trace.labels, trace.optimizer, *sizes)
            epoch.returned = function(*given)
    return trace


def what_was_seen(
    function: Any, x: Tensor, labels: Tensor, sizes: Sequence[int], seed: int
) -> dict[str, Any]:
    """How two epochs went through the images."""
    trace = _traced(function, x, labels, sizes, seed)
    told = trace.summary()
    epochs = told["epochs"]
    return {
        "each image once": [one["each image once"] for one in epochs],
        "batch sizes": [sorted(one["batch sizes"], reverse=True) for one in epochs],
        "images in the order given": any(one["in the order given"] for one in epochs),
        "another order each time": told["another order each time"],
        "other batches each time": told["other batches each time"],
        "in training mode": all(one["in training mode"] for one in epochs),
        "images and labels as they were": torch.equal(trace.images, numbered(x))
        and torch.equal(trace.labels, labels),
    }


STEPS = ("one step a batch", "each step by its own batch", "moved by steps alone", "rates")


def how_it_stepped(
    function: Any,
    x: Tensor,
    labels: Tensor,
    sizes: Sequence[int],
    seed: int,
    momentum: float = 0.0,
) -> dict[str, Any]:
    """How two epochs moved the weights, and how far what they return is from the mean loss."""
    epochs = _traced(function, x, labels, sizes, seed, momentum).summary()["epochs"]
    return {
        **{name: [one[name] for one in epochs] for name in STEPS},
        "parameters that moved": [len(one["parameters that moved"]) for one in epochs],
        "returned": ["a number" if _a_number(one) else one["returned"] for one in epochs],
        "returned with its graph": [one["returned with its graph"] for one in epochs],
        "returned, less the mean loss": [_off(one) for one in epochs],
    }


def _a_number(epoch: Mapping[str, Any]) -> bool:
    return epoch["value returned"] is not None


def _off(epoch: Mapping[str, Any]) -> float | None:
    value, mean = epoch["value returned"], epoch["mean loss"]
    return None if value is None or mean is None else round(value - mean, 4) + 0.0  # no -0


def guesses(
    function: Callable[..., Any],
    images: Tensor,
    labels: Tensor,
    others: Tensor,
    order: Sequence[int],
) -> dict[str, Any]:
    """Train on images whose classes have numbers in another order, then name the classes of others.

    Raises:
        ProbeError: what came back is no network, or does not give ``(N, 10)`` logits.
    """
    numbers = torch.tensor(order)
    given, classes = as_inputs(images), numbers[labels]
    with seeded(1), one_thread():
        made = function(given, classes)
    model = a_module(made, "train_lenet").cpu().eval()
    held = numbers_held(model)
    with torch.no_grad():
        logits = torch.cat([model(part) for part in as_inputs(others).split(250)])
    logits = a_tensor(logits, (len(others), 10), "logits of the images, one for each class")
    return {
        "parameters": held,
        "classes": numbers.argsort()[logits.argmax(dim=1)],
        "images and labels as they were": torch.equal(given, as_inputs(images))
        and torch.equal(classes, numbers[labels]),
    }
