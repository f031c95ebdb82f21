"""Checks of `pca_lighting`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, call, close
from course.checks.inputs import coarse, normal, uniform
from course.labs.lab03_alexnet.questions import on_pixels

from .book import check

TIGHT = close(rtol=1e-9, atol=1e-11)  # float64
SINGLE = close(rtol=1e-5, atol=1e-6)  # float32


def _lit(image: Tensor, eigenvalues: Tensor, eigenvectors: Tensor, alphas: Tensor) -> Tensor:
    shift = torch.einsum("ck,k,k->c", eigenvectors, eigenvalues, alphas)
    return torch.stack([image[channel] + shift[channel] for channel in range(3)])


def _wrong_light(
    shift: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda values, vectors, alphas: (
        vectors @ (values * alphas)
    ),
    apply: Callable[[Tensor, Tensor], Tensor] = torch.add,
) -> Mapping[str, Any]:
    def wrong(image: Tensor, values: Tensor, vectors: Tensor, alphas: Tensor) -> Tensor:
        return apply(image, shift(values, vectors, alphas).reshape(3, 1, 1))

    return {"pca_lighting": wrong}


def light(
    rng: Generator, height: int = 2, width: int = 4, still: bool = False
) -> tuple[Tensor, ...]:
    """An image with eigenvalues in no order, eigenvectors (no symmetric matrix) and alphas, which
    may all be 0.
    """
    image = uniform(rng, 3, height, width, low=-1.0, high=2.0)
    vectors = coarse(torch.linalg.qr(normal(rng, 3, 3)).Q)
    values = coarse(uniform(rng, 3, low=0.1, high=1.1)).sort().values[[1, 2, 0]]
    return image, values, vectors, normal(rng, 3) * (not still)


@check.define(
    contract=Function(
        light,
        edges={
            "one pixel": {"height": 1, "width": 1},
            "three rows": {"height": 3, "width": 2},
        },
        judge=TIGHT,
        single=SINGLE,
        zeros=("image", "eigenvalues", "alphas"),
        own={"alphas of 0": {"still": True}},
        share=0.4,
    ),
    oracle={"pca_lighting": _lit},
    mistakes=[
        Mistake(
            "rows_for_columns",
            _wrong_light(lambda values, vectors, alphas: vectors.T @ (values * alphas)),
            "You take rows of the matrix for eigenvectors. They are its columns: "
            "eigenvectors[:, i] belongs to eigenvalues[i].",
        ),
        Mistake(
            "eigenvalues_forgotten",
            _wrong_light(lambda values, vectors, alphas: vectors @ alphas),
            "All three directions count alike. Which number says how much the colours of the "
            "data vary along each?",
        ),
        Mistake(
            "square_roots",
            _wrong_light(lambda values, vectors, alphas: vectors @ (values.sqrt() * alphas)),
            "The square root would be the standard deviation, and there is something to be said "
            "for it. The paper multiplies by the eigenvalue itself.",
        ),
        Mistake(
            "alphas_forgotten",
            _wrong_light(lambda values, vectors, alphas: vectors @ values),
            "The random numbers α change nothing in your function.",
        ),
        Mistake(
            "summed_to_grey",
            _wrong_light(
                lambda values, vectors, alphas: (vectors @ (values * alphas)).sum().expand(3)
            ),
            "Every channel gets the same number. A shift of colour has one for each channel.",
        ),
        Mistake(
            "not_mixed",
            _wrong_light(lambda values, vectors, alphas: values * alphas),
            "λ·α says how far to go along each eigenvector. Along which directions do you go?",
        ),
        Mistake(
            "shift_alone",
            _wrong_light(apply=lambda image, shift: shift.expand_as(image)),
            "That is what is to be added. Where is the image?",
        ),
        Mistake(
            "multiplied",
            _wrong_light(apply=lambda image, shift: image * (1 + shift)),
            "The paper adds the quantity to each pixel. Yours multiplies.",
        ),
        Mistake(
            "subtracted",
            _wrong_light(apply=torch.sub),
            "The sign is turned.",
        ),
        Mistake(
            "clamped",
            _wrong_light(apply=lambda image, shift: (image + shift).clamp(0, 1)),
            "You cut the result to [0, 1]. The formula only adds; images may be normalised "
            "already, with values below 0.",
        ),
    ],
)
def pca_lighting(rng: Generator) -> Iterator[Case]:
    """A shift along the colours in which the data vary, the same for all pixels."""
    hint = "A vector of three numbers, one for each channel, is added to every pixel."
    few = light(rng, 1, 2)
    yield Case("an image of two pixels", call("pca_lighting", *few), hint, TIGHT, weight=2)
    larger = light(rng, 5, 4)
    yield Case("an image (3, 5, 4)", call("pca_lighting", *larger), hint, TIGHT, weight=2)
    square = light(rng, 3, 3)
    yield Case(
        "an image (3, 3, 3)",
        call("pca_lighting", *square),
        "Shapes line up from the right: a vector of three lands on the width.",
        TIGHT,
        weight=2,
    )
    text = "pca_lighting of an image whose pixels lie together in memory"
    probe = ask(on_pixels, "pca_lighting", *light(rng, 4, 5), text=text)
    told = "Where an image lies in memory pixel by pixel, `contiguous()` makes no copy."
    yield Case("pixels together in memory", probe, told, TIGHT, weight=0.5)


@check.hidden("pca_lighting")
def other_images(rng: Generator) -> Iterator[Case]:
    image, values, vectors, alphas = light(rng, 7, 3)
    probe = call("pca_lighting", 2 * image - 1, values.flip(0), vectors.flip(1), 3 * alphas)
    yield Case("a normalised image, the smallest eigenvalue first", probe, judge=TIGHT, weight=2)
    turned = (image.transpose(1, 2), values, vectors, alphas)
    yield Case("a wide image", call("pca_lighting", *turned), judge=TIGHT)
