"""The small demonstration that teaches to read panels; no exercise."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Generator

from autograde.authoring.checks import Mistake
from course.checks import Case, call, same

from .book import check


@check.define(
    constant=True,
    mistakes=[
        Mistake(
            "one_channel",
            {"values_in_image": lambda height, width, channels: height * width},
            "A colour image holds more than one number for each pixel.",
        )
    ],
)
def values_in_image(rng: Generator) -> Iterator[Case]:
    """How many numbers an image holds."""
    hint = "Think of the image as a block of numbers: how long are its three edges?"
    for title, size, expected in [
        ("a grey image of Fashion-MNIST", (28, 28, 1), 784),
        ("a colour image of CIFAR-10", (32, 32, 3), 3_072),
        ("a colour image as the ImageNet networks take it", (224, 224, 3), 150_528),
    ]:
        yield Case(title, call("values_in_image", *size), hint, same(), expected)
