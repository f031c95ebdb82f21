"""Checks of `chain_gradient`: the slope of f(f(…f(x)))."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, close
from course.checks.inputs import mixed, whole
from course.checks.probes import gradient_of
from course.labs.lab01_activations.questions import (
    chain_of_tanh,
    chained,
    chained_at_depths,
    chained_twice,
)

from .book import TIGHT, check


def _composed(activation: Callable[[Tensor], Tensor], depth: int) -> Callable[[Tensor], Tensor]:
    return lambda x: reduce(lambda value, _: activation(value), range(depth), x)


def _chain(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Tensor:
    return gradient_of(_composed(activation, depth), x)


def _product_of_slopes(points: Callable[[Tensor, int], list[Tensor]]) -> Any:
    def chain(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Tensor:
        slopes = [_chain(activation, 1, point) for point in points(x, depth)]
        return torch.stack([torch.ones_like(x), *slopes]).prod(dim=0)

    return chain


def _accumulating(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Any:
    x.requires_grad_()
    _composed(activation, depth)(x).sum().backward()
    return x.grad


@check.define(
    oracle={"chain_gradient": _chain},
    mistakes=[
        Mistake(
            "value_instead_of_gradient",
            {"chain_gradient": lambda activation, depth, x: _composed(activation, depth)(x)},
            "This is the value of the chain. Wanted is its derivative with respect to x.",
        ),
        Mistake(
            "one_too_many",
            {"chain_gradient": lambda f, depth, x: _chain(f, depth + 1, x)},
            "One activation too many: depth 1 is f(x), depth 0 is x itself.",
        ),
        Mistake(
            "one_too_few",
            {"chain_gradient": lambda f, depth, x: _chain(f, max(depth - 1, 0), x)},
            "A factor is missing: depth 1 is f(x), so its derivative has one factor.",
        ),
        Mistake(
            "all_slopes_at_x",
            {"chain_gradient": _product_of_slopes(lambda x, depth: [x] * depth)},
            "You take every slope at x. In f(f(x)) the outer f sees f(x), not x.",
        ),
        Mistake(
            "summed",
            {"chain_gradient": lambda f, depth, x: _chain(f, depth, x).sum()},
            "One number for all of x. Each element has its own derivative.",
        ),
        Mistake(
            "accumulates",
            {"chain_gradient": _accumulating},
            "The gradient piles up in x.grad, call after call, and the caller's x is changed. "
            "Work on a copy of x, or let torch.autograd.grad return the gradient.",
        ),
    ],
    contract=Function(
        lambda rng, N=3, D=4, depth=3: (depth, mixed(rng, N, D)),
        edges={"one number": {"N": 1, "D": 1}, "no numbers": {"N": 0}},
        wrt=(),
        adapter=chain_of_tanh,
    ),
)
def chain_gradient(rng: Generator) -> Iterator[Case]:
    """The derivative of f(f(…f(x))), element by element, for any depth."""
    hint = "Write f(f(x)) on paper and differentiate: how many factors, and where is each taken?"
    exact = close(rtol=1e-6, atol=0.0)  # at depth 12 the derivatives themselves are near 1e-8
    for name, depth in [("sigmoid", 1), ("tanh", 3), ("elu", 2), ("sigmoid", 12)]:
        x = mixed(rng, 5)
        text = f"chain_gradient({name}, {depth}, x)"
        probe = ask(chained, "chain_gradient", name, depth, x, text=text)
        title = f"{name}, depth {depth}"
        yield Case(title, probe, hint, exact, weight=2)
    falling = (
        "An activation may fall, or rise faster than x: its slopes may be negative, or above 1."
    )
    for name, depth, low, high in [("silu", 2, 1.6, 3.0), ("selu", 4, 0.3, 1.5)]:
        x = mixed(rng, 6, low=low, high=high)
        text = f"chain_gradient({name}, {depth}, x)"
        probe = ask(chained, "chain_gradient", name, depth, x, text=text)
        yield Case(f"{name}, depth {depth}", probe, f"{hint} {falling}", exact, weight=2)
    yield Case(
        "a batch (4, 3)",
        ask(
            chained,
            "chain_gradient",
            "tanh",
            2,
            mixed(rng, 4, 3),
            text="chain_gradient(tanh, 2, x) with x of shape (4, 3)",
        ),
        hint,
        exact,
    )
    yield Case(
        "asked twice, it answers the same",
        ask(
            chained_twice,
            "chain_gradient",
            "tanh",
            2,
            mixed(rng, 4),
            text="chain_gradient(tanh, 2, x), twice with the same x; then x.requires_grad",
        ),
        "The caller's x should come out as it went in: no requires_grad, no grad.",
        exact,
    )
    yield _no_activation(rng)


def _no_activation(rng: Generator) -> Case:
    """Depth 0 beside depth 1, so that a constant 1 earns nothing."""
    return Case(
        "depth 0 is x itself",
        ask(
            chained_at_depths,
            "chain_gradient",
            "tanh",
            mixed(rng, 3),
            text="chain_gradient(tanh, 0, x) and chain_gradient(tanh, 1, x)",
        ),
        "With no activation at all the chain is y = x. Which slope has that?",
        TIGHT,
    )


@check.hidden("chain_gradient")
def at_drawn_depths(rng: Generator) -> Iterator[Case]:
    for name in ("tanh", "sigmoid", "elu"):
        depth = whole(rng, 4, 8)
        tried = f"chain_gradient of {name}, {depth} deep"
        probe = ask(chained, "chain_gradient", name, depth, mixed(rng, 3, 2), text=tried)
        yield Case(f"{name}, depth {depth}", probe, judge=close(rtol=1e-6, atol=0.0))
