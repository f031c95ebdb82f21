"""Checks of `train_lenet`: a network is trained and judged on other images.

Under grading it is shown images whose labels are nowhere but in this folder's neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from course.checks import Case, ask
from course.checks.inputs import bundled
from course.checks.kinds import Kind
from course.labs.lab02_lenet.judges import RightAtLeast
from course.labs.lab02_lenet.questions.training import guesses

from .book import check

HELD_OUT = Path(__file__).resolve().parents[2] / "held_out.npz"
TRAINING_IMAGES = 2_000
SECONDS = 60.0  # for one training under grading, on a machine that may be busy
ASKED = 0.70  # the reference reached 0.735 to 0.805 on draws of images and orders of classes

HINTS: Mapping[Kind, str] = {
    "values": (
        "10 % is guessing. Does the loss fall from epoch to epoch? How many epochs, which "
        "optimizer, which learning rate? Try on a part of the training images that you keep back."
    ),
    "unfit": (
        "All that the network keeps is counted: parameters, buffers, and tensors, arrays or lists "
        "in its attributes. A LeNet has 61,706 numbers; the training images are none of its own."
    ),
    "changed": (
        "Is something written into the images or labels: a method that ends in `_`, `-=`, or an "
        "assignment to a part? Work on a copy."
    ),
}


def accuracy_case(
    rng: Generator,
    title: str,
    sample: tuple[Tensor, Tensor],
    others: Tensor,
    labels: Tensor,
    share: float,
    weight: float,
) -> Case:
    """Train on ``sample``, guess ``others``; the labels stay with the judge.

    The classes have numbers of the check's own, so that only the labels that came can be learnt.
    """
    count, order = len(sample[0]), torch.randperm(10, generator=rng).tolist()
    text = f"train_lenet on {count:,} images, then the classes of {len(others):,} other images"
    probe = ask(guesses, "train_lenet", *sample, others, order, text=text)
    return Case(
        title,
        replace(probe, seconds=SECONDS),
        HINTS,
        RightAtLeast(share),
        labels,
        weight,
    )


@check.define()
def train_lenet(rng: Generator) -> Iterator[Case]:
    """A LeNet trained by you, judged on images that it has not seen."""
    yield accuracy_case(
        rng,
        "1,000 test images of the bundled data",
        bundled(rng, "train", TRAINING_IMAGES),
        *bundled(rng, "test", 1_000),
        ASKED,
        1.0,
    )


def held_out() -> tuple[Tensor, Tensor]:
    """Real test images that students do not have, uint8 ``(N, 1, 28, 28)``, and labels."""
    with np.load(HELD_OUT) as file:
        images, labels = (torch.from_numpy(file[key]) for key in ("images", "labels"))
    return images.unsqueeze(1), labels.long()


@check.hidden("train_lenet")
def images_held_back(rng: Generator) -> Iterator[Case]:
    sample, (images, labels) = bundled(rng, "train", TRAINING_IMAGES), held_out()
    order = torch.randperm(len(labels), generator=rng)  # or another student's classes would do
    other = images[order], labels[order]
    yield accuracy_case(rng, "1,000 images held back", sample, *other, ASKED, 4.0)
