"""Checks of `make_vgg`: parameters exactly, values at a small width."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Network
from course.checks import Case, ask, same
from course.checks.dropping import DroppedInputs
from course.checks.inputs import normal, seed_from, whole
from course.checks.kinds import Kind
from course.checks.modules import filled
from course.labs.lab04_vgg.questions.builder import (
    WIDTH,
    dropped,
    from_columns,
    parts,
    scores_of,
    sizes_in_order,
    totals,
)

from .book import DEEP, check
from .columns import PARAMETERS, Entry, column_of
from .table_network import TableNetwork, torchvision_model

SHORT: list[Entry] = [64, 96, "M", 128, "M"]
SHORT_LRN: list[Entry] = [96, "LRN", "M", 128, "M"]
SHORT_ONES: list[Entry] = [64, "M", 96, (128, 1), "M"]
LRN_HINT = (
    '"LRN" is AlexNet\'s normalisation, after the ReLU, with its constants: k = 2 among them.'
)
VALUES_HINT = (
    "The counts can be right where the scores are not: look at the order of layers, at padding, "
    "pooling and ReLU."
)
ONES_HINT: Mapping[Kind, str] = {
    "values": "A pair (channels, kernel) is a convolution like the others, with a ReLU after it.",
    "raised": "Is a pair (channels, kernel) taken apart? And what padding keeps the size with 1×1?",
    "shape": "What padding keeps the size with a 1×1?",
}
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


MIXED: list[Entry] = [64, "LRN", "M", (96, 1), 128, "M"]
CONTRACT = Network(
    lambda rng: (MIXED, whole(rng, 3, 12), WIDTH),
    lambda rng, N=2, H=28: normal(rng, N, 3, H, H),
    variants={
        "column D": ("D",),
        "column E, seven classes": ("E", 7),
        "a width of 0.3": (OURS, 1000, 0.3),
        "a tiny width": (OURS, 5, 0.0001),
    },
    random=True,
    adapter=from_columns,
    judge=DEEP,
    hints={
        "sizes of column D, column E, seven classes, a width of 0.3, a tiny width": "Channels and "
        "hidden units are max(1, round(width * number)); the image keeps its 3 channels, the "
        "scores their num_classes.",
    },
)


@check.define(
    contract=CONTRACT,
    forbids=["VGG", "make_layers", "vgg11", "vgg13", "vgg16", "vgg19", "get_model"],
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
    yield _full({"A": "A", "B": "B"})
    classes, seed = whole(rng, 3, 12), seed_from(rng)
    text = f"scores of column D, width 1/16, {classes} classes, weights as in torchvision's VGG-16"
    images = normal(rng, 1, 3, 224, 224)
    yield Case(
        "equal to torchvision's VGG-16",
        ask(scores_of, NAME, "D", classes, seed, images, text=text),
        VALUES_HINT,
        DEEP,
        _torchvision_scores("D", classes, seed, images),
        weight=3,
    )
    small = normal(rng, 2, 3, 28, 28)
    for column, title, hint in (
        (SHORT, "a short column", VALUES_HINT),
        (SHORT_LRN, "a short column with LRN", LRN_HINT),
        (SHORT_ONES, "a short column with 1×1", ONES_HINT),
    ):
        text = f"{column}, images (2, 3, 28, 28), width 1/16: scores and their gradient"
        probe = ask(scores_of, NAME, column, classes, seed, small, text=text)
        yield Case(title, probe, hint, DEEP, weight=2)
    yield _parts(SHORT, seed_from(rng), small)
    text = f"{SHORT_ONES}, width 1/16: [outputs, inputs of one] of the weights in parameters()"
    yield Case(
        "layers in the order in which they run",
        ask(sizes_in_order, NAME, SHORT_ONES, text=text),
        "parameters() has layers in the order in which they became parts of the model: "
        "`features` first, from the image upwards, then `classifier`.",
        same(),
    )
    yield _dropout(rng)


NAME = "make_vgg"


def _parts(column: list[Entry], seed: int, images: Tensor) -> Case:
    text = f"{column}, width 1/16: model.features, then model.classifier, and the model"
    return Case(
        "features and classifier",
        ask(parts, NAME, column, seed, images, text=text),
        {
            "raised": "`features` goes from images to maps of 7 × 7, if convolutions keep the "
            "size; `classifier` takes them flat.",
            "values": "Nothing stands between the parts but the flattening.",
            "shape": "`features` gives maps, `classifier` takes them flat.",
        },
        DEEP,
    )


def _dropout(rng: Generator) -> Case:
    images = normal(rng, 8, 3, 28, 28)
    text = f"{SHORT} at width 1/16: which inputs of its layers are dropped, in 40 passes"
    return Case(
        "dropout of both hidden layers, in training only",
        ask(dropped, NAME, SHORT, seed_from(rng), images, 40, text=text),
        "Dropout 0.5 after each of the two hidden layers, as a layer that knows the mode.",
        DroppedInputs(),
        [{"size": [256, 256], "p": 0.5}, {"size": [9, 256], "p": 0.5}],
        weight=2,
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
    probe = ask(scores_of, NAME, column, classes, seed, images, 0.1, text=text)
    yield Case("a column of our own", probe, "Nothing but the column decides.", DEEP, weight=2)
    yield _full({name: column_of(name) for name in ("A-LRN", "C")})
