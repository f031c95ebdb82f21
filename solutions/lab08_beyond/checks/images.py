"""Gradients at the image: saliency, one step that fools, many steps to a target."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import OfModel
from course.checks import Case, ask
from course.checks.inputs import integers, seed_from, uniform, whole
from course.labs.lab08_beyond.questions import (
    MAKERS,
    about,
    by_default,
    graph_of,
    graph_or_not,
    skipping,
    smooth,
    with_kinks,
)

from .book import TYPED, check

MODELS = {"a network with tanh": smooth, "one that skips pixels": skipping, "ReLU": with_kinks}
Number = Callable[[Tensor], Tensor]


def slopes_of(model: nn.Module, images: Tensor, number: Number) -> Tensor:
    """The gradient at the images of a number made of the scores, on a copy of the model."""
    model, leaf = copy.deepcopy(model), images.detach().clone().requires_grad_()
    number(model(leaf)).backward()
    assert leaf.grad is not None
    return leaf.grad


def some(rng: Generator, channels: int = 2, count: int = 3) -> tuple[Tensor, Tensor]:
    """Pixels from 0 to 1, some of them at the ends, and classes."""
    images = uniform(rng, count, channels, 6, 7)
    return images, integers(rng, count, low=0, high=3)


# saliency ---------------------------------------------------------------------------------


def chosen(classes: Tensor) -> Number:
    """The sum of each image's score of its class."""
    return lambda scores: sum(row[k] for row, k in zip(scores, classes.tolist(), strict=True))


def _map(number: Callable[[Tensor], Number], shown: Number) -> dict[str, Any]:
    return {"saliency": lambda model, x, k: shown(slopes_of(model, x, number(k)))}


def _largest(slopes: Tensor) -> Tensor:
    return slopes.abs().max(dim=1).values


def _by_loss(classes: Tensor) -> Number:
    return lambda scores: F.cross_entropy(scores, classes, reduction="sum")


SALIENCY: dict[str, tuple[dict[str, Any], str]] = {
    "of_the_softmax": (
        _map(lambda k: lambda scores: chosen(k)(scores.softmax(dim=1)), _largest),
        "You differentiate the probability. It also rises when other scores fall: take the score, "
        "before the softmax.",
    ),
    "of_the_loss": (
        _map(_by_loss, _largest),
        "You differentiate the cross-entropy, in which all scores are. Take the score of the class "
        "alone.",
    ),
    "of_all_scores": (
        _map(lambda k: lambda scores: scores.sum(), _largest),
        "You sum the scores of all classes. Each image has one class that is asked about.",
    ),
    "of_the_highest": (
        _map(lambda k: lambda scores: scores.max(dim=1).values.sum(), _largest),
        "You take the highest score. Asked is the score of the class that is given, which may be "
        "another one.",
    ),
    "signed": (
        _map(chosen, lambda slopes: slopes.max(dim=1).values),
        "The largest over channels comes after the absolute value.",
    ),
    "mean_over_channels": (
        _map(chosen, lambda slopes: slopes.abs().mean(dim=1)),
        "You average over the channels. The paper takes the largest.",
    ),
    "sum_over_channels": (
        _map(chosen, lambda slopes: slopes.abs().sum(dim=1)),
        "You sum over the channels. The paper takes the largest.",
    ),
    "length": (
        _map(chosen, lambda slopes: slopes.norm(dim=1)),
        "You take the length of the gradient over the channels. The paper takes the largest "
        "absolute value.",
    ),
    "first_channel": (
        _map(chosen, lambda slopes: slopes[:, 0].abs()),
        "You look at the first channel alone.",
    ),
    "scaled": (
        _map(chosen, lambda slopes: _largest(slopes) / _largest(slopes).max()),
        "You divide by the largest value. That is for pictures; here the values themselves count.",
    ),
    "mean_of_images": (
        _map(lambda k: lambda scores: chosen(k)(scores) / len(scores), _largest),
        "Your values shrink with the number of images: you average their scores. Sum them.",
    ),
    "times_the_image": (
        {
            "saliency": lambda model, x, k: _largest(slopes_of(model, x, chosen(k)) * x),
        },
        "This is gradient times image. Asked is the gradient.",
    ),
}


