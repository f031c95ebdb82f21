"""Questions to a training loop, and to a network that the student trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from course.checks.modules import a_module, a_tensor
from course.checks.traces import Trace
from course.device import one_thread, seeded
from course.labs.lab02_lenet import steps
from course.labs.lab02_lenet.images import as_inputs
from course.labs.lab02_lenet.questions.keeping import numbers_held
from course.labs.lab02_lenet.steps import RATE


class Linear(nn.Module):
    """A small linear classifier, ``(N, D) -> (N, K)``."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return x @ self.weight.T


def after_epochs(
    function: Any,
    weight: Tensor,
    x: Tensor,
    labels: Tensor,
    epochs: int,
    momentum: float,
    earlier: float = 0.0,
) -> dict[str, Any]:
    """Weights after epochs of one full batch each, with SGD; and the losses returned.

    Args:
        function: the student's.
        weight: of a linear classifier at its start, ``(K, D)``.
        x: samples ``(N, D)``.
        labels: theirs.
        epochs: how many.
        momentum: of the optimizer.
        earlier: what stands in the weight's ``.grad`` at the start, from who knows where.
    """
    model = Linear(weight)
    if earlier:
        model.weight.grad = torch.full_like(model.weight, earlier)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=momentum)
    returned = [function(model, x, labels, optimizer, batch_size=len(x)) for _ in range(epochs)]
    return {"weights": model.weight, "losses": returned}


class Frozen(nn.Module):
    """Two linear layers, the first of which is not to learn: ``(N, D) -> (N, K)``."""

    def __init__(self, first: Tensor, last: Tensor) -> None:
        super().__init__()
        self.first = nn.Parameter(first.clone(), requires_grad=False)
        self.last = nn.Parameter(last.clone())

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return (x @ self.first.T).tanh() @ self.last.T


def with_a_frozen_layer(
    function: Any, first: Tensor, last: Tensor, x: Tensor, labels: Tensor
) -> dict[str, Any]:
    """The weights of both layers after two epochs of one full batch each, and which may learn."""
    model = Frozen(first, last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(2):
        function(model, x, labels, optimizer, batch_size=len(x))
    return {
        "frozen weights": model.first,
        "other weights": model.last,
        "layers that learn": [one.requires_grad for one in model.parameters()],
    }


def loss_reported(function: Any, weight: Tensor, x: Tensor, labels: Tensor, batch_size: int) -> Any:
    """What an epoch returns where the learning rate is 0."""
    model = Linear(weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with seeded(0):  # the order of the images is that of a known mistake, in most answers
        return function(model, x, labels, optimizer, batch_size=batch_size)


def what_was_seen(
    function: Any, x: Tensor, labels: Tensor, sizes: Sequence[int], seed: int
) -> dict[str, Any]:
    """The batches that two epochs show to the network, and in which mode; passes that autograd
    does not follow are no training.
    """
    trace = Trace(x, labels, rate=RATE, seed=seed)
    tell, epochs = trace.model.tell, list[dict[str, list[Any]]]()

    def telling(shown: Tensor, token: Any) -> None:
        if torch.is_grad_enabled() and epochs:
            epochs[-1]["shown"].append(shown.detach().clone())
            epochs[-1]["training"].append(all(one.training for one in trace.model.modules()))
        tell(shown, token)

    trace.model.tell = telling
    for _ in range(2):
        epochs.append({"shown": [], "training": []})
        with trace.epoch():
            function(trace.model, trace.images, trace.labels, trace.optimizer, *sizes)
    afterwards = {"images afterwards": trace.images, "labels afterwards": trace.labels}
    return {"epochs": epochs, **afterwards}


def how_it_stepped(
    function: Any,
    x: Tensor,
    labels: Tensor,
    sizes: Sequence[int],
    seed: int,
    momentum: float = 0.0,
) -> list[dict[str, Any]]:
    """The steps of two epochs: images, gradients and weights of each; and what comes back."""
    trace = Trace(x, labels, rate=RATE, momentum=momentum, seed=seed)
    for _ in range(2):
        with trace.epoch() as epoch:
            given = (trace.model, trace.images, trace.labels, trace.optimizer, *sizes)
            epoch.returned = function(*given)
    return [steps.recorded(epoch) for epoch in trace.epochs]


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
