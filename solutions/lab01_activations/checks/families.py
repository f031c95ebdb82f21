"""What is asked of several exercises alike, and the inputs for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.contracts import Function
from course.checks import Case, Probe, ask, call, gradient
from course.checks.inputs import mixed
from course.labs.lab01_activations.judges import AtZero
from course.labs.lab01_activations.questions import (
    on_numbers,
    with_gradient,
)

from .book import DTYPE_TOO, EXACT, SINGLE, TIGHT

DTYPE, HALF = "in single precision, float32", "in half precision, bfloat16"
DTYPE_HINT = "The result should have the dtype of the input: where does another one come in?"


NEAR_ZERO = {"numbers near zero": {"N": 2, "size": 2.0**-17}}
NEARER = {"numbers near zero": {"N": 2, "size": 2.0**-200}}  # nothing is added to these
TINY = (1e-9, 1e-30)  # of both signs: no threshold but 0 itself lies below
NOTHING_TO_CUT = {"numbers above zero": {"above": True}}


def signed(rng: Generator, *shape: int, low: float = 0.1, high: float = 3.0) -> Tensor:
    """As :func:`mixed`, in drawn order: which ones are negative is an answer to some exercises."""
    numbers = mixed(rng, *shape, low=low, high=high).flatten()
    return numbers[torch.randperm(len(numbers), generator=rng)].view(shape)


def extremes(rng: Generator, low: float = 0.5, high: float = 0.8) -> Tensor:
    """Two numbers, ``low`` to ``high`` from zero, and ±1000; ``(4,)``, float64."""
    ends = torch.tensor([-1000.0, 1000.0], dtype=torch.float64)
    return torch.cat([mixed(rng, 2, low=low, high=high), ends])


def maps(rng: Generator) -> Tensor:
    """Feature maps of both signs that do not lie in memory in order; ``(N, C, H, W)``."""
    return signed(rng, 2, 3, 4, 5, low=0.05, high=6.0).transpose(1, 3)


def elementwise(
    name: str, rng: Generator, *, and_values: bool = False, **kwargs: Any
) -> Iterator[Case]:
    """What grading asks besides of each of the six functions."""
    x = maps(rng)
    yield Case("feature maps (2, 5, 4, 3)", call(name, x, **kwargs), judge=EXACT)
    probe = slope_of(name, x, and_values, **kwargs)
    yield Case("their gradient", probe, judge=EXACT, weight=2)


def tiny(rng: Generator) -> Tensor:
    """Numbers of both signs of the sizes in :data:`TINY`, and a few ordinary ones; ``(6,)``."""
    return torch.cat([mixed(rng, 2) * size for size in (*TINY, 1.0)])


def of_numbers(
    *rest: float, wrt: tuple[str, ...] | None = None, own: Mapping[str, Any] | None = None
) -> Function:
    """The contract of an elementwise function of ``x`` and these further arguments.

    Args:
        *rest: what the function takes besides ``x``.
        wrt: see :class:`Function`.
        own: likewise; where ``x`` itself would be an answer.
    """

    def drawn(
        rng: Generator, N: int = 3, D: int = 4, size: float = 1.0, above: bool = False
    ) -> tuple[Any, ...]:
        x = mixed(rng, N, D) * size
        return x.abs() if above else x, *rest

    return Function(
        drawn,
        edges={"one number in a batch": {"N": 1, "D": 1}, "no numbers": {"N": 0}, **NEAR_ZERO},
        own=own or {},
        finely=True,
        wrt=wrt,
        judge=DTYPE_TOO,
        single=SINGLE,
        half=True,
        hints={DTYPE: DTYPE_HINT, HALF: DTYPE_HINT},
    )


def of_outputs(before: Callable[[Tensor], Tensor], *rest: float) -> Function:
    """The contract of a derivative through the output, ``before`` being the function."""
    return Function(
        lambda rng, N=3, D=4, size=1.0: (before(signed(rng, N, D) * size), *rest),
        edges={"one number in a batch": {"N": 1, "D": 1}, "no numbers": {"N": 0}, **NEARER},
        finely=True,
        wrt=(),
        judge=DTYPE_TOO,
        single=SINGLE,
        hints={DTYPE: DTYPE_HINT},
    )


EVERY_SHAPE = (
    "Does the function index or loop? Operations that work element by element take every shape, "
    "also ()."
)


def numbers(name: str, x: Tensor, **kwargs: Any) -> Case:
    """Elements one by one, as tensors of shape ``()``."""
    text = f"{name} on single numbers, tensors of shape ()"
    return Case(
        "takes a single number",
        ask(on_numbers, name, x, text=text, **kwargs),
        hint={"raised": EVERY_SHAPE, "shape": EVERY_SHAPE},
        judge=TIGHT,
    )


def values(name: str, rng: Generator, hint: str, **kwargs: Any) -> Iterator[Case]:
    """What is asked of each of the six functions: a few numbers, a batch, one number, zeros."""
    yield Case("a few numbers", call(name, mixed(rng, 4), **kwargs), hint, TIGHT, weight=2)
    yield Case("a batch (4, 6)", call(name, mixed(rng, 4, 6), **kwargs), hint, DTYPE_TOO)
    yield numbers(name, mixed(rng, 2), **kwargs)
    yield zeros(name, rng, **kwargs)


def zeros(name: str, rng: Generator, high: float = 40.0, **kwargs: Any) -> Case:
    """The value at 0 and -0, and a gradient between the slopes on both sides."""
    near, far = mixed(rng, 2, low=1e-4, high=0.01), mixed(rng, 2, low=high / 5, high=high)
    x = torch.cat([near, far, torch.tensor([0.0, -0.0], dtype=torch.float64)])
    text = f"{call(name, x, **kwargs).text}, and its gradient"
    return Case(
        "zero, numbers near it, and large ones",
        ask(with_gradient, name, x, text=text, **kwargs),
        "At which of these numbers is it off? At 0 exactly beware of 0 / 0 and |x| / x; near 0, "
        "and far from it, the function goes on as everywhere.",
        AtZero(),
    )


def near_zero(name: str, rng: Generator, **kwargs: Any) -> Case:
    """The slope beside the kink, as near as numbers come."""
    x = tiny(rng)
    text = f"{call(name, x, **kwargs).text}, and its gradient"
    told = "A number is above 0 or it is not, however small. Is there a threshold in your answer?"
    return Case(
        "tiny numbers, and their gradient",
        ask(with_gradient, name, x, text=text, **kwargs),
        {"values": told, "precision": told, "gradient": told},
        TIGHT,
    )


def by_autograd(
    name: str, rng: Generator, hint: str, *, and_values: bool = False, **kwargs: Any
) -> Case:
    """Whether autograd can follow the function, and finds its slope."""
    probe = slope_of(name, signed(rng, 12), and_values, **kwargs)
    return Case("its gradient, by autograd", probe, hint, TIGHT, weight=2)


def slope_of(name: str, x: Tensor, and_values: bool = False, **kwargs: Any) -> Probe:
    """The gradient; with the values, where two mistakes differ in these alone."""
    if not and_values:
        return gradient(name, x, **kwargs)
    text = f"{call(name, x, **kwargs).text}, and its gradient"
    return ask(with_gradient, name, x, text=text, **kwargs)


FINITE_HINT = (
    "Which intermediate result becomes infinite there? `0 · ∞` and `∞ / ∞` are nan, forwards "
    "and backwards. Print the parts of your formula at x = 1000 and x = -1000."
)


def finite(name: str, rng: Generator, **kwargs: Any) -> Iterator[Case]:
    """Values and gradients at ±1000, in float64 and in float32."""
    x = extremes(rng)
    probe = call(name, x, **kwargs)
    yield Case("finite values at ±1000", probe, FINITE_HINT, TIGHT)
    text = f"{probe.text}, and its gradient"
    yield Case(
        "finite gradients at ±1000",
        ask(with_gradient, name, x, text=text, **kwargs),
        FINITE_HINT,
        TIGHT,
        weight=6,
    )
    yield Case(
        "the same in float32",
        ask(with_gradient, name, x.float(), text=f"{text}, in float32", **kwargs),
        hint="In float32 exp overflows beyond 88 already, not at 709 as in float64.",
        judge=SINGLE,
        weight=2,
    )


def at_zero(name: str, rng: Generator, hint: str) -> Case:
    """The slope at 0, where |x| and sign(x) have none."""
    x = torch.cat([mixed(rng, 2), torch.zeros(1, dtype=torch.float64)])
    return Case("its gradient at 0", gradient(name, x), hint, TIGHT)