@check.define(
    oracle=_map(chosen, _largest),
    mistakes=[Mistake(name, answer, hint) for name, (answer, hint) in SALIENCY.items()],
    contract=OfModel(MODELS, some, adapter=graph_or_not, judge=TYPED),
    forbids=["record_gradients", "watch_gradients"],
)
def saliency(rng: Generator) -> Iterator[Case]:
    """Where a small change moves the score of a class most."""
    hint = {
        "values": "Let the images need a gradient; pick each image's score of its class; sum; ask "
        "for the gradient at the images; absolute value; the largest over the channels.",
        "changed": "Ask with torch.autograd.grad at a copy of the images; detach what you return.",
    }
    for kind, channels, weight in (("smooth", 2, 3.0), ("grey", 1, 1.0), ("with kinks", 2, 2.0)):
        yield looked(rng, "saliency", kind, channels, (), hint, weight)
    hint = {**hint, "values": "Images may be normalised: their values are any, also below 0."}
    yield looked(rng, "saliency", "smooth", 2, (), hint, 1, normalised=True)
    yield without_graph(rng, "saliency")


def looked(
    rng: Generator,
    name: str,
    kind: str,
    channels: int,
    rest: Any,
    hint: Any = "",
    weight: float = 1,
    count: int = 4,
    *,
    normalised: bool = False,
) -> Case:
    """A function of a network and a few images."""
    images, classes = some(rng, channels, count)
    if normalised:
        images, kind_told = 4 * images - 2, f"{kind}, normalised"
    else:
        kind_told = kind
    more = "".join(f", {one}" for one in rest)
    text = f"{name} of a network ({kind}), images {tuple(images.shape)}, classes {classes.tolist()}"
    args = (kind, seed_from(rng), images, classes, *rest)
    title = f"{count} images, {kind_told}{more}"
    return Case(title, ask(about, name, *args, text=text + more), hint, TYPED, weight=weight)


GRAPH_HINT = (
    "The answer holds on to its graph, and so to what every layer kept: `.detach()` what you "
    "return. torch.func.grad records too, for the network's weights."
)


def without_graph(rng: Generator, name: str, *rest: Any) -> Case:
    """That the answer holds no graph."""
    images, classes = some(rng)
    more = "".join(f", {one}" for one in rest)
    text = f"{name} of a network (smooth), images {tuple(images.shape)}, classes{more}: its graph"
    probe = ask(graph_of, name, seed_from(rng), images, classes, *rest, text=text)
    return Case("the answer holds no graph", probe, GRAPH_HINT)


@check.hidden("saliency")
def more_images(rng: Generator) -> Iterator[Case]:
    yield looked(rng, "saliency", "smooth", 2, (), count=whole(rng, 5, 8))
    yield looked(rng, "saliency", "skipping", 2, (), count=1)
    yield looked(rng, "saliency", "smooth", 2, (), normalised=True)


# fast_gradient_sign -----------------------------------------------------------------------


def entropy(labels: Tensor) -> Number:
    """The cross-entropy, summed."""
    return lambda scores: (scores.logsumexp(dim=1) - scores.gather(1, labels[:, None])[:, 0]).sum()


Move = Callable[[Tensor, Tensor, float], Tensor]


def _step(
    move: Move = lambda x, slopes, eps: x + eps * slopes.sign(),
    number: Callable[[Tensor], Number] = entropy,
    ends: tuple[float, float] = (0.0, 1.0),
) -> dict[str, Any]:
    def fast_gradient_sign(
        model: nn.Module, images: Tensor, labels: Tensor, epsilon: float
    ) -> Tensor:
        return move(images, slopes_of(model, images, number(labels)), epsilon).clamp(*ends)

    return {"fast_gradient_sign": fast_gradient_sign}


def _as_long(x: Tensor, slopes: Tensor, eps: float) -> Tensor:
    return x + eps * slopes / slopes.flatten(1).norm(dim=1)[:, None, None, None]


