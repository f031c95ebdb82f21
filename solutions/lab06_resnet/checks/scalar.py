"""The scalar law: one residual block, and a chain of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, call
from course.checks.inputs import coarse, normal, whole
from course.labs.lab06_resnet.questions import (
    slope_of_half_a_square,
    slope_with_shortcut,
    with_tanh,
)

from .book import DTYPE_TOO, TIGHT, check

# One block --------------------------------------------------------------------------------


def _numerical(df: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The slope of a block whose f is a straight line of slope ``df(x)`` at each x."""
    leaf = torch.zeros_like(x).requires_grad_()
    tangent = df(x).detach()
    block = leaf + tangent * leaf
    return torch.autograd.grad(block.sum(), leaf)[0]


def _answers(formula: Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]) -> Mapping[str, Any]:
    return {"residual_derivative": formula}


@check.define(
    oracle=_answers(_numerical),
    mistakes=[
        Mistake(
            "no_shortcut",
            _answers(lambda df, x: df(x)),
            "This is the derivative of f alone. The block adds something to f(x): what is its "
            "derivative?",
        ),
        Mistake(
            "times_x",
            _answers(lambda df, x: df(x) * x),
            "You multiply by x. In a sum each term has a derivative of its own.",
        ),
        Mistake(
            "plus_x",
            _answers(lambda df, x: df(x) + x),
            "You add x itself. What is the derivative of x with respect to x?",
        ),
        Mistake(
            "at_a_wrong_place",
            _answers(lambda df, x: df(x + 1)),
            "Add outside of f', not inside: f' is taken at x.",
        ),
        Mistake(
            "shortcut_only",
            _answers(lambda df, x: torch.ones_like(x)),
            "You kept the shortcut's share alone. The branch has a derivative, too.",
        ),
        Mistake(
            "one_minus",
            _answers(lambda df, x: 1 - df(x)),
            "Look at the sign: the block adds f(x).",
        ),
    ],
    contract=Function(
        lambda rng, N=3, D=4: (normal(rng, N, D),),
        edges={"one number": {"N": 1, "D": 1}, "as many rows as columns": {"N": 4, "D": 4}},
        adapter=with_tanh,
    ),
)
def residual_derivative(rng: Generator) -> Iterator[Case]:
    """The derivative of y = f(x) + x, from f' and x."""
    hint = "Differentiate f(x) + x term by term."
    for name, a, weight in (
        ("a·sin(x)", 0.5 + whole(rng, 0, 9) / 4, 3),
        ("tanh(a·x)", 0.5 + whole(rng, 0, 9) / 4, 3),
        ("a·x³", -whole(rng, 3, 8) / 4, 3),
    ):
        text = f"f(x) = {name} with a = {a:g}"
        probe = ask(
            slope_with_shortcut, "residual_derivative", name, a, normal(rng, 3, 4), text=text
        )
        yield Case(text, probe, hint, TIGHT, weight=weight)
    turns = 2 * torch.pi * torch.arange(-2, 3, dtype=torch.float64)
    text = "f(x) = −sin(x) at whole turns: there the block is flat"
    probe = ask(slope_with_shortcut, "residual_derivative", "a·sin(x)", -1.0, turns, text=text)
    yield Case("f' = −1", probe, hint, TIGHT)
    text = "f(x) = tanh(2x), x in float32, shape ()"
    x = torch.tensor(0.5 + whole(rng, 0, 9) / 16)
    probe = ask(slope_with_shortcut, "residual_derivative", "tanh(a·x)", 2.0, x, text=text)
    yield Case("a single number, float32", probe, hint, DTYPE_TOO)
    text = "f(x) = x²/2, where df(x) is x itself; and x afterwards"
    probe = ask(slope_of_half_a_square, "residual_derivative", normal(rng, 5), text=text)
    changed = "`add_` and `+=` write into what df gave back, which may be somebody's: here it is x."
    yield Case("f(x) = x²/2", probe, {"values": hint, "changed": changed}, TIGHT)


@check.hidden("residual_derivative")
def residual_derivative_of_three_axes(rng: Generator) -> Iterator[Case]:
    name, a = ("a·sin(x)", "tanh(a·x)", "a·x³")[whole(rng, 0, 2)], -1.0 - whole(rng, 0, 5) / 8
    text = f"f(x) = {name} with a = {a:g}, shape (2, 1, 3)"
    x = normal(rng, 2, 1, 3)
    probe = ask(slope_with_shortcut, "residual_derivative", name, a, x, text=text)
    yield Case(text, probe, judge=TIGHT, weight=2)


