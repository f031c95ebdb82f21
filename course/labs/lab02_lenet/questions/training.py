"""Questions to a training loop, and to a network that the student trains."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from course.checks.modules import a_module, a_tensor, count
from course.device import one_thread, seeded
from course.labs.lab02_lenet.images import as_inputs


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


def _numbered(x: Tensor) -> Tensor:
    """The samples with their numbers in front: ``(N, D) -> (N, 1 + D)``."""
    return torch.cat([torch.arange(len(x), dtype=x.dtype)[:, None], x], dim=1)


def after_epochs(
    function: Any, weight: Tensor, x: Tensor, labels: Tensor, epochs: int, momentum: float
) -> dict[str, Any]:
    """Weights after epochs of one full batch each, with SGD; and the losses returned."""
    model, x = Witness(weight), _numbered(x)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=momentum)
    returned = [function(model, x, labels, optimizer, batch_size=len(x)) for _ in range(epochs)]
    return {"weights": model.weight, "losses": returned}


def loss_reported(function: Any, weight: Tensor, x: Tensor, labels: Tensor, batch_size: int) -> Any:
    """What an epoch returns where the learning rate is 0."""
    model, x = Witness(weight), _numbered(x)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with seeded(0):  # the order of the images is that of a known mistake, in most answers
        return function(model, x, labels, optimizer, batch_size=batch_size)


def what_was_seen(
    function: Any, weight: Tensor, x: Tensor, labels: Tensor, batch_size: int
) -> dict[str, Any]:
    """How two epochs went through the samples."""
    model, x = Witness(weight).eval(), _numbered(x)
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


def guesses(
    function: Callable[..., Any], images: Tensor, labels: Tensor, others: Tensor
) -> dict[str, Any]:
    """Train on images with labels, then name the classes of others.

    Raises:
        ProbeError: what came back is no network, or does not give ``(N, 10)`` logits.
    """
    with seeded(1), one_thread():
        made = function(as_inputs(images), labels)
    model = a_module(made, "train_lenet").cpu().eval()
    with torch.no_grad():
        logits = torch.cat([model(part) for part in as_inputs(others).split(250)])
    logits = a_tensor(logits, (len(others), 10), "logits of the images, one for each class")
    return {"parameters": count(model.parameters()), "classes": logits.argmax(dim=1)}
