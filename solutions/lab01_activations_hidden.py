"""Hidden checks of lab 1: all visible cases with fresh inputs, and these besides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from course.checks import Case, ask, call, close, gradient
from course.checks.lab01 import (
    SINGLE,
    chained,
    check,
    mixed,
    on_batches,
    pulled_back,
    rectified,
    unchanged,
)

hidden = check.hidden()

EXACT = close(rtol=1e-7, atol=1e-10, dtype=False)
RELATIVE = close(rtol=1e-6, atol=0.0)


def maps(rng: Generator, low: float = 0.05, high: float = 6.0) -> Tensor:
    """Feature maps of both signs that do not lie in memory in order; ``(N, C, H, W)``."""
    return mixed(rng, 2, 3, 4, 5, low=low, high=high).transpose(1, 3)


def uniform(rng: Generator, low: float, high: float) -> float:
    return low + (high - low) * torch.rand((), generator=rng).item()


def elementwise(name: str, rng: Generator, **kwargs: Any) -> Iterator[Case]:
    x = maps(rng)
    yield Case("feature maps (2, 5, 4, 3)", call(name, x, **kwargs), judge=EXACT)
    yield Case("their gradient", gradient(name, x, **kwargs), judge=EXACT, weight=2)
    text = f"{name}, and then what became of its argument"
    probe = ask(unchanged, name, mixed(rng, 7), text=text, **kwargs)
    yield Case(
        "leaves its argument as it was", probe, "Does the function write into x?", judge=EXACT
    )


@hidden.also("sigmoid")
def sigmoid(rng: Generator) -> Iterator[Case]:
    yield from elementwise("sigmoid", rng)


@hidden.also("tanh")
def tanh(rng: Generator) -> Iterator[Case]:
    yield from elementwise("tanh", rng)


@hidden.also("relu")
def relu(rng: Generator) -> Iterator[Case]:
    yield from elementwise("relu", rng)


@hidden.also("leaky_relu")
def leaky_relu(rng: Generator) -> Iterator[Case]:
    yield from elementwise("leaky_relu", rng, negative_slope=uniform(rng, 0.02, 0.9))


@hidden.also("elu")
def elu(rng: Generator) -> Iterator[Case]:
    yield from elementwise("elu", rng, alpha=uniform(rng, 0.1, 3.0))


@hidden.also("selu")
def selu(rng: Generator) -> Iterator[Case]:
    yield from elementwise("selu", rng)


def through_output(name: str, outputs: Tensor, **kwargs: Any) -> Iterator[Case]:
    yield Case("outputs of feature maps", call(name, outputs, **kwargs), judge=EXACT, weight=2)


@hidden.also("sigmoid_grad")
def sigmoid_grad(rng: Generator) -> Iterator[Case]:
    yield from through_output("sigmoid_grad", maps(rng).sigmoid())


@hidden.also("tanh_grad")
def tanh_grad(rng: Generator) -> Iterator[Case]:
    yield from through_output("tanh_grad", maps(rng).tanh())


@hidden.also("relu_grad")
def relu_grad(rng: Generator) -> Iterator[Case]:
    yield from through_output("relu_grad", maps(rng).relu())


@hidden.also("leaky_relu_grad")
def leaky_relu_grad(rng: Generator) -> Iterator[Case]:
    slope = uniform(rng, 0.02, 0.9)
    outputs = torch.nn.functional.leaky_relu(maps(rng), slope)
    yield from through_output("leaky_relu_grad", outputs, negative_slope=slope)


@hidden.also("elu_grad")
def elu_grad(rng: Generator) -> Iterator[Case]:
    alpha = uniform(rng, 0.1, 3.0)
    outputs = torch.nn.functional.elu(maps(rng), alpha)
    yield from through_output("elu_grad", outputs, alpha=alpha)


@hidden.also("selu_grad")
def selu_grad(rng: Generator) -> Iterator[Case]:
    yield from through_output("selu_grad", torch.selu(maps(rng)))


@hidden.also("ELUFunction")
def elu_function(rng: Generator) -> Iterator[Case]:
    alpha, x = uniform(rng, 0.1, 3.0), maps(rng)
    upstream = torch.randn(x.shape, generator=rng, dtype=torch.float64)
    text = f"backward on feature maps, α = {alpha:.3g}"
    probe = ask(pulled_back, "ELUFunction", x, upstream, alpha, text=text)
    yield Case("backward on feature maps", probe, judge=EXACT, weight=2)


@hidden.also("chain_gradient")
def chain_gradient(rng: Generator) -> Iterator[Case]:
    for name in ("tanh", "sigmoid", "elu"):
        depth = int(torch.randint(4, 9, (), generator=rng))
        tried = f"chain_gradient of {name}, {depth} deep"
        probe = ask(chained, "chain_gradient", name, depth, mixed(rng, 3, 2), text=tried)
        yield Case(f"{name}, depth {depth}", probe, judge=RELATIVE)


@hidden.also("dead_fraction")
def dead_fraction(rng: Generator) -> Iterator[Case]:
    dead = [int(torch.randint(1, 30, (), generator=rng)) for _ in range(3)]
    batches = [rectified(rng, 20, 31, count) for count in dead]
    text = "dead_fraction on three batches of 31 units"
    probe = ask(on_batches, "dead_fraction", *batches, text=text)
    yield Case("three batches of 31 units", probe, judge=SINGLE, weight=2)
