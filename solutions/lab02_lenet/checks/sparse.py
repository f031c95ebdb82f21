"""Checks of `C3Convolution`, the sparse convolution, whose wiring impulses find out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from course.checks import Case, ask, same
from course.checks.inputs import integers, normal
from course.labs.lab02_lenet.judges import Connected, Counted, seal
from course.labs.lab02_lenet.questions.wires import (
    KERNEL,
    MAPS_IN,
    MAPS_OUT,
    connected,
    parameters_and_connections,
    weights_in_use,
)

from .book import SINGLE, check, fan_in_scaled
from .c3_connections import RIGHT, in_row, wired
from .layers import Layer, Shape


class Sparse(nn.Module):
    """C3 from the grouped convolution of copied maps: one group for each connection.

    (N, 6, H, W) -> (N, 16, H-4, W-4). The arguments are the places where it can go wrong.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[int]] = RIGHT,
        biases: int = MAPS_OUT,
        shared: bool = False,
    ) -> None:
        super().__init__()
        pairs = [(into, out) for out, group in enumerate(groups) for into in group]
        self.into, self.out = torch.tensor(pairs).T
        self.weight = nn.Parameter(torch.rand(MAPS_OUT if shared else len(pairs), 1, 5, 5) / 8)
        self.bias = nn.Parameter(torch.rand(biases)) if biases else None
        self.shared = shared

    def forward(self, x: Tensor) -> Tensor:
        """Convolve each connection alone, then add up what runs into the same map."""
        weight = self.weight[self.out] if self.shared else self.weight
        bias = self.bias if self.bias is not None and len(self.bias) == len(self.into) else None
        each = F.conv2d(x[:, self.into], weight, bias, groups=len(self.into))
        sums = each.new_zeros(len(x), MAPS_OUT, *each.shape[2:]).index_add(1, self.out, each)
        return sums if self.bias is None or bias is not None else sums + self.bias[:, None, None]


class Masked(nn.Conv2d):
    """A dense convolution whose weights a mask hides."""

    def __init__(self) -> None:
        super().__init__(MAPS_IN, MAPS_OUT, KERNEL)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with what the mask leaves."""
        return F.conv2d(x, self.weight * wired()[:, :, None, None], self.bias)


dense = partial(nn.Conv2d, MAPS_IN, MAPS_OUT, KERNEL)


def kernels_and_biases(rng: Generator) -> dict[str, Tensor]:
    """Random kernels, of which those act that there is a connection for; float64."""
    return {
        "kernels": fan_in_scaled(rng, MAPS_OUT, MAPS_IN, KERNEL, KERNEL),
        "biases": normal(rng, MAPS_OUT),
    }


CONTRACT = Layer(
    lambda rng: (),
    kernels_and_biases,
    (3, MAPS_IN, 6, 7),
    lambda shape: (shape[0], MAPS_OUT, shape[2] - 4, shape[3] - 4),
    edges={
        "one image, one place": (1, MAPS_IN, 5, 5),
        "higher than wide": (2, MAPS_IN, 11, 5),
    },
)


def convolution_case(rng: Generator, title: str, shape: Shape, weight: float) -> Case:
    """Output and gradients with random kernels."""
    return Case(
        title,
        CONTRACT.gradients("C3Convolution", rng, shape, True),
        "Each output map is an ordinary 5×5 convolution of its own input maps, plus its bias.",
        SINGLE,
        weight=weight,
    )


def _wrong(made_by: Callable[[], nn.Module]) -> dict[str, Any]:
    return {"C3Convolution": made_by}


@check.define(
    name="C3Convolution",
    oracle={"C3Convolution": Sparse},
    contract=CONTRACT,
    mistakes=[
        Mistake(
            "masked",
            _wrong(Masked),
            "900 weights too many: those of the 36 connections that table I leaves out. A mask "
            "hides them, but they exist. Only weights that act should be parameters.",
        ),
        Mistake(
            "dense",
            _wrong(dense),
            "This is the dense convolution of 6 to 16 maps. Which of its kernels should not exist?",
        ),
        Mistake(
            "no_biases",
            _wrong(partial(Sparse, biases=0)),
            "1,500 weights are right. What else does each output map have?",
        ),
        Mistake(
            "a_bias_for_each_connection",
            _wrong(partial(Sparse, biases=60)),
            "60 biases: one for each connection. Each output map needs one, however many inputs "
            "it has.",
        ),
        Mistake(
            "cut_at_the_edge",
            _wrong(partial(Sparse, [*in_row(3, 6), *in_row(4, 6), *RIGHT[12:]])),
            "After map 5 comes map 0: the six maps stand in a circle.",
        ),
        Mistake(
            "the_first_maps",
            _wrong(partial(Sparse, [range(len(row)) for row in RIGHT])),
            "The numbers of inputs are right, but every map takes the first ones. Which maps "
            "should be cut out of x?",
        ),
        Mistake(
            "kernels_shared",
            _wrong(partial(Sparse, shared=True)),
            "The maps of a group share one kernel. Each connection has its own 5×5 weights.",
        ),
    ],
)
def c3_convolution(rng: Generator) -> Iterator[Case]:
    """The sparse convolution of LeNet-5: connections, weights, values, gradients."""
    yield Case(
        "exactly 1,516 parameters",
        ask(parameters_and_connections, "C3Convolution", text="parameters of C3Convolution()"),
        "6 · 3 + 6 · 4 + 3 · 4 + 6 connections of 25 weights, and 16 biases. Are all modules "
        "registered (nn.ModuleList, not a plain list)?",
        Counted(),
        weight=2,
    )
    shown = integers(rng, 1, MAPS_IN, KERNEL, KERNEL, low=-9, high=9, dtype=torch.float32)
    text = "which input map reaches which output map of C3"
    yield Case(
        "the table of connections",
        ask(connected, "C3Convolution", shown, text=text),
        "An impulse on one input map may only come out in the maps that see it.",
        Connected("the connections of table I"),
        seal(wired()),
        3,
    )
    yield Case(
        "each weight acts in one place, and starts at random",
        ask(
            weights_in_use,
            "C3Convolution",
            text="weights and biases of C3 that act; how they start",
        ),
        "Each of the 60 connections has 25 weights of its own, each output map one bias. Each "
        "kernel starts as random numbers of its own: those that start alike stay alike, those "
        "that start large saturate what comes after.",
        same(),
        weight=2,
    )
    yield convolution_case(rng, "values and gradients on 14×14, as in LeNet-5", (2, 6, 14, 14), 3)
    yield convolution_case(rng, "a large map that is not square", (1, 6, 19, 16), 1)


@check.hidden("C3Convolution")
def a_batch_of_three(rng: Generator) -> Iterator[Case]:
    yield convolution_case(rng, "a batch of three, 8×12", (3, 6, 8, 12), 1)
