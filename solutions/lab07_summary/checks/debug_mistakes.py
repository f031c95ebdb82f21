"""The program of `debug_this_network` repaired, and known repairs that are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograde.authoring.checks import Mistake
from course.labs.lab07_summary.images import CLASSES, normalised


class Fresh(nn.Sequential):
    """The program's layers in a row, with none of the symptoms."""

    def __init__(self) -> None:
        blocks = [
            layer
            for into, out in ((1, 16), (16, 32))
            for layer in (
                nn.Conv2d(into, out, 3, padding=1),
                nn.BatchNorm2d(out),
                nn.ReLU(),
                nn.MaxPool2d(2),
            )
        ]
        super().__init__(*blocks, nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 49, CLASSES))


def _arranged(pixels: Tensor) -> Tensor:
    return torch.stack(pixels.unbind(-1)).unsqueeze(1)


def _by_library(model: Any, optimizer: Any, x: Tensor, labels: Tensor, size: int = 50) -> None:
    """One epoch of the course's own training loop."""
    from course.training import fit

    fit(
        model, (x, labels), epochs=1, batch_size=size, device="cpu", progress=False,
        optimizer=lambda parameters, lr: optimizer, seed=torch.seed() % 2**31,
        precision="float32", channels_last=False,
    )  # fmt: skip


def _by_evaluation(model: Any, pixels: Tensor) -> Tensor:
    with torch.inference_mode():
        return model.eval()(normalised(_arranged(pixels))).max(dim=1).indices


ORACLE = {
    "Network": Fresh,
    "as_input": lambda pixels: normalised(_arranged(pixels)),
    "train_epoch": _by_library,
    "predict": _by_evaluation,
}


def _network(finish: Callable[[Tensor], Tensor]) -> Mapping[str, Any]:
    class Finished(Fresh):
        """Its scores go through one function too many."""

        def forward(self, x: Tensor) -> Tensor:
            """``(N, 1, 28, 28) -> (N, 10)``."""
            scores: Tensor = super().forward(x)
            return finish(scores)

    return {"Network": Finished}


class _Clones(Fresh):
    """Every channel begins like the first."""

    def __init__(self) -> None:
        super().__init__()
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.constant_(parameter, 0.01)


class _Undropped(Fresh):
    """Drops nothing."""

    def __init__(self) -> None:
        super().__init__()
        self[-2] = nn.Identity()


class _Wild(Fresh):
    """Its weights begin a hundred times too large."""

    def __init__(self) -> None:
        super().__init__()
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, 0.0, 10.0)


def _inputs(make: Callable[[Tensor], Tensor]) -> Mapping[str, Any]:
    return {"as_input": make, "predict": lambda model, pixels: _asked(model.eval(), make(pixels))}


def _trained(
    loss: Any = F.cross_entropy,
    keep: bool = False,
    step: bool = True,
    once: bool = False,
    apart: bool = False,
    arrange: Callable[[int], Tensor] = torch.randperm,
) -> Mapping[str, Any]:
    """An epoch that is wrong in one place."""

    def epoch(model: Any, optimizer: Any, x: Tensor, labels: Tensor, size: int = 50) -> None:
        model.train()
        order = arrange(len(x))
        others = torch.randperm(len(x)) if apart else order
        optimizer.zero_grad() if once else None
        for some, their in zip(order.split(size), others.split(size), strict=True):
            optimizer.zero_grad() if not (keep or once) else None
            loss(model(x[some]), labels[their]).backward()
            _ = optimizer.step() if step else None

    return {"train_epoch": epoch}


def _evaluating(model: Any, optimizer: Any, x: Tensor, labels: Tensor, size: int = 50) -> None:
    model.eval()
    order = torch.randperm(len(x))
    for chosen in order.split(size):
        optimizer.zero_grad()
        F.cross_entropy(model(x[chosen]), labels[chosen]).backward()
        optimizer.step()


def _named(change: Callable[[Tensor], Tensor]) -> Mapping[str, Any]:
    return {"predict": lambda model, pixels: change(model.eval()(normalised(_arranged(pixels))))}


def _asked(model: Any, x: Tensor) -> Tensor:
    return model(x).argmax(dim=1)


