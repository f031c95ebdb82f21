"""Hidden checks of lab 0: the visible cases on fresh inputs, and the cases below."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from course.checks import Case, call, close
from course.checks.lab00 import (
    check,
    errors_at,
    random_images,
    random_ranks,
    random_statistics,
    ranked,
    uneven,
)

hidden = check.hidden()


@hidden.also("normalise_images")
def two_channels(rng: torch.Generator) -> Iterator[Case]:
    yield Case(
        "two channels, one image, (1, 2, 2, 5)",
        call("normalise_images", random_images(rng, 1, 2, 2, 5), *random_statistics(rng, 2)),
        "Does your answer hold for any number of channels and of images?",
        close(rtol=1e-4, atol=1e-5, dtype=False),
    )


@hidden.also("topk_error")
def a_thousand_classes(rng: torch.Generator) -> Iterator[Case]:
    logits, labels = ranked(rng, random_ranks(rng, 211, 1_000), 1_000)
    yield Case(
        "1000 classes, as in ILSVRC",
        errors_at(logits, labels, (1, 5)),
        "Does your answer hold for any number of classes?",
    )
    logits, labels = ranked(rng, random_ranks(rng, 37, 6), 6)
    yield Case(
        "logits in float32, as a network gives them",
        errors_at(logits.float(), labels, (1, 2, 3, 5)),
        "Does your answer need float64?",
        weight=0.5,
    )


@hidden.also("accuracy_by_class")
def a_gap_in_the_middle(rng: torch.Generator) -> Iterator[Case]:
    logits, labels = uneven(rng, 90, 7)
    present = labels != 3
    yield Case(
        "no image of a class in the middle",
        call("accuracy_by_class", logits[present], labels[present], 7),
        "A class without images keeps its place, with NaN in it.",
        close(rtol=1e-5, atol=1e-6, dtype=False),
    )
