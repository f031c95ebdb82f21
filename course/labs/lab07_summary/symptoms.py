"""What the check of the program with nine bugs asks: each question looks at one part of it.

Everything else is replaced by a witness, so that each bug that was found earns its share. A part
none of whose bugs is left is also set to work, on a few hundred images: what it learns there is
far from what it learns with any of the bugs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course.checks import ProbeError, traffic
from course.checks.battery.networks import two_made
from course.checks.modules import a_module, a_tensor, filled, size_of
from course.device import seeded
from course.labs.lab07_summary.images import CLASSES, as_file, darker, normalised
from course.labs.lab07_summary.readings import ends_shared, own_labels, probabilities
from course.labs.lab07_summary.witnesses import Linear, Recorder, naming_classes

SIZES = [[10, 1568], [16, 9], [32, 144]]  # the program's layers: outputs, and weights of each
DROPPED = 0.3  # the program's rate of dropout, and how far the share of zeros may be from it
NEAR = 0.02
TOO_LARGE = 8.0  # a layer's spread times √inputs: He's start has √2, one of single ones 3 to 40
ENOUGH = 0.37  # right after the short training: who learns has 0.49 to 0.75, others 0.07 to 0.22
BATCH = 20  # images, in the short training
RATE = 0.5

# The network ------------------------------------------------------------------------------------


def start_of(
    network: Any, seed: int, images: Tensor, labels: Tensor, others: Tensor, theirs: Tensor
) -> dict[str, Any]:
    """How a fresh network begins, what its layers are given, and whether it can learn.

    Args:
        network: the student's class.
        seed: for its start, and for the order of the images.
        images: bytes ``(N, 1, 28, 28)`` to learn from.
        labels: theirs, ``(N,)``.
        others: to be tried on.
        theirs: the labels of the others.
    """
    model = _made(network, seed)
    kernels = [p.detach().flatten(1) for p in model.parameters() if p.ndim == 4]
    distinct = sum(len(torch.unique(kernel, dim=0)) for kernel in kernels)
    weights = [p.detach() for p in model.parameters() if p.ndim > 1]
    spreads = [float(w.std() * w[0].numel() ** 0.5) for w in weights]
    scores = scores_of(network, seed, others[:24])
    _, begun = two_made(lambda: _made(network, None))
    found = {
        **begun,
        "channels begin as twins of others": distinct < sum(map(len, kernels)),
        "weights are far too large": max(spreads) > TOO_LARGE,
        **_inside(network, seed, others[:8]),
    }
    other_bugs = any({**ends_shared(scores), **probabilities(scores)}.values())
    learns = distinct < sum(map(len, kernels)) or other_bugs
    learns = learns or _learns(model, _one_epoch, seed, images, labels, others, theirs)
    return {**found, "it does not learn": not learns}


def _inside(network: Any, seed: int, images: Tensor) -> dict[str, Any]:
    """What each layer is given, with weights of our own, and whether as much is dropped as was.

    Layers are found below all of PyTorch's Python, however they are written; what the scores go
    through in the end is another question's.
    """
    model, x = filled(_made(network, seed), seed, torch.float32), normalised(images)
    with torch.no_grad():
        given = [one for one in traffic.entries(model, x, traffic.Past()) if len(one.size) > 1]
    lines = traffic.masks(model, x, 12, seed)
    places = [line["size"] for line in lines]
    known = [line["dropped"][line["dropped"] < traffic.UNKNOWN].double() for line in lines]
    right = places == [SIZES[0]] and abs(float(known[0].mean()) - DROPPED) < NEAR
    return {
        "what each layer is given: outputs, inputs, mean, mean square": [
            [*one.size, float(one.arrived.mean()), float(one.arrived.square().mean())]
            for one in given
        ],
        "dropout is not what it was": not right,
        "a layer gets no gradient": _cut_off(model.eval(), x),
    }


def _cut_off(model: nn.Module, x: Tensor) -> bool:
    scores = model(x)
    if scores.requires_grad:
        (scores * torch.linspace(-1, 1, scores.numel()).view_as(scores)).sum().backward()
    weights = [p for p in model.parameters() if p.ndim > 1]
    return any(p.grad is None or not p.grad.any() for p in weights)


def _made(network: Any, seed: int | None) -> nn.Module:
    """A fresh network, if its layers have the program's sizes."""
    with nullcontext() if seed is None else seeded(seed):
        model = a_module(network(), "Network()").cpu()
    found = sorted(size_of(p) for p in model.parameters() if p.ndim > 1)
    if found != SIZES:
        raise ProbeError(
            f"Network() has weights of the sizes {found}, the program's are {SIZES} (outputs, "
            "inputs of each): the sizes of the layers were fine"
        )
    return model


