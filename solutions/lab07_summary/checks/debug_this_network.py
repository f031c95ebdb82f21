"""Checks of `debug_this_network`: one case for each symptom, whatever else is still wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from course.checks import Case, ask, close, same
from course.checks.inputs import between, bundled, coarse, normal, whole
from course.labs.lab07_summary.images import CLASSES, normalised
from course.labs.lab07_summary.questions import (
    after_steps,
    classes_named,
    lowest_shared,
    mode_of_prediction,
    read_from_file,
    shown_to_the_network,
    sum_to_one,
    twins,
)

from .book import check

# What is expected, and known mistakes ----------------------------------------------------------


class Fresh(nn.Sequential):
    """A network of another kind that has none of the symptoms."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 6, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(6 * 14 * 14, CLASSES),
        )


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
            nn.init.constant_(parameter, 0.05)


def _inputs(make: Callable[[Tensor], Tensor]) -> Mapping[str, Any]:
    return {"as_input": make, "predict": lambda model, pixels: _asked(model.eval(), make(pixels))}


def _trained(
    loss: Any = F.cross_entropy,
    keep: bool = False,
    step: bool = True,
) -> Mapping[str, Any]:
    """One batch each time, wrong in one place."""

    def epoch(model: Any, optimizer: Any, x: Tensor, labels: Tensor, size: int = 50) -> None:
        parameters = list(model.parameters())
        slopes = torch.autograd.grad(loss(model(x), labels), parameters)
        for parameter, slope in zip(parameters, slopes, strict=True):
            old = parameter.grad if keep and parameter.grad is not None else 0
            parameter.grad = slope + old
        _ = optimizer.step() if step else None

    return {"train_epoch": epoch}


def _named(change: Callable[[Tensor], Tensor]) -> Mapping[str, Any]:
    return {"predict": lambda model, pixels: change(model.eval()(normalised(_arranged(pixels))))}


def _shuffled_apart(model: Any, optimizer: Any, x: Tensor, labels: Tensor, size: int = 50) -> None:
    parts = [part[torch.randperm(len(part))] for part in (x, labels)]
    _trained()["train_epoch"](model, optimizer, *parts)


def _asked(model: Any, x: Tensor) -> Tensor:
    return model(x).argmax(dim=1)


MISTAKES = [
    Mistake(
        "all_alike",
        {"Network": _Clones},
        "All channels of a layer begin alike. They get the same gradient, so they stay alike for "
        "ever: sixteen channels do the work of one. What must a start be besides small?",
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
        {"train_epoch": _shuffled_apart},
        "Images and labels each got an order of their own. Which label does image 0 have when it "
        "reaches the loss?",
    ),
    Mistake(
        "gradients_pile_up",
        _trained(keep=True),
        "The second step is not made of the second gradient alone. backward *adds*. What has to "
        "happen before each batch?",
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


# The check -------------------------------------------------------------------------------------


def _symptoms_of_the_network(rng: Generator) -> Iterator[Case]:
    seed, (images, _) = whole(rng, 0, 9999), bundled(rng, "train", 24)
    yield Case(
        "the channels of a fresh layer differ",
        ask(twins, "Network", seed, text="the convolutions of a fresh Network()"),
        "Count the different kernels in each layer of a fresh network.",
        same(),
        {"channels begin as twins of others": False},
    )
    text = "Network() with weights of our own, on 24 images"
    yield Case(
        "scores below zero are kept apart",
        ask(lowest_shared, "Network", seed, images, text=text),
        "Several classes must not share the lowest score by construction.",
        same(),
        {"classes share exactly the lowest score": False},
    )
    yield Case(
        "the scores are no probabilities yet",
        ask(sum_to_one, "Network", seed, images, text=text),
        "The loss expects logits.",
        same(),
        {"the scores of every image add up to 1": False},
    )


def _symptoms_of_the_input(rng: Generator) -> Iterator[Case]:
    images, _ = bundled(rng, "train", 6)
    yield Case(
        "an image of the file is an image in the batch",
        ask(read_from_file, "as_input", images, text="as_input(tensor of shape (28, 28, 6))"),
        "Show what comes out as pictures.",
        close(rtol=1e-5, atol=1e-5),
        normalised(images),
    )


def _symptoms_of_training(rng: Generator) -> Iterator[Case]:
    weight, x = normal(rng, 4, 12), normal(rng, 24, 1, 3, 4)
    labels = torch.randperm(24, generator=rng) % 4  # all classes occur
    yield Case(
        "each image is trained on its own label",
        ask(
            after_steps, "train_epoch", weight, x, labels, 1,
            text="weights of a linear network after one step, 24 images in one batch",
        ),
        "One step on all images at once depends on nothing but the pairs of image and label. "
        "Which label does image 0 have when it reaches the loss?",
        close(rtol=1e-5, atol=2e-6, dtype=False),
    )  # fmt: skip
    yield Case(
        "each step follows its own gradient",
        ask(
            after_steps, "train_epoch", weight, x, torch.full((24,), int(labels[0])), 3,
            text="the same after three steps, all labels equal",
        ),
        "After one step all is well, after three it is not. What do later steps remember?",
        close(rtol=1e-5, atol=2e-6, dtype=False),
    )  # fmt: skip


def _symptoms_of_prediction(rng: Generator) -> Iterator[Case]:
    images, _ = bundled(rng, "train", 30)
    yield Case(
        "prediction sees what training saw",
        ask(
            shown_to_the_network, ("predict", "as_input"), images,
            text="what predict shows to a network, beside as_input",
        ),
        "Compare what the network is shown here with what as_input gives.",
        same(),
        {"predict shows the numbers that training shows": True},
    )  # fmt: skip
    yield Case(
        "the same image always gets the same answer",
        ask(
            mode_of_prediction, "predict", images,
            text="the network's mode inside predict, right after training",
        ),
        "Dropout and BatchNorm behave differently in training.",
        same(),
        {"dropout still drops, BatchNorm still mixes": False},
    )  # fmt: skip
    labels = torch.randperm(30, generator=rng) % CLASSES
    noise = coarse(torch.randn(30, CLASSES, generator=rng) * 0.1, 256)
    scores = noise + 3 * F.one_hot(labels, CLASSES) - between(rng, 1, 2, 1)
    yield Case(
        "the classes are those of the labels",
        ask(
            classes_named, "predict", scores, images,
            text="predict, for a network that gives known scores",
        ),
        "Compare the classes that come out with the highest scores, one by one.",
        close(dtype=True),
        labels,
    )  # fmt: skip


@check.define(oracle=ORACLE, mistakes=MISTAKES)
def debug_this_network(rng: Generator) -> Iterator[Case]:
    """A program with nine bugs: one case for each symptom."""
    yield from _symptoms_of_the_network(rng)
    yield from _symptoms_of_the_input(rng)
    yield from _symptoms_of_training(rng)
    yield from _symptoms_of_prediction(rng)