FAST: dict[str, tuple[dict[str, Any], str]] = {
    "downhill": (
        _step(lambda x, slopes, eps: x - eps * slopes.sign()),
        "Your step lowers the loss: the network becomes surer of the right answer.",
    ),
    "no_sign": (
        _step(lambda x, slopes, eps: x + eps * slopes),
        "You step along the gradient itself. Every pixel shall go as far as it may: only the sign "
        "counts.",
    ),
    "as_long": (
        _step(_as_long),
        "You scale the gradient to a length. Take the sign of each pixel.",
    ),
    "not_clipped": (
        _step(ends=(-1e9, 1e9)),
        "Some of your pixels are below 0 or above 1: no image has such values.",
    ),
    "clipped_around_zero": (_step(ends=(-1.0, 1.0)), "Pixels lie between 0 and 1, not −1 and 1."),
    "up_the_score": (
        _step(number=chosen),
        "You raise the score of the label. What raises the loss?",
    ),
    "down_the_score": (
        _step(lambda x, slopes, eps: x - eps * slopes.sign(), chosen),
        "You lower the score of the label. Nearly: the cross-entropy also rises with the other "
        "scores, so its gradient has other signs.",
    ),
    "own_answer": (
        _step(number=lambda k: lambda s: F.cross_entropy(s, s.detach().argmax(dim=1))),
        "You use the network's own answer as the label. The labels are given.",
    ),
    "the_change_alone": (
        _step(lambda x, slopes, eps: eps * slopes.sign()),
        "You return the change. Add it to the images.",
    ),
    "never_zero": (
        _step(lambda x, slopes, eps: x + eps * torch.where(slopes < 0, -1.0, 1.0).to(x)),
        "Where the gradient is 0 nothing is to be gained, and the sign is 0.",
    ),
}


@check.define(
    oracle=_step(),
    mistakes=[Mistake(name, answer, hint) for name, (answer, hint) in FAST.items()],
    contract=OfModel(MODELS, lambda rng: (*some(rng), 0.15), adapter=graph_or_not, judge=TYPED),
)
def fast_gradient_sign(rng: Generator) -> Iterator[Case]:
    """One step that raises the loss, within epsilon for every pixel."""
    hint = {
        "values": "The gradient of the cross-entropy at the images; its sign; epsilon times that, "
        "added; then clipped to [0, 1].",
        "changed": "Ask with torch.autograd.grad at a copy of the images; detach what you return.",
    }
    for kind, epsilon, weight in (
        ("smooth", 0.2, 3.0),
        ("skipping", 0.1, 2.0),
        ("smooth", 0.0, 0.5),
    ):
        yield looked(rng, "fast_gradient_sign", kind, 2, (epsilon,), hint, weight)
    hint = {**hint, "values": SURE_HINT}
    yield looked(rng, "fast_gradient_sign", "sure", 2, (0.1,), hint, count=8)
    yield without_graph(rng, "fast_gradient_sign", 0.1)


SURE_HINT = (
    "These scores are so far apart that a probability rounds to 0, and a logarithm of 0, or of 0 "
    "and a little, has no slope. The cross-entropy of the *scores* has one."
)


@check.hidden("fast_gradient_sign")
def other_steps(rng: Generator) -> Iterator[Case]:
    yield looked(rng, "fast_gradient_sign", "grey", 1, (0.3,), count=whole(rng, 5, 8))
    yield looked(rng, "fast_gradient_sign", "with kinks", 2, (0.05,))


# fooling_images ---------------------------------------------------------------------------


