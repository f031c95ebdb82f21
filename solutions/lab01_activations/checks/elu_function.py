"""Checks of ELU as an autograd.Function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from course.checks import Case, ask, wording
from course.checks.inputs import between, mixed, normal
from course.labs.lab01_activations.questions import (
    applied,
    applied_of,
    both_ways,
    kept_for_backward,
    pulled_back,
    pulled_back_together,
)

from .book import BUILT_INS, EXACT, TIGHT, check
from .families import (
    FINITE_HINT,
    extremes,
    maps,
    of_numbers,
    tiny,
)
from .slopes import before_elu, via_inverse


def _slope_at_output(y: Tensor, alpha: float) -> Tensor:
    with torch.enable_grad():
        return via_inverse(F.elu, before_elu)(y, alpha)


def _elu(
    slope: Callable[[Tensor, Tensor, float], Tensor] = lambda g, y, a: g * _slope_at_output(y, a),
    keep: str = "output",
    forward: Callable[[Tensor, float], Tensor] = F.elu,
) -> Mapping[str, Any]:
    """An ELU Function, by torch's ELU and autograd; right, unless told to go wrong in one place.

    Args:
        slope: from the gradient at the output, the output and α to the gradient at the input.
        keep: what lies between forward and backward: ``output``, ``input``, ``both``, or the
            output as an ``attribute``.
        forward: from the input and α to the output.
    """

    class ELU(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
            y = forward(x, alpha)
            kept = {"input": [x], "output": [y], "both": [x, y]}.get(keep, [])
            ctx.save_for_backward(*kept)
            ctx.alpha, ctx.aside = alpha, y if keep == "attribute" else None
            return y

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None]:
            first = [*ctx.saved_tensors, ctx.aside][0]
            y = F.elu(first, ctx.alpha) if keep in ("input", "both") else first
            return slope(upstream[0], y, ctx.alpha), None

    return {"ELUFunction": ELU}


@check.define(
    name="ELUFunction",
    oracle=_elu(),
    mistakes=[
        Mistake(
            "saves_the_input",
            _elu(keep="input"),
            "It works, and it keeps the input alive. Which other tensor is enough for backward?",
        ),
        Mistake(
            "saves_both",
            _elu(keep="both"),
            "It works, and it keeps two tensors alive. Which one can backward do without?",
        ),
        Mistake(
            "kept_as_attribute",
            _elu(keep="attribute"),
            "A tensor lies on ctx as an attribute. Autograd can't watch it there, and an output "
            "kept that way is never freed: use ctx.save_for_backward.",
        ),
        Mistake(
            "upstream_forgotten",
            _elu(lambda g, y, alpha: _slope_at_output(y, alpha)),
            "This is the local slope. Backward gets the gradient at the output: what does the "
            "chain rule do with the two?",
        ),
        Mistake(
            "upstream_added",
            _elu(lambda g, y, alpha: g + _slope_at_output(y, alpha)),
            "The chain rule multiplies.",
        ),
        Mistake(
            "alpha_forgotten_backward",
            _elu(lambda g, y, alpha: g * (y.clamp(max=0) + 1)),
            "Backward is right for α = 1 only. α is a plain number: ctx can keep it.",
        ),
        Mistake(
            "alpha_forgotten",
            _elu(forward=lambda x, alpha: F.elu(x)),
            "α changes nothing in forward.",
        ),
        Mistake(
            "no_right_branch",
            _elu(lambda g, y, alpha: g * (alpha + y)),
            "For y > 0 the function is x. Which slope has x?",
        ),
        Mistake(
            "slope_at_output",
            _elu(lambda g, y, alpha: g * torch.where(y > 0, 1.0, alpha * y.exp())),
            "α·eˣ needs the input x. What you have is y.",
        ),
        Mistake(
            "passes_gradient_on",
            _elu(lambda g, y, alpha: g.clone()),
            "Backward hands the gradient on as if the function were x everywhere.",
        ),
    ],
    forbids=BUILT_INS,
    contract=replace(of_numbers(0.7), adapter=applied_of, leaves_out=("no numbers",)),
)
def elu_function(rng: Generator) -> Iterator[Case]:
    """ELU as an autograd.Function: forward, backward, and what it keeps in between."""
    hint = "forward computes ELU as in the exercise before; α is its second argument."
    for alpha, x in [(1.0, mixed(rng, 4)), (between(rng, 0.3, 0.8, 2), mixed(rng, 3, 4))]:
        probe = ask(applied, "ELUFunction", x, alpha, text=f"ELUFunction.apply(x, {alpha:g})")
        yield Case(f"forward, α = {alpha:g}", probe, hint, TIGHT)
    for alpha in (1.0, between(rng, 0.3, 0.8, 2), 2):
        yield _backward_case(rng, alpha)
    yield _at_the_kink(rng)
    yield _two_at_once(rng)
    yield _huge_inputs(rng)
    yield Case(
        "keeps its output, and nothing else",
        ask(
            kept_for_backward,
            "ELUFunction",
            mixed(rng, 6),
            between(rng, 1.2, 2.0, 2),
            text="what ELUFunction keeps between forward and backward",
        ),
        "Everything that backward needs follows from y and α. Is more saved, or is it not "
        "saved with ctx.save_for_backward? What lies outside of ctx is never freed.",
        TIGHT,
        weight=3,
    )


EACH_INPUT = (
    "backward returns one gradient for each input of forward: for x the gradient at the output "
    "times the slope, for α (no tensor) None."
)


def _backward_case(rng: Generator, alpha: float) -> Case:
    x, upstream = mixed(rng, 40), normal(rng, 40)
    text = f"backward with a random gradient at the output, α = {alpha:g}"
    return Case(
        f"backward, α = {alpha:g}",
        ask(pulled_back, "ELUFunction", x, upstream, alpha, text=text),
        {"raised": EACH_INPUT, "values": EACH_INPUT, "gradient": EACH_INPUT},
        TIGHT,
        weight=2,
    )


def _at_the_kink(rng: Generator) -> Case:
    x = torch.cat([tiny(rng), torch.zeros(1, dtype=torch.float64)])
    upstream, alpha = mixed(rng, len(x), low=0.5), between(rng, 1.2, 2.0, 2)
    text = f"backward at {wording.value(x)}, α = {alpha:g}"
    return Case(
        "backward at 0",
        ask(pulled_back, "ELUFunction", x, upstream, alpha, text=text),
        f"At 0 the slope is the one on the left, α, as in the derivatives before. {EACH_INPUT}",
        TIGHT,
    )


def _two_at_once(rng: Generator) -> Case:
    alphas = between(rng, 0.3, 0.8, 2), between(rng, 1.2, 2.0, 2)
    first, second = alphas
    text = f"ELUFunction.apply(x, {first:g}) + ELUFunction.apply(x, {second:g}), then backward"
    return Case(
        "two of them before one backward",
        ask(pulled_back_together, "ELUFunction", mixed(rng, 12), *alphas, text=text),
        "Backward of the first call runs after forward of the second. Does each call keep its own "
        "α, on its own ctx?",
        TIGHT,
    )


def _huge_inputs(rng: Generator) -> Case:
    x, upstream = extremes(rng, 1.0, 3.0), mixed(rng, 4, low=1.0)
    text = "ELUFunction at ±1000, value and gradient"
    return Case(
        "finite at ±1000",
        ask(both_ways, "ELUFunction", x, upstream, between(rng, 1.2, 2.0, 2), text=text),
        FINITE_HINT,
        TIGHT,
    )


@check.hidden("ELUFunction")
def on_maps(rng: Generator) -> Iterator[Case]:
    alpha, x = between(rng, 0.1, 3.0), maps(rng)
    upstream = normal(rng, *x.shape)
    text = f"backward on feature maps, α = {alpha:.3g}"
    probe = ask(pulled_back, "ELUFunction", x, upstream, alpha, text=text)
    yield Case("backward on feature maps", probe, judge=EXACT, weight=2)
