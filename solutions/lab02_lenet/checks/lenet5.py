"""Checks of `LeNet5`, the network of 1998."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from course.checks import Case, ask, close, same
from course.checks.inputs import mixed, uniform
from course.labs.lab02_lenet.questions.modules import parameters_of, starts_out_of_scale
from course.labs.lab02_lenet.questions.networks import codes_kept, learning

from .book import START_HINT, check, fan_in_scaled, signs
from .layers import Layer, single
from .rbf_penalties import squared_distances
from .sparse import Sparse, dense
from .subsampling import Pooling, box, squashed, squashed_box

LAYERS = ("c1", "s2", "c3", "s4", "c5", "f6")
MAPS = {"c1": (6, 1, 1), "c3": (16, 6, 2), "c5": (120, 16, 16)}
"""Maps out, maps in, and from how many of them the question lets each map out read."""


PENALTIES = close(1e-4, 1e-3)
"""A sum over 84 units in float32, and gradients that are sums over all places."""


def codes_of(rng: Generator, classes: int) -> Tensor:
    """Codes of ±1 as the notebook has them, float32 ``(K, 84)``."""
    return signs(rng, classes, 84).float()


def lenet5_weights(rng: Generator) -> dict[str, Tensor]:
    """Weights of a LeNet-5, by layer, none of them saturating a unit; float64."""
    weights = {
        name: fan_in_scaled(rng, maps_out, maps_in, 5, 5, fan_in=25 * read)
        for name, (maps_out, maps_in, read) in MAPS.items()
    }
    weights["f6"] = fan_in_scaled(rng, 84, 120)
    biases = {
        f"{name} bias": mixed(rng, len(one), low=0.05, high=0.5) for name, one in weights.items()
    }
    pools = {
        f"{layer} {part}": mixed(rng, count, low=0.1, high=0.8)
        for layer, count in (("s2", 6), ("s4", 16))
        for part in ("coefficient", "bias")
    }
    return {**weights, **biases, **pools}


class Net1998(nn.Module):
    """LeNet-5; the arguments are the places where it can go wrong.

    (N, 1, 32, 32) -> (N, K)
    """

    def __init__(
        self,
        codes: Tensor,
        *,
        squash_after: str = "c1 s2 c3 s4 c5 f6",
        distance: Callable[[Tensor, Tensor], Tensor] = squared_distances,
        activation: Callable[[Tensor], Tensor] = squashed,
        pool: Callable[[Tensor, Tensor, Tensor], Tensor] = box,
        c3: Callable[[], nn.Module] = Sparse,
    ) -> None:
        super().__init__()
        self.c1, self.s2 = nn.Conv2d(1, 6, 5), Pooling(6, pool)
        self.c3, self.s4 = c3(), Pooling(16, pool)
        self.c5, self.f6 = nn.Conv2d(16, 120, 5), nn.Conv2d(120, 84, 1)
        self.codes = nn.Parameter(codes, requires_grad=False)
        self.squash_after, self.activation, self.distance = squash_after, activation, distance

    def forward(self, x: Tensor) -> Tensor:
        """All layers as convolutions, down to one place."""
        for name in LAYERS:
            x = getattr(self, name)(x)
            x = self.activation(x) if name in self.squash_after else x
        return self.distance(x.flatten(1), self.codes)


def _wrong_lenet5(**fault: Any) -> dict[str, Any]:
    return {"LeNet5": partial(Net1998, **fault)}


LENET5_MISTAKES = [
    Mistake(
        "f6_not_squashed",
        _wrong_lenet5(squash_after="c1 s2 c3 s4 c5"),
        "F6 has a squashing function too: without it its units could never be compared with ±1.",
    ),
    Mistake(
        "convolutions_not_squashed",
        _wrong_lenet5(squash_after="s2 s4 f6"),
        "The maps of C1, C3 and C5 go through the squashing function as well.",
    ),
    Mistake(
        "c1_c3_not_squashed",
        _wrong_lenet5(squash_after="s2 s4 c5 f6"),
        "The maps of C1 and C3 go through the squashing function as well.",
    ),
    Mistake(
        "c5_not_squashed",
        _wrong_lenet5(squash_after="c1 s2 c3 s4 f6"),
        "C5 is a convolution as the others are: what follows it?",
    ),
    Mistake(
        "only_subsampling_squashed",
        _wrong_lenet5(squash_after="s2 s4"),
        "Only S2 and S4 squash in your network. The paper squashes up to F6.",
    ),
    Mistake(
        "plain_tanh",
        _wrong_lenet5(activation=torch.tanh),
        "Nearly: the squashing function is not a plain tanh.",
    ),
    Mistake(
        "relu",
        _wrong_lenet5(activation=F.relu),
        "ReLU is for the modern form. In 1998 the units are squashed.",
    ),
    Mistake(
        "root_taken",
        _wrong_lenet5(distance=torch.cdist),
        "The output is the squared distance.",
    ),
    Mistake(
        "negative",
        _wrong_lenet5(distance=lambda x, c: -squared_distances(x, c)),
        "The output is a penalty: 0 for a perfect fit, positive else.",
    ),
    Mistake(
        "dot_product",
        _wrong_lenet5(distance=lambda x, c: x @ c.T),
        "The output compares F6 with each code by a squared distance, not by a dot product.",
    ),
    Mistake(
        "squashed_twice",
        _wrong_lenet5(pool=squashed_box),
        "Subsampling squashes already. Is its output squashed once more?",
    ),
    Mistake(
        "dense_c3",
        _wrong_lenet5(c3=dense),
        "60,900 parameters: 900 too many, all in C3.",
    ),
]


CONTRACT = Layer(
    lambda rng: (codes_of(rng, 10),),
    lenet5_weights,
    (3, 1, 32, 32),
    lambda shape: (shape[0], 10),
    judge=PENALTIES,
)


@check.define(
    name="LeNet5", oracle={"LeNet5": Net1998}, mistakes=LENET5_MISTAKES, contract=CONTRACT
)
def lenet5(rng: Generator) -> Iterator[Case]:
    """The network of 1998: 60,000 trained parameters, ten penalties."""
    codes = codes_of(rng, 10)
    yield Case(
        "60,000 trained parameters",
        ask(parameters_of, "LeNet5", codes, text="trained parameters of LeNet5(codes)"),
        "156 + 12 + 1,516 + 32 + 48,120 + 10,164. Print the count of each of your layers. The "
        "codes are fixed and do not count.",
        same(),
    )
    others, x = -codes, single(rng, 2, 1, 32, 32)
    text = "numbers trained in LeNet5(codes); its state_dict in LeNet5(-codes), on x (2, 1, 32, 32)"
    yield Case(
        "the codes are fixed, and saved with the weights",
        ask(codes_kept, "LeNet5", codes, others, lenet5_weights(rng), x, text=text),
        "Where other cases fail as well, mend those first: this one looks at the penalties, too. "
        "And a tensor that belongs to a module and is not trained: look up register_buffer. "
        "Kernels start as random numbers: those that start alike stay alike.",
        PENALTIES,
    )
    yield lenet5_case(rng, "penalties and gradients of three images", 3, 4)
    yield lenet5_case(rng, "a batch of one", 1, 1)
    yield lenet5_case(rng, "thirteen codes", 2, 1, classes=13)
    text = "the root mean square of each weight of LeNet5(codes)"
    yield Case(
        "its weights start neither tiny nor huge",
        ask(starts_out_of_scale, "LeNet5", codes, text=text),
        START_HINT,
        same(),
        weight=0.5,
    )


def lenet5_case(rng: Generator, title: str, count: int, weight: float, classes: int = 10) -> Case:
    """Penalties and gradients of ``count`` images, with weights copied in."""
    x, upstream = single(rng, count, 1, 32, 32), _upstream(rng, count, classes)
    inputs = ("LeNet5", (codes_of(rng, classes),), lenet5_weights(rng), x, upstream)
    return Case(
        title,
        ask(learning, "LeNet5", *inputs, text=f"LeNet5(codes) on x {tuple(x.shape)}"),
        "Follow one image through the layers with print(x.shape). What comes after each layer?",
        PENALTIES,
        weight=weight,
    )


def _upstream(rng: Generator, count: int, classes: int) -> Tensor:
    return uniform(rng, count, classes, low=-0.04, high=0.04, dtype=torch.float32)


@check.hidden("LeNet5")
def seven_codes(rng: Generator) -> Iterator[Case]:
    yield lenet5_case(rng, "seven codes", 2, 1, classes=7)