def scores_of(network: Any, seed: int, images: Tensor) -> Tensor:
    """Scores ``(N, 10)`` in float64 of a network with weights of our own, in evaluation mode."""
    model = filled(_made(network, seed), seed)
    x = normalised(images).double()
    with torch.no_grad():
        a_tensor(model(x[:1]), (1, CLASSES), "Network()(x) of one image")
        scores = a_tensor(model(x), (len(images), CLASSES), "Network()(x)")
    if torch.equal(scores[0], scores[-1]):
        raise ProbeError("two different images have the same scores")
    return scores


# The input --------------------------------------------------------------------------------------


def read_from_file(as_input: Any, images: Tensor) -> dict[str, Any]:
    """What the program makes of these images, when they come as the old file has them."""
    file, kept = as_file(images), as_file(images)
    return {
        "images": as_input(file),
        "one dark image": as_input(as_file(darker(images[:1]))),
        "dark ones, whose numbers are spread in memory": as_input(
            darker(images)[:3, 0].movedim(0, -1)
        ),
        "the file is changed": not torch.equal(file, kept),
    }


# Training ---------------------------------------------------------------------------------------


def pairs_trained_on(
    function: Any, weight: Tensor, x: Tensor, labels: Tensor, batch_size: int, seed: int
) -> dict[str, Any]:
    """What a network is shown in two epochs, with which labels and in which mode."""
    # Scores so near to each other that the right class has the lowest slope, whatever the loss.
    model, epochs = Linear(weight / 10), list[dict[str, Any]]()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    given = x.clone(), labels.clone()
    with seeded(seed):
        for _ in range(2):
            model.eval()  # as prediction leaves it
            model.seen, model.labels, model.modes = [], [], []
            function(model, optimizer, *given, batch_size)
            asked = torch.cat(model.labels).tolist() if model.labels else []
            epochs.append({"shown": model.seen, "labels": asked, "modes": model.modes})
    return {
        "epochs": epochs,
        "images afterwards": given[0],
        "labels afterwards": given[1],
        "batches where no size is told": _usual(function, weight, x),
    }


def _usual(function: Any, weight: Tensor, x: Tensor) -> list[int]:
    """The sizes of the batches of 150 images where no size is told."""
    model, many = Linear(weight), x.repeat(7, 1, 1, 1)[:150]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with seeded(0):
        function(model, optimizer, many, torch.arange(150) % 4)
    return list(map(len, model.seen))


def steps_followed(
    function: Any,
    weight: Tensor,
    x: Tensor,
    batch_size: int,
    seed: int,
    images: Tensor,
    labels: Tensor,
    others: Tensor,
    theirs: Tensor,
) -> dict[str, Any]:
    """Where a linear classifier's weights go, and whether a small network learns.

    All labels of the linear one are equal, so that their order is of no matter. It is trained for
    three epochs of one batch, then another for two epochs of several; where each step of these
    would lead is computed here, from the batches as they came.

    Args:
        function: the student's.
        weight: of the linear classifier, ``(4, D)``.
        x: images for it, ``(N, 1, H, W)``.
        batch_size: smaller than N.
        seed: for the order of the images.
        images: bytes ``(N, 1, 28, 28)`` for the network to learn from.
        labels: theirs.
        others: to be tried on.
        theirs: the labels of the others.
    """
    same = torch.full((len(x),), 1)
    one, several = Linear(weight), Linear(weight)
    with seeded(seed):
        for model, size, epochs in ((one, len(x), 3), (several, batch_size, 2)):
            optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
            for _ in range(epochs):
                function(model, optimizer, x.clone(), same.clone(), size)
    wanted = _led(weight, several.seen)
    led = bool(torch.allclose(several.weight.detach(), wanted, rtol=1e-4, atol=1e-5))
    labelled = torch.arange(len(x)) % 4
    epochs = pairs_trained_on(function, weight, x, labelled, batch_size, seed)["epochs"]
    learns = not led or not all(own_labels(one, x, labelled) for one in epochs)
    learner = _learner(seed)
    learns = learns or _learns(learner, function, seed, images, labels, others, theirs)
    return {
        "weights after three steps with one batch": one.weight.detach(),
        "several batches: each step follows its own batch": led,
        "it does not learn": not learns,
    }


