"""Checks of `conv_parameters`: what a convolution learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import Generator, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, same
from course.checks.inputs import whole
from course.checks.modules import count
from course.labs.lab02_lenet.questions.functions import counts

from .book import check


def _counted(in_channels: int, out_channels: int, kernel: int, bias: bool = True) -> int:
    """Let torch make the layer, without memory, and count."""
    layer = nn.Conv2d(in_channels, out_channels, kernel, bias=bool(bias), device="meta")
    return count(layer.parameters())


def _wrong_count(formula: Callable[[int, int, int, bool], int]) -> dict[str, Any]:
    def counted(in_channels: int, out_channels: int, kernel: int, bias: bool = True) -> int:
        return formula(in_channels, out_channels, kernel, bias)

    return {"conv_parameters": counted}


def _layer(
    rng: Generator, into: int = 3, kernel: int = 4, scale: int = 1
) -> tuple[int, int, int, bool]:
    return into * scale, whole(rng, 10, 20) * scale, kernel, False


CONTRACT = Function(
    _layer,
    edges={
        "kernels of one pixel": {"kernel": 1},
        "one input channel": {"into": 1},
        "millions of weights": {"kernel": 11, "scale": 30},
    },
    judge=same(),
    counts=True,
    leaves_out=("twice, and what is given stays as it was",),  # who makes a layer draws numbers
)


@check.define(
    contract=CONTRACT,
    oracle={"conv_parameters": _counted},
    mistakes=[
        Mistake(
            "input_channels_forgotten",
            _wrong_count(lambda i, o, k, b: o * (k * k + b)),
            "A kernel has a slice for each input channel.",
        ),
        Mistake(
            "output_channels_forgotten",
            _wrong_count(lambda i, o, k, b: i * k * k + b),
            "That is one output map. How many are there?",
        ),
        Mistake(
            "kernel_not_squared",
            _wrong_count(lambda i, o, k, b: o * (i * k + b)),
            "The kernel is k wide and also k high.",
        ),
        Mistake(
            "bias_ignored",
            _wrong_count(lambda i, o, k, b: o * i * k * k),
            "With a bias there is one number more for each output map.",
        ),
        Mistake(
            "bias_always",
            _wrong_count(lambda i, o, k, b: o * (i * k * k + 1)),
            "Your answer has biases also where bias=False.",
        ),
        Mistake(
            "bias_per_connection",
            _wrong_count(lambda i, o, k, b: o * i * (k * k + b)),
            "You give every pair of maps its own bias. It is added once for each output map.",
        ),
        Mistake(
            "one_bias",
            _wrong_count(lambda i, o, k, b: o * i * k * k + b),
            "You have one bias in all.",
        ),
    ],
)
def conv_parameters(rng: Generator) -> Iterator[Case]:
    """How many numbers a convolution learns."""
    hint = "Count for one output map first: the weights it needs, then its bias."
    layers = [(whole(rng, 2, 9), whole(rng, 10, 20), whole(rng, 2, 7)) for _ in range(3)]
    layers += [(1, whole(rng, 10, 20), 5), (whole(rng, 100, 200), whole(rng, 300, 400), 1)]
    text = "conv_parameters for (in, out, kernel) in "
    yield Case(
        "with bias",
        ask(counts, "conv_parameters", layers, text=text + ", ".join(map(str, layers))),
        hint,
        same(),
        weight=2,
    )
    yield Case(
        "without bias",
        ask(counts, "conv_parameters", layers, bias=False, text="the same with bias=False"),
        hint,
        same(),
        weight=1,
    )


@check.hidden("conv_parameters")
def large_layers(rng: Generator) -> Iterator[Case]:
    layers = [(whole(rng, 99, 150), whole(rng, 99, 150), kernel) for kernel in (1, 3, 11)]
    for bias in (True, False):
        text = f"conv_parameters for (in, out, kernel) in {layers}, bias={bias}"
        probe = ask(counts, "conv_parameters", layers, bias=bias, text=text)
        yield Case(f"large layers, bias={bias}", probe, judge=same(), weight=0.5)
