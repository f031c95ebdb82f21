"""Checks of `LeNet`, the modern form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Network
from course.checks import Case, ask, same
from course.checks.inputs import normal, seed_from, uniform
from course.labs.lab02_lenet.questions.modern import classes_counted, logits_of
from course.labs.lab02_lenet.questions.modules import starts_out_of_scale

from .book import START_HINT, TIGHT, check
from .sparse import Sparse

Stage = Callable[[Tensor], Tensor]
LAYERS = ("c1", "c3", "c5", "f6", "output")


def _largest_of_four(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 2)


def _mean_of_four(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 2)


class Modern(nn.Module):
    """LeNet with ReLU, max pooling and logits; the arguments are the places where it can go wrong.

    (N, 1, 32, 32) -> (N, num_classes)
    """

    def __init__(
        self,
        num_classes: int = 10,
        *,
        activation: Stage = F.relu,
        pool: Stage = _largest_of_four,
        active: str = "c1 c3 c5 f6",
        softmax: Stage | None = None,
        bias: bool = True,
        sparse_c3: bool = False,
    ) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5, bias=bias)
        self.c3 = Sparse() if sparse_c3 else nn.Conv2d(6, 16, 5, bias=bias)
        self.c5 = nn.Conv2d(16, 120, 5, bias=bias)
        self.f6 = nn.Conv2d(120, 84, 1, bias=bias)
        self.output = nn.Conv2d(84, num_classes, 1, bias=bias)
        self.activation, self.pool, self.active, self.softmax = activation, pool, active, softmax

    def forward(self, x: Tensor) -> Tensor:
        """All layers as convolutions, down to one place."""
        for name in LAYERS:
            x = getattr(self, name)(x)
            x = self.activation(x) if name in self.active else x
            x = self.pool(x) if name in ("c1", "c3") else x
        return self.softmax(x.flatten(1)) if self.softmax else x.flatten(1)


def _wrong_lenet(**fault: Any) -> dict[str, Any]:
    return {"LeNet": partial(Modern, **fault)}


def _images(rng: Generator, N: int = 3, far: float = 2.0) -> Tensor:
    return uniform(rng, N, 1, 32, 32, low=-far, high=far)


CONTRACT = Network(
    lambda rng: (7,),
    _images,
    edges={"one image": {"N": 1}, "images of large numbers": {"far": 200.0}},
    variants={"ten classes": (10,), "a hundred classes": (100,), "one class": (1,)},
    shape=(2, 1, 32, 32),
    apart=8.0,
    share=0.4,
)


@check.define(
    name="LeNet",
    contract=CONTRACT,
    oracle={"LeNet": Modern},
    mistakes=[
        Mistake(
            "tanh",
            _wrong_lenet(activation=torch.tanh),
            "That was 1998. The modern form has ReLU.",
        ),
        Mistake(
            "average_pooling",
            _wrong_lenet(pool=_mean_of_four),
            "The modern form takes the largest of the four, not their mean.",
        ),
        Mistake(
            "tanh_and_average",
            _wrong_lenet(activation=torch.tanh, pool=_mean_of_four),
            "Activation and pooling are those of 1998, or nearly. The table says what changed.",
        ),
        Mistake(
            "activation_on_logits",
            _wrong_lenet(active="c1 c3 c5 f6 output"),
            "Logits may be negative: nothing comes after the last layer.",
        ),
        Mistake(
            "softmax",
            _wrong_lenet(softmax=lambda x: x.softmax(1)),
            "The softmax is part of cross_entropy. A network returns logits.",
        ),
        Mistake(
            "log_softmax",
            _wrong_lenet(softmax=lambda x: x.log_softmax(1)),
            "The softmax is part of cross_entropy. A network returns logits.",
        ),
        Mistake(
            "dense_layers_linear",
            _wrong_lenet(active="c1 c3"),
            "Two linear layers without a function between them are one (lab 1).",
        ),
        Mistake(
            "convolutions_linear",
            _wrong_lenet(active="c5 f6"),
            "What comes between a convolution and its pooling?",
        ),
        Mistake(
            "sparse_c3",
            _wrong_lenet(sparse_c3=True),
            "900 parameters are missing: C3 is dense in the modern form.",
        ),
        Mistake(
            "no_biases",
            _wrong_lenet(bias=False),
            "236 parameters are missing: those are the biases.",
        ),
    ],
)
def lenet(rng: Generator) -> Iterator[Case]:
    """The modern form: ReLU, max pooling, dense C3, logits."""
    yield Case(
        "61,706 parameters, and 85 for each further class",
        ask(
            classes_counted,
            "LeNet",
            [10, 7, 100],
            text="parameters of LeNet(num_classes=10, 7, 100)",
        ),
        "156 + 2,416 + 48,120 + 10,164 + 850 with ten classes. Which layer differs?",
        same(),
    )
    yield lenet_case(rng, "logits and gradients of three images", 3, 10, 4)
    yield lenet_case(rng, "one image, seven classes", 1, 7, 1)
    yield Case(
        "its weights start neither tiny nor huge",
        ask(starts_out_of_scale, "LeNet", text="the root mean square of each weight of LeNet()"),
        START_HINT,
        same(),
    )


def lenet_case(rng: Generator, title: str, count: int, classes: int, weight: float) -> Case:
    """Values and gradients of the modern form on ``count`` images."""
    x, upstream = normal(rng, count, 1, 32, 32), normal(rng, count, classes)
    text = f"LeNet(num_classes={classes}) on x {(count, 1, 32, 32)}, with given weights"
    return Case(
        title,
        ask(logits_of, "LeNet", classes, seed_from(rng), x, upstream, text=text),
        "Convolution, ReLU, pooling, twice; three linear layers; no function after the last one.",
        TIGHT,
        weight=weight,
    )


@check.hidden("LeNet")
def thirteen_classes(rng: Generator) -> Iterator[Case]:
    yield lenet_case(rng, "thirteen classes", 4, 13, 1)