# A chain ----------------------------------------------------------------------------------


def _chain(combine: Callable[[Tensor, bool], Tensor]) -> Mapping[str, Any]:
    return {"chain_gradient": combine}


def _by_autograd(derivatives: Tensor, residual: bool) -> Tensor:
    """Slope of blocks that are straight lines, by running them."""
    leaf = torch.zeros(derivatives.shape[1:], dtype=derivatives.dtype).requires_grad_()
    x = leaf
    for slope in derivatives:
        x = slope * x + x if residual else slope * x
    return torch.autograd.grad(x.sum(), leaf)[0] if len(derivatives) else torch.ones_like(leaf)


@check.define(
    oracle=_chain(_by_autograd),
    mistakes=[
        Mistake(
            "always_plain",
            _chain(lambda d, residual: d.prod(dim=0)),
            "Without shortcuts this is right. With them every block has a factor of its own: "
            "see the exercise before.",
        ),
        Mistake(
            "always_residual",
            _chain(lambda d, residual: (d + 1).prod(dim=0)),
            "You add the shortcut in both cases. `residual` says whether there is one.",
        ),
        Mistake(
            "one_shortcut",
            _chain(lambda d, residual: d.prod(dim=0) + float(residual)),
            "You added one shortcut around the whole chain. Here every block has its own.",
        ),
        Mistake(
            "summed",
            _chain(lambda d, residual: (d + float(residual)).sum(dim=0)),
            "The chain rule multiplies.",
        ),
        Mistake(
            "first_order",
            _chain(lambda d, residual: 1 + d.sum(dim=0) if residual else d.prod(dim=0)),
            "1 + Σf' are the first terms of the product only. Multiply it out for two blocks: "
            "one term is missing.",
        ),
        Mistake(
            "one_number_for_none",
            _chain(
                lambda d, residual: (
                    (d + float(residual)).prod(dim=0) if len(d) else torch.ones((), dtype=d.dtype)
                )
            ),
            "Without layers the slope is 1 at each input: as many ones as there are inputs.",
        ),
        Mistake(
            "everything_multiplied",
            _chain(lambda d, residual: (d + float(residual)).prod()),
            "You multiply over all axes. The first axis is the chain; the others are inputs that "
            "have nothing to do with each other.",
        ),
        Mistake(
            "sizes_only",
            _chain(lambda d, residual: (d + float(residual)).abs().prod(dim=0)),
            "A slope has a sign.",
        ),
    ],
    contract=Function(
        lambda rng, L=4, D=3, residual=True: (normal(rng, L, D), residual),
        edges={
            "one block": {"L": 1, "D": 1},
            "no block": {"L": 0},
            "one plain block": {"L": 1, "residual": False},
        },
    ),
)
def chain_gradient(rng: Generator) -> Iterator[Case]:
    """The derivative of a chain of blocks, from the derivative of f in each."""
    hint = "Each block contributes one factor. What is it with a shortcut, what without?"
    for depth, residual, weight in ((2, True, 2), (9, False, 3), (9, True, 4)):
        yield Case(
            f"{depth} blocks, {'residual' if residual else 'plain'}",
            call("chain_gradient", normal(rng, depth, 5), residual),
            hint,
            TIGHT,
            weight=weight,
        )
    slopes = coarse(0.3 * normal(rng, 54))
    yield Case("54 residual blocks", call("chain_gradient", slopes, True), hint, TIGHT)
    dead = coarse(normal(rng, 4, 3))
    dead[whole(rng, 0, 3)] = -1.0
    yield Case("one block with f' = −1", call("chain_gradient", dead, True), hint, TIGHT)
    yield Case(
        "no block at all",
        call("chain_gradient", torch.ones(0, 3, dtype=torch.float64), True),
        "A chain of no blocks gives out what comes in: its derivative is 1.",
        TIGHT,
    )


@check.hidden("chain_gradient")
def chain_gradient_of_more_axes(rng: Generator) -> Iterator[Case]:
    slopes = normal(rng, whole(rng, 3, 7), 2, 3)
    for flag in (True, False):
        yield Case("two axes more", call("chain_gradient", slopes, flag), judge=TIGHT)