def _search(*slips: str) -> dict[str, Any]:
    def fooling_images(
        model: nn.Module,
        images: Tensor,
        targets: Tensor,
        epsilon: float,
        step: float = 0.01,
        steps: int = 10,
    ) -> Tensor:
        def has(slip: str) -> bool:
            return slip in slips

        x, number = images.clone(), chosen(targets) if has("up_the_score") else entropy(targets)
        size = epsilon if has("epsilon_steps") else step
        times = 1 if has("one_step") else steps + has("one_more")
        for _ in range(times):
            slopes = slopes_of(model, images if has("same_gradient") else x, number)
            slopes = slopes if has("no_sign") else slopes.sign()
            toward = 1 if slips and slips[0] in ("uphill", "up_the_score") else -1
            moved = x + toward * size * slopes
            if not has("not_held"):
                moved = torch.minimum(torch.maximum(moved, images - epsilon), images + epsilon)
            x = moved if has("not_clipped") else moved.clamp(0, 1)
        return x

    return {"fooling_images": fooling_images}


FOOLING = {
    "uphill": "You go up the target's loss, away from the target. That was the last exercise.",
    "not_held": "Some pixels are further than epsilon from the original image. After each "
    "step, hold them: around the original, not around the image before the step.",
    "not_clipped": "Some of your pixels are below 0 or above 1.",
    "one_step": "You make one step. Make `steps` of them, each with a gradient of its own.",
    "one_more": "You make one step too many.",
    "same_gradient": "You compute the gradient once, at the original image. Compute it anew, where "
    "you are, before each step.",
    "no_sign": "You step along the gradient itself. Only its sign counts.",
    "epsilon_steps": "Each of your steps is as long as epsilon. A step has the length `step`.",
    "up_the_score": "You raise the score of the target. The cross-entropy of the target also falls "
    "when the other scores fall.",
}


@check.define(
    oracle=_search(),
    mistakes=[Mistake(slip, _search(slip), hint) for slip, hint in FOOLING.items()],
    contract=OfModel(
        MODELS, lambda rng: (*some(rng), 0.15, 0.06, 4), adapter=graph_or_not, judge=TYPED
    ),
)
def fooling_images(rng: Generator) -> Iterator[Case]:
    """Small steps towards a target, never far from the original image."""
    hint = {
        "values": "Repeat: gradient of the target's cross-entropy at the present image; subtract "
        "step · sign; back to within epsilon of the original; back into [0, 1].",
        "changed": "Start from a copy of the images; detach before each step and at the end.",
    }
    for kind, rest, weight in (
        ("smooth", (0.5, 0.1, 1), 1.0),
        ("smooth", (0.25, 0.07, 6), 4.0),
        ("skipping", (0.1, 0.04, 3), 2.0),
        ("smooth", (0.2, 0.05, 0), 0.5),
    ):
        yield looked(rng, "fooling_images", kind, 2, rest, hint, weight)
    (images, targets), seed = some(rng), seed_from(rng)
    text = "fooling_images(model, images, targets, 0.3); then with steps=2, step=0.07"
    probe = ask(by_default, "fooling_images", seed, images, targets, text=text)
    yield Case("defaults", probe, "step=0.01 and steps=10 unless told otherwise.", TYPED)
    hint = {**hint, "values": SURE_HINT}
    yield looked(rng, "fooling_images", "sure", 2, (0.1, 0.06, 1), hint, count=8)
    yield reached(rng)
    yield without_graph(rng, "fooling_images", 0.1, 0.05, 2)


def reached(rng: Generator) -> Case:
    """Targets that the network names before the first step."""
    (images, _), seed = some(rng), seed_from(rng)
    with torch.no_grad():
        targets = MAKERS["smooth"](seed)(images).argmax(dim=1)
    hint = "All steps are made, also where the network says the target already."
    text = "fooling_images(model, images, what the model says of them, 0.2, 0.05, 3)"
    args = ("smooth", seed, images, targets, 0.2, 0.05, 3)
    probe = ask(about, "fooling_images", *args, text=text)
    return Case("targets that are reached already", probe, hint, TYPED)


@check.hidden("fooling_images")
def other_searches(rng: Generator) -> Iterator[Case]:
    yield looked(rng, "fooling_images", "grey", 1, (0.2, 0.05, whole(rng, 5, 8)), weight=2)
    yield looked(rng, "fooling_images", "with kinks", 2, (0.1, 0.06, 3))
    yield reached(rng)
