"""Checks of `debug_this_network`: one case for each symptom, whatever else is still wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from course.checks import Case, Probe, ask, close, same
from course.checks.inputs import between, bundled, coarse, normal, whole
from course.labs.lab07_summary.images import CLASSES, normalised
from course.labs.lab07_summary.symptoms import (
    classes_named,
    lowest_shared,
    mode_of_prediction,
    pairs_trained_on,
    read_from_file,
    shown_to_the_network,
    start_of,
    steps_followed,
    sum_to_one,
)

from .book import check

SECONDS = 40.0  # for a question that takes half a second where nothing else runs

# What is expected, and known mistakes ----------------------------------------------------------


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
    for chosen in torch.randperm(len(x)).split(size):
        optimizer.zero_grad()
        F.cross_entropy(model(x[chosen]), labels[chosen]).backward()
        optimizer.step()


def _named(change: Callable[[Tensor], Tensor]) -> Mapping[str, Any]:
    return {"predict": lambda model, pixels: change(model.eval()(normalised(_arranged(pixels))))}


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


# The check -------------------------------------------------------------------------------------


def _to_learn_from(rng: Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images and labels, and others to be tried on."""
    return (*bundled(rng, "train", 200), *bundled(rng, "test", 300))


def _training(question: Any, name: str, *args: Any, text: str) -> Probe:
    """A question that trains: a busy machine may take its time."""
    return replace(ask(question, name, *args, text=text), seconds=SECONDS)


def _symptoms_of_the_network(rng: Generator) -> Iterator[Case]:
    seed, (images, _) = whole(rng, 0, 9999), bundled(rng, "train", 24)
    yield Case(
        "the channels of a fresh layer differ",
        _training(
            start_of, "Network", seed, *_to_learn_from(rng),
            text="a fresh Network(); trained on 200 images by the course, if it gives logits",
        ),
        "Count the different kernels in each layer of a fresh network, and look at the loss before "
        "the first step. All else, the layers, their order and what is between them, was fine.",
        close(rtol=1e-3, atol=1e-5),
    )  # fmt: skip
    text = "Network() with weights of our own, on 24 images"
    yield Case(
        "scores below zero are kept apart",
        ask(lowest_shared, "Network", seed, images, text=text),
        "Several classes must not share the lowest score by construction.",
        same(),
        {"classes share exactly the lowest or the highest score": False},
    )
    yield Case(
        "the scores are no probabilities yet",
        ask(sum_to_one, "Network", seed, images, text=text),
        "The loss expects logits.",
        same(),
        {"the scores of every image add up to 1": False, "all scores are between 0 and 1": False},
    )


def _symptoms_of_the_input(rng: Generator) -> Iterator[Case]:
    images, _ = bundled(rng, "train", 6)
    yield Case(
        "an image of the file is an image in the batch",
        ask(read_from_file, "as_input", images, text="as_input(tensor of shape (28, 28, 6))"),
        "Show what comes out as pictures.",
        close(rtol=1e-5, atol=1e-5),
        {
            "images": normalised(images),
            "one image": normalised(images[:1]),
            "from a file whose numbers are spread in memory": normalised(images[:3]),
            "the file is changed": False,
        },
    )


def _symptoms_of_training(rng: Generator) -> Iterator[Case]:
    weight, x = normal(rng, 4, 12), normal(rng, 22, 1, 3, 4, dtype=torch.float32)
    labels = torch.randperm(22, generator=rng) % 4  # all classes occur
    size, seed = whole(rng, 6, 9), whole(rng, 0, 9999)
    yield Case(
        "each image is trained on its own label",
        ask(
            pairs_trained_on, "train_epoch", weight, x, labels, size, seed,
            text=f"two epochs of train_epoch: 22 images in batches of {size}, a network that "
            "takes notes, in evaluation mode before each epoch",
        ),
        "Let a network print what it is shown: each image comes once in an epoch, in new order, "
        "with its own label, and the network is in training mode.",
        same(),
        {
            "an image meets another label than its own": False,
            "images are left out, come twice, or are changed": False,
            "batches in each epoch": [-(-22 // size)] * 2,
            "images come in the old order": False,
            "the network is not in training mode": False,
            "images or labels are changed for the caller": False,
            "batches of 150 images, and the largest, no size told": [3, 50],
        },
    )  # fmt: skip
    yield Case(
        "each step follows its own gradient",
        _training(
            steps_followed, "train_epoch", weight, x, size, seed, *_to_learn_from(rng),
            text="a linear network, all labels equal: three epochs of one batch, then two of "
            f"batches of {size}; and a small network on 200 images",
        ),
        "After one step all is well, after several it is not. What do later steps remember? And "
        "does each batch end in a step?",
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
        {
            "dropout still drops, BatchNorm still mixes": False,
            "gradients stay off afterwards": False,
        },
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
        close(dtype=False),
        {"whole numbers": True, "classes": labels, "of one image": labels[:1]},
    )  # fmt: skip


@check.define(oracle=ORACLE, mistakes=MISTAKES)
def debug_this_network(rng: Generator) -> Iterator[Case]:
    """A program with nine bugs: one case for each symptom."""
    yield from _symptoms_of_the_network(rng)
    yield from _symptoms_of_the_input(rng)
    yield from _symptoms_of_training(rng)
    yield from _symptoms_of_prediction(rng)
