"""Checks of `stack_parameters`: what a stack of convolutions costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Generator, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, call, same
from course.checks.inputs import whole
from course.labs.lab04_vgg.questions.formulas import kinds_of_stacks, on_stacks

from .book import check


def _counted(channels: int, kernel: int, depth: int) -> int:
    """Weights that torch makes for such a stack."""
    size = channels, channels, kernel
    layers = [nn.Conv2d(*size, bias=False, device="meta") for _ in range(depth)]
    return sum(layer.weight.numel() for layer in layers)


def _stack_of(formula: Callable[[int, int, int], int]) -> Mapping[str, Any]:
    return {"stack_parameters": lambda channels, kernel, depth: formula(channels, kernel, depth)}


def _stack(
    rng: Generator, channels: int = 0, kernel: int = 0, depth: int = 0
) -> tuple[int, int, int]:
    return (
        channels or whole(rng, 10, 600),
        kernel or whole(rng, 4, 9),
        depth or whole(rng, 2, 3),
    )


CONTRACT = Function(
    _stack,
    edges={
        "one layer": {"depth": 1},
        "1×1 kernels": {"kernel": 1},
        "one channel": {"channels": 1},
        "a number beyond 32 bits": {"channels": 4093, "kernel": 11, "depth": 19},
    },
    judge=same(),
)


@check.define(
    oracle={"stack_parameters": _counted},
    contract=CONTRACT,
    mistakes=[
        Mistake(
            "with_biases",
            _stack_of(lambda c, k, d: _counted(c, k, d) + c * d),
            "You count the biases too. Here they are left out, as in the paper's comparison.",
        ),
        Mistake(
            "channels_once",
            _stack_of(lambda c, k, d: c * k * k * d),
            "Each of the C output channels looks at how many input channels?",
        ),
        Mistake(
            "one_layer",
            _stack_of(lambda c, k, d: _counted(c, k, 1)),
            "This is one layer, whatever the depth.",
        ),
        Mistake(
            "kernel_once",
            _stack_of(lambda c, k, d: c * c * k * d),
            "A kernel has two sides.",
        ),
        Mistake(
            "the_large_kernel",
            _stack_of(lambda c, k, d: _counted(c, d * (k - 1) + 1, 1)),
            "This is the one large convolution with the same receptive field, not the stack.",
        ),
        Mistake(
            "depth_in_the_exponent",
            _stack_of(lambda c, k, d: (c * k) ** (2 * d)),
            "Layers come one after the other: their parameters add up.",
        ),
    ],
)
def stack_parameters(rng: Generator) -> Iterator[Case]:
    """Weights of several convolutions, one after the other, without biases."""
    hint = "One layer: outputs × inputs × kernel height × kernel width. Then how many layers?"
    channels = whole(rng, 5, 90)
    yield Case(
        "two 3×3 beside one 5×5, three 3×3 beside one 7×7",
        ask(
            on_stacks,
            "stack_parameters",
            [(channels, 3, 2), (channels, 5, 1), (channels, 3, 3), (channels, 7, 1)],
            text=f"stack_parameters({channels}, 3, 2), ({channels}, 5, 1), … (7, 1)",
        ),
        hint,
        same(),
    )
    for _ in range(2):
        depth = whole(rng, 2, 6)
        stack = whole(rng, 10, 600), depth + whole(rng, 1, 3), depth  # a kernel unlike the depth
        yield Case("another stack", call("stack_parameters", *stack), hint, same())
    hint = "A number of weights is an int."
    probe = ask(kinds_of_stacks, "stack_parameters", [stack], text="the type of what came before")
    yield Case("whole numbers come out", probe, {"values": hint, "type": hint}, same(), weight=0.5)


@check.hidden("stack_parameters")
def a_deep_stack(rng: Generator) -> Iterator[Case]:
    stack = whole(rng, 100, 900), whole(rng, 2, 10), whole(rng, 11, 20)
    yield Case("a deep stack", call("stack_parameters", *stack), judge=same())
