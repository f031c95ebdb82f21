"""Hidden checks of lab 7: all visible cases on fresh inputs, and these besides.

The project's networks are shown images whose labels are nowhere but here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from course.checks import Case, call
from course.checks.lab07 import check
from course.checks.lab07.basis import EXACT, uniform, whole
from course.checks.lab07.comparing import front_case, landscape
from course.checks.lab07.project import STEPS, accuracy_case

hidden = check.hidden()

HELD_OUT = Path(__file__).parent / "fashion_mnist_heldout.npz"
EARNED = (2.0, 2.0, 2.0, 3.0)  # weights of the steps, the fit and the bundled images have 3
NOISE = 2  # grey levels of 255


@hidden.also("confidence_interval")
def confidence_interval(rng: Generator) -> Iterator[Case]:
    name, total = "confidence_interval", whole(rng, 20, 100)
    yield Case("one image", call(name, 1, 1), judge=EXACT)
    yield Case("one image, wrong", call(name, 0, 1), judge=EXACT)
    z = uniform(rng, 0.5, 3.5)
    yield Case("a wide one", call(name, whole(rng, 1, total - 1), total, z), judge=EXACT)


@hidden.also("pareto_front")
def pareto_front(rng: Generator) -> Iterator[Case]:
    yield front_case("forty networks", *landscape(rng, 12, 28))
    networks, front = landscape(rng, 6, 0)
    yield front_case("all of them stay", networks, front, weight=0.25)


def held_out() -> tuple[Tensor, Tensor]:
    """Real test images that students do not have, uint8 ``(N, 1, 28, 28)``, and labels."""
    with np.load(HELD_OUT) as file:
        images, labels = (torch.from_numpy(file[key]) for key in ("images", "labels"))
    return images.unsqueeze(1), labels.long()


def shaken(images: Tensor, rng: Generator) -> Tensor:
    """Every pixel moved by up to ``NOISE`` grey levels: whoever keeps a table of the public test
    images and their labels does not find these, and a network hardly notices.
    """
    moves = torch.randint(-NOISE, NOISE + 1, images.shape, generator=rng)
    return (images.int() + moves).clamp(0, 255).to(torch.uint8)


@hidden.also("trained_network")
def trained_network(rng: Generator) -> Iterator[Case]:
    images, labels = held_out()
    images = shaken(images, rng)
    for share, weight in zip(STEPS, EARNED, strict=True):
        yield accuracy_case(share, "other", images, labels, weight)
