"""Hidden checks of lab 5: all visible cases with fresh inputs, and these besides."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator

from course.checks import Case, ask, call, same
from course.checks.lab05.basis import DEEP, TIGHT, check, normal, seed_from, small_spec, whole
from course.checks.lab05.block import block_of
from course.checks.lab05.cost import cost_of
from course.checks.lab05.head import head_of
from course.checks.lab05.loss import slopes
from course.checks.lab05.network import scores_of, trained_once

hidden = check.hidden()


@hidden.also("conv1x1_as_linear")
def conv1x1_as_linear(rng: Generator) -> Iterator[Case]:
    x = normal(rng, 2, 3, 7, 7).transpose(0, 1).contiguous().transpose(0, 1)
    weight, bias = normal(rng, 7, 3, 1, 1), normal(rng, 7)
    yield Case(
        "maps that are not contiguous", call("conv1x1_as_linear", x, weight, bias), "", TIGHT
    )


@hidden.also("inception_cost")
def inception_cost(rng: Generator) -> Iterator[Case]:
    for _ in range(2):
        channels, spec = whole(rng, 100, 900), small_spec(rng)
        height, width = whole(rng, 3, 60), whole(rng, 3, 60)
        text = f"{channels} channels, Spec{tuple(spec)}, maps of {height}×{width}"
        probe = ask(cost_of, "inception_cost", channels, spec, height, width, text=text)
        yield Case("another block", probe, "", same())


@hidden.also("InceptionBlock")
def inception_block(rng: Generator) -> Iterator[Case]:
    channels, spec, maps = whole(rng, 7, 12), small_spec(rng), normal(rng, 1, 12, 8, 5)
    text = f"InceptionBlock({channels}, Spec{tuple(spec)}): output and gradient"
    seed = seed_from(rng)
    probe = ask(block_of, "InceptionBlock", channels, spec, seed, maps[:, :channels], text=text)
    yield Case("another block", probe, "", TIGHT, weight=3)


@hidden.also("AuxiliaryHead")
def auxiliary_head(rng: Generator) -> Iterator[Case]:
    channels, classes, maps = whole(rng, 3, 9), whole(rng, 10, 20), normal(rng, 2, 9, 14, 14)
    text = f"AuxiliaryHead({channels}, {classes}, 1/16) on other maps"
    seed = seed_from(rng)
    probe = ask(head_of, "AuxiliaryHead", channels, classes, seed, maps[:, :channels], text=text)
    yield Case("other maps", probe, "", TIGHT, weight=2)


@hidden.also("GoogLeNet")
def googlenet(rng: Generator) -> Iterator[Case]:
    classes, width, images = whole(rng, 13, 20), 1 / 12, normal(rng, 1, 3, 224, 224)
    text = f"{classes} classes, width 1/12"
    probe = ask(scores_of, "GoogLeNet", classes, seed_from(rng), images, width, text=text)
    yield Case("another width, in evaluation", probe, "", DEEP, weight=2)
    probe = ask(trained_once, "GoogLeNet", classes, seed_from(rng), images, width, text=text)
    yield Case("another width, in training", probe, "", DEEP, weight=2)


@hidden.also("auxiliary_loss")
def auxiliary_loss(rng: Generator) -> Iterator[Case]:
    scores = [3 * normal(rng, 17, 12) for _ in range(3)]
    labels = torch.randint(12, (17,), generator=rng)
    probe = ask(slopes, "auxiliary_loss", *scores, labels, text="a larger batch")
    yield Case("a larger batch", probe, "", TIGHT, weight=2)


@hidden.also("class_maps")
def class_maps(rng: Generator) -> Iterator[Case]:
    arguments = normal(rng, 3, 4, 7, 2), normal(rng, 5, 4), normal(rng, 5)
    yield Case("other maps", call("class_maps", *arguments), "", TIGHT, weight=2)
