"""Checks of `debug_this_network`: one case for each symptom, whatever else is still wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from course.checks import Case, Probe, ask, close
from course.checks.claims import Found
from course.checks.inputs import between, bundled, coarse, normal, whole
from course.labs.lab07_summary.images import CLASSES, darker, normalised
from course.labs.lab07_summary.judges import Scores
from course.labs.lab07_summary.readings import (
    ends_shared,
    mode_asked_in,
    pairs_shown,
    probabilities,
    shown_alike,
)
from course.labs.lab07_summary.symptoms import (
    classes_named,
    mode_of_prediction,
    pairs_trained_on,
    read_from_file,
    scores_of,
    shown_to_the_network,
    start_of,
    steps_followed,
)

from .book import check
from .debug_mistakes import MISTAKES, ORACLE

SECONDS = 40.0  # for a question that takes half a second where nothing else runs

# The check -------------------------------------------------------------------------------------


def _to_learn_from(rng: Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images and labels, and others to be tried on."""
    return (*bundled(rng, "train", 200), *bundled(rng, "test", 300))


def _training(question: Any, name: str, *args: Any, text: str) -> Probe:
    """A question that trains: a busy machine may take its time."""
    return replace(ask(question, name, *args, text=text), seconds=SECONDS)


def _symptoms_of_the_network(rng: Generator) -> Iterator[Case]:
    seed, (images, _) = whole(rng, 0, 9999), bundled(rng, "train", 19)  # 190 scores are kept
    yield Case(
        "the channels of a fresh layer differ",
        _training(
            start_of, "Network", seed, *_to_learn_from(rng),
            text="a fresh Network(); trained on 200 images by the course, if it gives logits",
        ),
        "Twins and weights that are too large are about the start: count the different kernels in "
        "each layer of a fresh network, and look at the loss before the first step. All else was "
        "fine as it was given: the layers, their order, dropout, and what is between them.",
        close(rtol=1e-3, atol=1e-5),
    )  # fmt: skip
    text = "Network() with weights of our own, on 19 images"
    yield Case(
        "scores below zero are kept apart",
        ask(scores_of, "Network", seed, images, text=text),
        "Several classes must not share the lowest score by construction.",
        Scores(ends_shared),
    )
    yield Case(
        "the scores are no probabilities yet",
        ask(scores_of, "Network", seed, images, text=text),
        "The loss expects logits.",
        Scores(probabilities),
    )


def _symptoms_of_the_input(rng: Generator) -> Iterator[Case]:
    images, _ = bundled(rng, "train", 6)
    yield Case(
        "an image of the file is an image in the batch",
        ask(read_from_file, "as_input", images, text="as_input(tensor of shape (28, 28, 6))"),
        "Show what comes out as pictures, and its mean and spread beside those of the first file.",
        close(rtol=1e-5, atol=1e-5),
        {
            "images": normalised(images),
            "one dark image": normalised(darker(images[:1])),
            "dark ones, whose numbers are spread in memory": normalised(darker(images[:3])),
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
        "among other images than before, with its own label, in batches of the size that is asked "
        "for, and the network is in training mode.",
        Found(pairs_shown),
        {
            "an image meets another label than its own": False,
            "images are left out, come twice, or are changed": False,
            "batches in each epoch": [-(-22 // size)] * 2,
            "images come in the old order": False,
            "the same images make up a batch in both epochs": False,
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
        "Follow two steps by hand: old gradients cleared, the batch's mean loss, backward, one "
        "step of the optimiser. What does a later step remember of earlier ones? And does each "
        "batch end in a step?",
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
        Found(shown_alike),
        {
            "predict shows the numbers that training shows": True,
            "they are made of other images": False,
        },
    )  # fmt: skip
    yield Case(
        "the same image always gets the same answer",
        ask(
            mode_of_prediction, "predict", images, _minds(rng), _minds(rng),
            text="the network's mode inside predict, right after training",
        ),
        "Dropout and BatchNorm behave differently in training.",
        Found(mode_asked_in),
        {
            "dropout still drops, BatchNorm still mixes": False,
            "the classes follow no scores of the network": False,
            "gradients stay off afterwards": False,
        },
    )  # fmt: skip
    labels = torch.randperm(30, generator=rng) % CLASSES
    noise = coarse(torch.randn(30, CLASSES, generator=rng) * 0.1, 256)
    scores = noise + 3 * F.one_hot(labels, CLASSES) - between(rng, 1.8, 2.4, 1)
    yield Case(
        "the classes are those of the labels",
        ask(
            classes_named, "predict", scores, images,
            text="predict, for a network that gives known scores",
        ),
        "Compare the classes that come out with the highest scores, one by one. They are whole "
        "numbers, one for each image, also where there is one image.",
        close(dtype=False),
        {"whole numbers": True, "classes": labels, "of one image": labels[:1]},
    )  # fmt: skip


def _minds(rng: Generator) -> Tensor:
    """Scores ``(30, 10)`` for each of the classes 1 to 9 in some rows, in drawn order: whatever is
    made of a row, rows of one class have it in common, and no others.
    """
    classes = torch.randperm(30, generator=rng) % (CLASSES - 1) + 1
    return F.one_hot(classes, CLASSES) * (classes[:, None] + 2.0)


@check.define(oracle=ORACLE, mistakes=MISTAKES)
def debug_this_network(rng: Generator) -> Iterator[Case]:
    """A program with nine bugs: one case for each symptom."""
    yield from _symptoms_of_the_network(rng)
    yield from _symptoms_of_the_input(rng)
    yield from _symptoms_of_training(rng)
    yield from _symptoms_of_prediction(rng)
