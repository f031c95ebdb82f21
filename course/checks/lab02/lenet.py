"""Checks of lab 2: LeNet in its modern form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course.checks import (
    Case,
    Mistake,
    ProbeError,
    ask,
    same,
    wording,
)
from course.checks.lab02.basis import (
    TIGHT,
    Formula,
    Weights,
    answers_of,
    answers_of_formula,
    check,
    fan_in_scaled,
    in_float64,
    normal,
    parameters_of,
    set_parameter,
)

MODERN = {"c1": (6, 1, 5, 5), "c3": (16, 6, 5, 5), "c5": (120, 400), "f6": (84, 120)}


def lenet_weights(rng: Generator, classes: int) -> dict[str, Tensor]:
    """Weights of the modern form in the order in which they are used; float64."""
    shapes = {**MODERN, "output": (classes, 84)}
    weights: dict[str, Tensor] = {}
    for name, shape in shapes.items():
        weights[name] = fan_in_scaled(rng, *shape) * 1.4
        weights[f"{name} bias"] = normal(rng, shape[0]) * 0.3
    return weights


Stage = Callable[[Tensor], Tensor]


def _lenet(
    activation: Stage = F.relu,
    pool: Stage = lambda x: F.max_pool2d(x, 2),
    active: str = "c1 c3 c5 f6",
    last: Stage = lambda x: x,
    extra: int = 0,
) -> Formula:
    """The modern form as a formula; the arguments are the places where it can go wrong."""

    def compute(w: Weights, x: Tensor) -> Tensor:
        def layer(value: Tensor, name: str) -> Tensor:
            if name in ("c1", "c3"):
                value = F.conv2d(value, w[name], w[f"{name} bias"])
            else:
                value = F.linear(value.flatten(1), w[name], w[f"{name} bias"])
            value = activation(value) if name in active else value
            return pool(value) if name in ("c1", "c3") else value

        return last(reduce(layer, (*MODERN, "output"), x))

    return Formula(61_706 + extra, compute)


def logits_of(made_by: Any, classes: int, weights: Weights, x: Tensor, upstream: Tensor) -> Any:
    """Logits of a LeNet with these weights, and gradients at the image and at every weight."""
    if isinstance(made_by, Formula):
        return answers_of_formula(made_by, weights, x, upstream, ("x", *weights))
    model = in_float64(made_by(num_classes=classes))
    leaves = _fill_in_order(model, weights)
    found = answers_of(model(x.requires_grad_()), upstream, {"x": x, **leaves})
    shapes = {f"gradient at {name}": one.shape for name, one in weights.items()}
    return {key: one.reshape(shapes.get(key, one.shape)) for key, one in found.items()}


def _fill_in_order(model: nn.Module, weights: Weights) -> dict[str, Tensor]:
    own = list(model.named_parameters())
    if len(own) != len(weights):
        raise ProbeError(
            f"expected {len(weights)} parameters, weight and bias of five layers in the order of "
            f"use; found {len(own)}: {wording.shortened(', '.join(name for name, _ in own), 200)}"
        )
    return {
        name: set_parameter(one, weights[name], own_name)
        for name, (own_name, one) in zip(weights, own, strict=True)
    }


def classes_counted(made_by: Any, classes: Sequence[int]) -> list[Any]:
    """How many numbers the network learns for each number of classes."""
    if isinstance(made_by, Formula):
        return [made_by.parameters + 85 * (count - 10) for count in classes]
    return [parameters_of(partial(made_by, num_classes=count)) for count in classes]


def _wrong_lenet(**fault: Any) -> dict[str, Any]:
    return {"LeNet": _lenet(**fault)}


@check.define(
    name="LeNet",
    oracle={"LeNet": _lenet()},
    mistakes=[
        Mistake(
            "tanh",
            _wrong_lenet(activation=torch.tanh),
            "That was 1998. The modern form has ReLU.",
        ),
        Mistake(
            "average_pooling",
            _wrong_lenet(pool=lambda x: F.avg_pool2d(x, 2)),
            "The modern form takes the largest of the four, not their mean.",
        ),
        Mistake(
            "tanh_and_average",
            _wrong_lenet(activation=torch.tanh, pool=lambda x: F.avg_pool2d(x, 2)),
            "Activation and pooling are those of 1998, or nearly. The table says what changed.",
        ),
        Mistake(
            "activation_on_logits",
            _wrong_lenet(active="c1 c3 c5 f6 output"),
            "Logits may be negative: nothing comes after the last layer.",
        ),
        Mistake(
            "softmax",
            _wrong_lenet(last=lambda x: x.softmax(1)),
            "The softmax is part of cross_entropy. A network returns logits.",
        ),
        Mistake(
            "log_softmax",
            _wrong_lenet(last=lambda x: x.log_softmax(1)),
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
            _wrong_lenet(extra=-900),
            "900 parameters are missing: C3 is dense in the modern form.",
        ),
        Mistake(
            "no_biases",
            _wrong_lenet(extra=-236),
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
        [61_706, 61_451, 69_356],
        2,
    )
    yield lenet_case(rng, "logits and gradients of three images", 3, 10, 4)
    yield lenet_case(rng, "one image, seven classes", 1, 7, 1)


def lenet_case(rng: Generator, title: str, count: int, classes: int, weight: float) -> Case:
    """Values and gradients of the modern form on ``count`` images."""
    weights, x = lenet_weights(rng, classes), normal(rng, count, 1, 32, 32)
    text = f"LeNet(num_classes={classes}) on x {(count, 1, 32, 32)}, with given weights"
    return Case(
        title,
        ask(logits_of, "LeNet", classes, weights, x, normal(rng, count, classes), text=text),
        "Layers in the order of use; convolution, ReLU, pooling; no function after the last one.",
        TIGHT,
        weight=weight,
    )
