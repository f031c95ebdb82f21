"""Checks of `flipped_scores`: what a network says of an image and of its mirror image."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import OfModel
from course.checks import Case, ask, close
from course.checks.inputs import normal, seed_from, whole
from course.checks.kinds import Hint
from course.labs.lab09_fast.questions import about, amid_training, dropping, normalised
from course.labs.shared.bare import bare

from .book import check

EXACT = close(1e-7, 1e-10)
Ask = Callable[[Tensor], Tensor]
MODES = {
    "training": "in training mode",
    "evaluation": "in evaluation mode",
    "mixed": "in training mode but for BatchNorm",
}


def quiet(model: nn.Module) -> Ask:
    """The scores of a copy in evaluation mode, without a graph."""
    twin = copy.deepcopy(model).eval()

    def scores(x: Tensor) -> Tensor:
        found: Tensor = twin(x)
        return found.detach()

    return scores


def _of(combine: Callable[[Ask, Tensor], Tensor]) -> dict[str, Any]:
    return {"flipped_scores": lambda model, images: combine(quiet(model), images)}


def mirror(x: Tensor) -> Tensor:
    """Left and right changed."""
    places = torch.arange(x.shape[-1] - 1, -1, -1, device=x.device)
    return x.index_select(3, places)


def _mean(ask: Ask, x: Tensor) -> Tensor:
    return torch.stack([ask(x), ask(mirror(x))]).mean(dim=0)


def _in_the_mode_given(model: nn.Module, images: Tensor) -> Tensor:
    twin = copy.deepcopy(model)
    with torch.no_grad():
        return 0.5 * twin(images) + 0.5 * twin(mirror(images))


def _left_in_evaluation(model: nn.Module, images: Tensor) -> Tensor:
    model.eval()
    return _mean(quiet(model), images)


def _back_to_training(model: nn.Module, images: Tensor) -> Tensor:
    scores = _mean(quiet(model), images)
    model.train()
    return scores


def _with_graph(model: nn.Module, images: Tensor) -> Tensor:
    twin = copy.deepcopy(model).eval()
    found: Tensor = (twin(images) + twin(mirror(images))) / 2
    return found


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "upside_down": (
        _of(lambda ask, x: (ask(x) + ask(x.flip(-2))) / 2),
        "Yours stands on its head. A mirror changes left and right: the last axis.",
    ),
    "turned": (
        _of(lambda ask, x: (ask(x) + ask(x.flip((-2, -1)))) / 2),
        "You flip both axes, which turns the image by half a circle.",
    ),
    "colours_reversed": (
        _of(lambda ask, x: (ask(x) + ask(x.flip(1))) / 2),
        "You reverse the channels. Left and right is the last axis.",
    ),
    "mirror_alone": (
        _of(lambda ask, x: ask(mirror(x))),
        "You ask about the mirror image alone. Asked is the mean of both.",
    ),
    "image_alone": (
        _of(lambda ask, x: ask(x)),
        "You ask about the image alone. Asked is the mean of both.",
    ),
    "summed": (
        _of(lambda ask, x: ask(x) + ask(mirror(x))),
        "You add the scores. Asked is their mean.",
    ),
    "largest": (
        _of(lambda ask, x: torch.maximum(ask(x), ask(mirror(x)))),
        "You take the larger score. Asked is the mean.",
    ),
    "probabilities": (
        _of(lambda ask, x: (ask(x).softmax(dim=1) + ask(mirror(x)).softmax(dim=1)) / 2),
        "You take the mean of probabilities. Asked is the mean of the scores, before the softmax.",
    ),
    "mean_image": (
        _of(lambda ask, x: ask((x + mirror(x)) / 2)),
        "You show the network the mean of two images. Show it both, and take the mean of what it "
        "says.",
    ),
    "classes": (
        _of(lambda ask, x: _mean(ask, x).argmax(dim=1)),
        "These are classes. Asked are the scores, (N, K).",
    ),
    "mode_as_given": (
        {"flipped_scores": _in_the_mode_given},
        "In training mode BatchNorm looks at the other images of the batch, and dropout tosses "
        "coins. Ask in evaluation mode.",
    ),
    "left_in_evaluation": (
        {"flipped_scores": _left_in_evaluation},
        "Layers that were in training mode are in evaluation mode afterwards: whoever trains on "
        "does it without BatchNorm's batches. Give each layer its mode back.",
    ),
    "back_to_training": (
        {"flipped_scores": _back_to_training},
        "Layers that were in evaluation mode are in training mode afterwards. Some may have a mode "
        "of their own, as in a frozen backbone: note each one's, and give it back.",
    ),
    "with_graph": (
        {"flipped_scores": _with_graph},
        "Your scores hold a graph, and with it all maps of all layers: `torch.no_grad()`.",
    ),
}


def drawn(rng: Generator, count: int = 4) -> Tensor:
    """Images of two channels, wider than high."""
    return normal(rng, count, 2, 6, 8)


def looked(rng: Generator, kind: str, modes: str, count: int, **options: Any) -> Case:
    """A network in one mode or in two, and a few images."""
    images, told = drawn(rng, count), MODES[modes]
    text = f"flipped_scores(a network with {kind}, {told}, images {tuple(images.shape)})"
    asked = ask(about, "flipped_scores", kind, seed_from(rng), modes, images, text=text)
    return Case(f"{kind}, {told}, {count} images", asked, judge=EXACT, **options)


@check.define(
    oracle=_of(_mean),
    mistakes=[Mistake(name, answer, hint) for name, (answer, hint) in MISTAKES.items()],
    contract=OfModel(
        {"a network with BatchNorm": normalised, "one with dropout": dropping},
        lambda rng: (drawn(rng),),
        adapter=bare,
        judge=EXACT,
    ),
)
def flipped_scores(rng: Generator) -> Iterator[Case]:
    """The mean of the scores of each image and its mirror image."""
    hint: Hint = {
        "values": "Evaluation mode; the scores of the images; those of images.flip(-1); the mean.",
        "changed": "Note the mode of each of model.modules(), and give it back in the end.",
    }
    for kind, modes, count, weight in (
        ("BatchNorm", "evaluation", 3, 2.0),
        ("BatchNorm", "training", 4, 2.0),
        ("BatchNorm and dropout", "training", 2, 2.0),
        ("BatchNorm", "mixed", 3, 1.0),
    ):
        yield looked(rng, kind, modes, count, hint=hint, weight=weight)
    images = drawn(rng, 3)
    text = f"flipped_scores(blocks, some layers frozen, images {tuple(images.shape)}), in no_grad()"
    asked = ask(amid_training, "flipped_scores", seed_from(rng), images, text=text)
    yield Case("blocks, some of their layers frozen", asked, hint, EXACT)


@check.hidden("flipped_scores")
def more_images(rng: Generator) -> Iterator[Case]:
    yield looked(rng, "BatchNorm", "training", 1)
    yield looked(rng, "BatchNorm and dropout", "evaluation", whole(rng, 5, 8))