MISTAKES = [
    Mistake(
        "dropout_is_another",
        {"Network": _Undropped},
        "Dropout is not what it was: 0.3 of what the last layer is given, in training. It was none "
        "of the nine bugs.",
    ),
    Mistake(
        "all_alike",
        {"Network": _Clones},
        "All channels of a layer begin alike. They get the same gradient, so they stay alike for "
        "ever: sixteen channels do the work of one. What must a start be besides small?",
    ),
    Mistake(
        "far_too_large",
        {"Network": _Wild},
        "The channels differ, and their weights are enormous: what is the loss before the first "
        "step? A network without an opinion has ln 10.",
    ),
    Mistake(
        "relu_on_the_scores",
        _network(F.relu),
        "In most images several classes share exactly the lowest score. A score below zero is a "
        "score. What makes all of them equal, and what does it do to their gradients?",
    ),
    Mistake(
        "softmax_before_the_loss",
        _network(lambda scores: scores.softmax(dim=1)),
        "The scores of each image add up to 1. The loss has a softmax inside and expects logits. "
        "With two, how low can it get for a network that is sure and right?",
    ),
    Mistake(
        "other_numbers",
        {"predict": lambda model, pixels: _asked(model.eval(), _arranged(pixels) / 255)},
        "The network is asked about other numbers than it learnt from. Print the mean and the "
        "standard deviation of both.",
    ),
    Mistake(
        "reshaped",
        _inputs(lambda pixels: normalised(pixels.reshape(-1, 1, *pixels.shape[:2]))),
        "Look at what comes out as pictures. reshape keeps the order in memory, and there the "
        "number of the *image* runs fastest. Which operation exchanges axes?",
    ),
    Mistake(
        "on_its_side",
        _inputs(lambda pixels: normalised(_arranged(pixels).mT)),
        "The images are there, lying on their sides. Rows come first in the file.",
    ),
    Mistake(
        "not_normalised",
        _inputs(lambda pixels: _arranged(pixels) / 255),
        "The pixels are in order, their scale is not: mean 0.2860, standard deviation 0.3530.",
    ),
    Mistake(
        "shuffled_apart",
        _trained(apart=True),
        "An image meets the label of another one: do images and labels each get an order of their "
        "own? Which label does image 0 have when it reaches the loss?",
    ),
    Mistake(
        "old_order",
        _trained(arrange=torch.arange),
        "Images and labels belong together, and they come in the same order in every epoch. The "
        "docstring says: in new order.",
    ),
    Mistake(
        "trained_in_evaluation_mode",
        {"train_epoch": _evaluating},
        "While it trains, the network is in evaluation mode: no dropout, and BatchNorm learns no "
        "statistics.",
    ),
    Mistake(
        "gradients_pile_up",
        _trained(keep=True),
        "The second step is not made of the second gradient alone. backward *adds*. What has to "
        "happen before each batch?",
    ),
    Mistake(
        "zeroed_once_an_epoch",
        _trained(once=True),
        "With one batch in the epoch all is well, with several it is not: the gradients of the "
        "earlier batches are still there.",
    ),
    Mistake(
        "softmax_in_the_loss",
        _trained(lambda scores, labels: F.cross_entropy(scores.softmax(1), labels)),
        "Now the softmax stands before the loss, in the training. cross_entropy has one inside.",
    ),
    Mistake(
        "no_step",
        _trained(step=False),
        "The weights are what they were. Who moves them?",
    ),
    Mistake(
        "still_training",
        {"predict": lambda model, pixels: _asked(model, normalised(_arranged(pixels)))},
        "Ask twice about the same image, or in other company: the answer changes. Two layers of "
        "this network behave differently in training. How do they learn that it is over?",
    ),
    Mistake(
        "first_class_left_out",
        _named(lambda scores: scores[:, 1:].argmax(dim=1)),
        "Every class is too low by one, and class 9 never comes. Which columns does argmax count?",
    ),
    Mistake(
        "counted_from_one",
        _named(lambda scores: scores.argmax(dim=1) + 1),
        "Every class is too high by one. Classes count from 0, here and in the labels.",
    ),
    Mistake(
        "scores_for_classes",
        _named(lambda scores: scores.max(dim=1).values),
        "These are scores. Wanted is *where* the highest one stands.",
    ),
]
