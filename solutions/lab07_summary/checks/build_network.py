"""Checks of `build_network`: the structure of the student's own network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from course.checks import Case, ask, same
from course.checks.claims import Found
from course.checks.inputs import between, normal, whole
from course.checks.kinds import Kind
from course.labs.lab07_summary.images import CLASSES
from course.labs.lab07_summary.judges import FewerThan
from course.labs.lab07_summary.questions import (
    alone_and_in_company,
    beginnings,
    built_twice,
    gradients_of_parameters,
    scores_in_training,
    size_of,
)
from course.labs.lab07_summary.readings import (
    AFTERWARDS,
    EQUAL,
    company_kept,
    copies_alike,
    parameters_reached,
    scores_given,
)

from .book import LIMIT, check

SECONDS = 40.0  # for a few hundred images, on a machine that may be busy
SPOILT: Mapping[Kind, str] = {
    "changed": "The network writes into the images that it is shown (`x *= …`, `x.mul_(…)`). Make "
    "a new tensor instead."
}


class _Small(nn.Sequential):
    """One hidden layer, to which slips are added; ``(N, 1, 28, 28) -> (N, K)``."""

    def __init__(self, *more: nn.Module, classes: int = CLASSES) -> None:
        super().__init__(
            nn.Flatten(), nn.Linear(28 * 28, 32), nn.Hardtanh(), nn.Linear(32, classes), *more
        )


class _Squeezed(_Small):
    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = super().forward(x)
        return scores.squeeze()


def _seeded() -> nn.Module:
    torch.random.manual_seed(41)
    return _Small()


def _some_twice(rng: Generator, count: int, different: int) -> list[int]:
    """Which of some different images come, one after the other: half as many as there are places,
    each of them twice.
    """
    chosen = torch.randperm(different, generator=rng)[: (count + 1) // 2].repeat(2)
    found: list[int] = chosen[torch.randperm(len(chosen), generator=rng)[:count]].tolist()
    return found


def _building(make: Callable[[], nn.Module]) -> Mapping[str, Any]:
    return {"build_network": make}


@check.define(
    oracle=_building(_Small),
    mistakes=[
        Mistake(
            "nine_classes",
            _building(lambda: _Small(classes=9)),
            "Nine scores. Classes run from 0 to 9: how many is that?",
        ),
        Mistake(
            "probabilities",
            _building(lambda: _Small(nn.Softmax(dim=1))),
            "The scores of each image add up to 1: there is a softmax at the end. You met it among "
            "the nine bugs.",
        ),
        Mistake(
            "squeezed",
            _building(_Squeezed),
            "One image loses its batch axis. squeeze() removes every axis of size 1, that one too.",
        ),
        Mistake(
            "depends_on_company",
            _building(lambda: _Small(nn.BatchNorm1d(CLASSES, track_running_stats=False))),
            "In evaluation mode the scores of an image still depend on the others in its batch. "
            "Which layer takes its statistics from the batch?",
        ),
        Mistake(
            "always_seeded",
            _building(_seeded),
            "A seed is set inside the function. Then every network begins with the same numbers, "
            "and the notebook's random numbers start again with each call.",
        ),
    ],
)
def build_network(rng: Generator) -> Iterator[Case]:
    """Your own network: (N, 1, 28, 28) to (N, 10) logits, with fewer than 300,000 numbers."""
    name, count = "build_network", whole(rng, CLASSES, 60)
    images = normal(rng, count, 1, 28, 28, dtype=torch.float32)
    labels = torch.randperm(count, generator=rng) % CLASSES  # all classes occur
    yield Case(
        f"fewer than {LIMIT:,} numbers",
        ask(size_of, name, text="the numbers in build_network().state_dict(), and beside it"),
        "Everything in state_dict() counts: weights, biases, BatchNorm's running statistics. So do "
        "tensors, lists and long texts that the network keeps elsewhere.",
        FewerThan(LIMIT),
        LIMIT,
    )
    yield Case(
        "ten logits for each image",
        ask(scores_in_training, name, images, text=f"scores of {count} images in training mode"),
        {"values": "One row for each image, one column for each class, no softmax.", **SPOILT},
        Found(scores_given),
        {
            "shape": [count, CLASSES],
            "all finite": True,
            "add up to 1": False,
            "all between 0 and 1": False,
            AFTERWARDS: "as they were",
        },
    )
    yield Case(
        "every parameter takes part",
        ask(
            gradients_of_parameters, name, images, labels,
            between(rng, 0.5, 1.0), between(rng, 1.5, 3.0),
            text="gradients after backward()",
        ),
        "A layer was made and is not used in forward, or the path to it is cut (detach, data).",
        Found(parameters_reached),
        {"parameters without a gradient": [], "gradients grow as the loss does": True},
    )  # fmt: skip
    different = normal(rng, 40, 1, 28, 28, dtype=torch.float32)
    places = _some_twice(rng, whole(rng, 66, 80), len(different))
    text = f"{len(places)} images in one batch, in others, and one by one, eval()"
    probe = replace(ask(alone_and_in_company, name, different, places, text=text), seconds=SECONDS)
    yield Case(
        "one image by itself",
        probe,
        {"values": "In evaluation mode an image's scores depend on that image only.", **SPOILT},
        Found(company_kept),
        {
            "shape for one image": [1, CLASSES],
            "the same in any company": True,
            "the same when asked again": True,
            AFTERWARDS: "as they were",
            EQUAL: True,
        },
    )
    yield Case(
        "a fresh network on each call",
        ask(
            built_twice, name, different, _some_twice(rng, 24, len(different)),
            text="build_network() twice, the first one's numbers into it",
        ),
        "Make the layers inside the function, of the same sizes each time, and let the network "
        "know of all of them: a plain list hides its layers, nn.ModuleList does not.",
        Found(copies_alike),
        {
            "the same names and shapes": True,
            "tensors in common": False,
            "with the same numbers the same scores": True,
            EQUAL: True,
        },
    )  # fmt: skip
    yield Case(
        "it begins with random numbers of its own",
        ask(beginnings, name, text="build_network() after two different seeds, and torch.rand(4)"),
        "New weights are drawn for each network, and the seed is the caller's. What fixes them?",
        same(),
        {
            "all numbers begin as in the call before": False,
            "random numbers drawn after the call are always the same": False,
        },
        weight=0.5,
    )
