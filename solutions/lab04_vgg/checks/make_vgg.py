"""Checks of `make_vgg`: parameters exactly, values at a small width."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from course.checks import Case, ask, same
from course.checks.inputs import normal, seed_from, whole
from course.checks.modules import filled
from course.labs.lab04_vgg.questions import WIDTH, moods, parts, scores_of, shapes_of, totals

from .book import DEEP, check
from .columns import PARAMETERS, Entry, column_of
from .table_network import TableNetwork, torchvision_model

SHORT: list[Entry] = [64, 96, "M", 128, "M"]
SHORT_LRN: list[Entry] = [96, "LRN", "M", 128, "M"]
SHORT_ONES: list[Entry] = [64, "M", 96, (128, 1), "M"]
LRN_HINT = (
    '"LRN" is AlexNet\'s normalisation, after the ReLU, with its constants: k = 2 among them.'
)
ORDER_HINT = (
    "The parameters are filled in the order of parameters(): features first, each weight "
    "before its bias. Look at the order of layers, at padding and at ReLU."
)
OURS: list[Entry] = [48, "LRN", "M", 96, (160, 1), "M", (64, 5), "M"]


@torch.no_grad()
def _torchvision_scores(name: str, num_classes: int, seed: int, images: Tensor) -> dict[str, Any]:
    model = filled(torchvision_model(column_of(name), num_classes, WIDTH), seed)
    return {"scores": model(images)}


def _slipping(name: str) -> Callable[..., nn.Module]:
    def make(column: list[Entry], num_classes: int = 1000, width: float = 1.0) -> nn.Module:
        return TableNetwork(column, num_classes, width, **{name: True})

    return make


def _slip(name: str, hint: str) -> Mistake:
    return Mistake(name, {"make_vgg": _slipping(name)}, hint)


@check.define(
    oracle={"make_vgg": TableNetwork},
    mistakes=[
        _slip("no_relu", "After each convolution comes a ReLU: else the whole stack is linear."),
        _slip("linear_head", "The two hidden fully connected layers have a ReLU too."),
        _slip("relu_at_end", "The scores have no ReLU: they may be negative."),
        _slip("softmax", "The model returns scores. The softmax is in the loss already."),
        _slip("average_pool", "VGG takes the maximum of each 2×2 window."),
        _slip("all_3x3", "A pair (channels, kernel) has a kernel of its own: padding too."),
        _slip("no_bias", "The paper's convolutions have biases."),
        _slip("no_lrn", '"LRN" is a layer: local response normalisation, as in AlexNet.'),
        _slip("lrn_average", "Lab 3: PyTorch's layer averages the squares. The paper sums them."),
        _slip("lrn_k", "AlexNet's constants are k = 2, n = 5, α = 1e-4, β = 0.75."),
        _slip("lrn_first", "The order is convolution, ReLU, normalisation, pooling."),
        _slip("one_hidden", "Three fully connected layers: two hidden ones and the scores."),
        _slip("width_ignored", "The hidden fully connected layers follow the width, too."),
        _slip(
            "classes_ignored", "The last layer always has 1000 outputs: num_classes says how many."
        ),
        _slip("no_dropout", "In training half of the hidden fully connected units are dropped."),
    ],
)
def make_vgg(rng: Generator) -> Iterator[Case]:
    """All six networks from their columns: parameters exactly, and values at a small width."""
    yield from _counts(rng)
    classes, seed = whole(rng, 3, 12), seed_from(rng)
    images = normal(rng, 1, 3, 224, 224)
    text = f"scores of column D, width 1/16, {classes} classes, weights as torchvision's VGG-16"
    yield Case(
        "equal to torchvision's VGG-16",
        ask(scores_of, "make_vgg", "D", classes, seed, images, text=text),
        ORDER_HINT,
        DEEP,
        _torchvision_scores("D", classes, seed, images),
        weight=3,
    )
    small = normal(rng, 2, 3, 28, 28)
    for column, title, hint in (
        (SHORT, "a short column", ORDER_HINT),
        (SHORT_LRN, "a short column with LRN", LRN_HINT),
        (SHORT_ONES, "a short column with 1×1", "What padding keeps the size with a 1×1?"),
    ):
        text = f"{column}, images (2, 3, 28, 28), width 1/16: scores and their gradient"
        probe = ask(scores_of, "make_vgg", column, classes, seed, small, text=text)
        yield Case(title, probe, hint, DEEP, weight=2)
    text = f"{SHORT} at width 1/16: two passes in training mode, two in evaluation mode"
    yield Case(
        "dropout in training only",
        ask(moods, "make_vgg", SHORT, seed, small, text=text),
        "Dropout 0.5 after each of the two hidden layers, as a layer that knows the mode.",
        same(),
    )


def _counts(rng: Generator) -> Iterator[Case]:
    yield _full({"A": "A", "B": "B"}, weight=2)
    yield _full({"D": "D", "E": "E"})
    classes, width = whole(rng, 5, 300), whole(rng, 3, 30) / 32
    text = f"shapes of all parameters of {OURS}, {classes} classes, width {width:g}"
    yield Case(
        "another width, other classes",
        ask(shapes_of, "make_vgg", OURS, classes, width, text=text),
        "Channels and hidden units are round(width × number), at least 1; the image keeps 3.",
        same(),
    )
    yield Case(
        "features and classifier",
        ask(parts, "make_vgg", "B", text="model.features, then model.classifier, of column B"),
        "The model has two parts of these names: features (maps), classifier (flat vectors).",
        same(),
    )


def _full(columns: Mapping[str, Any], weight: float = 1.0) -> Case:
    """Parameters of full networks; a visible check names torchvision's columns by their letters,
    since a copy of the table is another exercise's answer.
    """
    names = " and ".join(columns)
    return Case(
        f"parameters of {names}",
        ask(totals, "make_vgg", columns, text=f"parameters of {names}, full width"),
        "Convolutions with biases; then 512·7·7 → 4096 → 4096 → 1000, with biases. "
        "Print the shapes of model.parameters().",
        same(),
        {name: PARAMETERS[name] for name in columns},
        weight,
    )


@check.hidden("make_vgg")
def further_columns(rng: Generator) -> Iterator[Case]:
    column = [32, (96, 1), "LRN", "M", (64, 5), 160, "M", 192, "M"]
    classes, seed = whole(rng, 2, 9), seed_from(rng)
    text = "a column of our own, with a 5×5, width 1/10: scores and gradient"
    images = normal(rng, 2, 3, 56, 56)
    probe = ask(scores_of, "make_vgg", column, classes, seed, images, 0.1, text=text)
    yield Case("a column of our own", probe, "Nothing but the column decides.", DEEP, weight=2)
    text = "shapes of all parameters of column E at width 0.1"
    shapes = ask(shapes_of, "make_vgg", column_of("E"), classes, 0.1, text=text)
    yield Case("column E at width 0.1", shapes, judge=same())
    yield _full({name: column_of(name) for name in ("A-LRN", "C")})