def _led(weight: Tensor, batches: list[Tensor]) -> Tensor:
    """Where a step for each batch leads, all labels being 1."""
    model = Linear(weight)
    for batch in batches:
        loss = F.cross_entropy(model(batch), torch.full((len(batch),), 1))
        (slope,) = torch.autograd.grad(loss, [model.weight])
        with torch.no_grad():
            model.weight.sub_(RATE * slope)
    return model.weight.detach()


def _learns(
    model: nn.Module,
    function: Callable[..., Any],
    seed: int,
    images: Tensor,
    labels: Tensor,
    others: Tensor,
    theirs: Tensor,
) -> bool:
    """Whether three epochs teach a network what :data:`ENOUGH` says.

    It is asked in training mode, by the hundred: statistics that run along are late after so few
    steps, and how late depends on the start.
    """
    optimizer, x = torch.optim.Adam(model.parameters(), lr=0.002), normalised(images)
    with seeded(seed):
        for _ in range(3):
            function(model, optimizer, x, labels, BATCH)
        with torch.no_grad():
            scores = [model.train()(normalised(part)) for part in others.split(100)]
    return bool((torch.cat(scores).argmax(dim=1) == theirs).double().mean() >= ENOUGH)


def _one_epoch(model: Any, optimizer: Any, x: Tensor, labels: Tensor, size: int) -> None:
    """The course's own way through, for a network of the student's."""
    model.train()
    for images, wanted in zip(x.split(size), labels.split(size), strict=True):
        optimizer.zero_grad()
        F.cross_entropy(model(images), wanted).backward()
        optimizer.step()


def _learner(seed: int) -> nn.Module:
    """A small network for a training function of the student's."""
    with seeded(seed):
        first = [nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()]
        return nn.Sequential(*first, nn.Flatten(), nn.Linear(8 * 196, CLASSES))


# Prediction -------------------------------------------------------------------------------------


def _predicted(predict: Any, model: nn.Module, images: Tensor) -> tuple[Any, bool]:
    """The classes that it names, and whether it leaves gradients switched off for all."""
    with torch.enable_grad():  # whatever it does ends with this block
        classes = predict(model, as_file(images))
        return classes, not torch.is_grad_enabled()


def shown_to_the_network(predict: Any, as_input: Any, images: Tensor) -> dict[str, Any]:
    """What the network sees in ``predict``, and what ``as_input`` makes for training."""
    witness = naming_classes(images)
    _predicted(predict, witness, images)
    if not witness.seen:
        raise ProbeError("`predict` does not ask the network")
    return {
        "shown by predict": torch.cat(witness.seen),
        "made by as_input": as_input(as_file(images)),
    }


def mode_of_prediction(
    predict: Any, images: Tensor, evaluating: Tensor, training: Tensor
) -> dict[str, Any]:
    """The classes that are named for a network that comes from training, and has other scores
    ``(N, 10)`` in each mode; and in which mode it is asked.
    """
    witness = Recorder(evaluating, training).train()
    classes, off = _predicted(predict, witness, images)
    if not witness.modes:
        raise ProbeError("`predict` does not ask the network")
    return {
        "classes": classes,
        "training modes": witness.modes,
        "gradients stay off afterwards": off,
    }


def classes_named(predict: Any, scores: Tensor, images: Tensor) -> dict[str, Any]:
    """The classes that ``predict`` names where the scores are given; of one image, too."""
    classes = _predicted(predict, Recorder(scores), images)[0]
    return {
        "whole numbers": isinstance(classes, Tensor) and not classes.is_floating_point(),
        "classes": classes,
        "of one image": _predicted(predict, Recorder(scores[:1]), images[:1])[0],
    }
