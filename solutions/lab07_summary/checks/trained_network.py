"""Checks of `trained_network`: the weights that the student's network was handed in with.

The project's networks are shown images whose labels are nowhere but in the secret folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from course.checks import Case, HandedIn, Probe, ask
from course.checks.inputs import bundled
from course.labs.lab07_summary.judges import FitsAndSmall, RightAtLeast
from course.labs.lab07_summary.questions import FILE, classes_alone, fits, the_network

from .book import LIMIT, check

STEPS = (0.60, 0.75, 0.82, 0.85)  # shares of right answers that earn points
EARNED = (2.0, 2.0, 2.0, 3.0)  # weights of the steps, of 12
FIT, BUNDLED = 0.75, 1.125  # of the fit, and of each step on the bundled images
SECONDS = 60.0  # for one look at a thousand images, on a machine that may be busy
JUDGED_ON = 1000
HELD_OUT = Path(__file__).resolve().parents[2] / "held_out.npz"
NOISE = 2  # grey levels of 255


def alone(question: Callable[..., Any], text: str, *args: Any) -> Probe:
    """Asks for the network, and then, where nothing of the student's is, this of it."""
    then = Probe(question, (), (HandedIn(FILE), *args), text=text, seconds=SECONDS)
    probe = ask(the_network, "build_network", HandedIn(FILE), text=text)
    return replace(probe, seconds=SECONDS, then=then)


def accuracy_case(
    share: float,
    whose: str,
    images: Tensor,
    labels: Tensor,
    weight: float = 1.0,
    moved: Tensor | None = None,
) -> Case:
    """The classes of ``images``; their labels stay with the judge.

    The network is asked once more with the file's numbers shuffled: what it knows must be there.
    What it says of the images ``moved`` counts for nothing, and tells whether it knows them by
    heart.
    """
    text = f"build_network() with the weights in {FILE}, on {len(images):,} {whose} images"
    return Case(
        f"{share:.0%} of {len(images):,} {whose} images",
        alone(classes_alone, text, images, *([] if moved is None else [moved])),
        "10 % is guessing: was the file saved after the training, and in the same notebook? Above "
        "that: more epochs, a rate that falls, augmentation, another network. Keep some training "
        "images back to choose by.",
        RightAtLeast(share, LIMIT),
        labels,
        weight,
    )


@check.define(
    allows=[f"course.{name}" for name in ("augment", "data", "device", "training", "weights")]
)
def trained_network(rng: Generator) -> Iterator[Case]:
    """The weights handed in beside the notebook, on images that the network has not seen."""
    yield Case(
        "the file fits the network",
        alone(fits, f"{FILE} into build_network()"),
        "Save the network that build_network makes now, after training it.",
        FitsAndSmall(LIMIT),
        "tensors of the names and shapes that build_network() has",
        FIT,
    )
    images, labels = bundled(rng, "test", JUDGED_ON)
    for share in STEPS[1::2]:
        yield accuracy_case(share, "bundled test", images, labels, BUNDLED)


@check.hidden("trained_network")
def on_other_images(rng: Generator) -> Iterator[Case]:
    images, labels = held_out()
    order = torch.randperm(len(labels), generator=rng)  # or another student's classes would do
    images, labels = shaken(images[order], rng), labels[order]
    for share, weight in zip(STEPS, EARNED, strict=True):
        other = moved(images, rng) if share == STEPS[-1] else None
        yield accuracy_case(share, "other", images, labels, weight, other)


def held_out() -> tuple[Tensor, Tensor]:
    """Real test images that students do not have, uint8 ``(N, 1, 28, 28)``, and labels."""
    with np.load(HELD_OUT) as file:
        images, labels = (torch.from_numpy(file[key]) for key in ("images", "labels"))
    return images.unsqueeze(1), labels.long()


def moved(images: Tensor, rng: Generator) -> Tensor:
    """Each image one pixel aside, up, down, left or right, the border's again. What a network has
    learnt of coats holds for them; what it knows by heart of these images does not.
    """
    padded = torch.nn.functional.pad(images.float(), (1, 1, 1, 1), "replicate")
    ways = torch.tensor([(0, 1), (2, 1), (1, 0), (1, 2)])
    drawn = ways[torch.randint(0, 4, (len(images),), generator=rng)].tolist()
    parts = [one[:, y : y + 28, x : x + 28] for one, (y, x) in zip(padded, drawn, strict=True)]
    return torch.stack(parts).to(torch.uint8)


def shaken(images: Tensor, rng: Generator) -> Tensor:
    """Every pixel moved by up to ``NOISE`` grey levels: whoever keeps a table of the public test
    images and their labels does not find these, and a network hardly notices.
    """
    moves = torch.randint(-NOISE, NOISE + 1, images.shape, generator=rng)
    return (images.int() + moves).clamp(0, 255).to(torch.uint8)
