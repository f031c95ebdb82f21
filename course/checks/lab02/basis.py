"""What the checks of lab 2 share: the book, inputs, gradients, and weights copied in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn

from course.checks import (
    Checks,
    ProbeError,
    close,
    wording,
)
from course.checks.inputs import normal as normal
from course.checks.inputs import whole as whole

check = Checks("lab02_lenet")

TIGHT = close(rtol=1e-6, atol=1e-8, dtype=False)  # float64
SINGLE = close(rtol=1e-4, atol=1e-5)  # float32


def signs(rng: Generator, *shape: int) -> Tensor:
    """Numbers ±1; ``shape``, float64."""
    return torch.randint(0, 2, shape, generator=rng).double() * 2 - 1


def fan_in_scaled(rng: Generator, *shape: int) -> Tensor:
    """Weights whose sums stay near 1: normal, divided by √fan_in; ``shape``, float64."""
    return normal(rng, *shape) / math.sqrt(math.prod(shape[1:]))


FOLLOW = "Is every step a torch operation on the tensors themselves, without .item() or .data?"


def gradients_at(output: Any, upstream: Tensor, leaves: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Gradients of ``sum(upstream · output)``; a leaf that plays no part gets zeros.

    Raises:
        ProbeError: the output is no tensor of the right shape, or has no gradient.
    """
    if not isinstance(output, Tensor) or output.shape != upstream.shape:
        raise ProbeError(
            f"expected an output of shape {wording.shape(upstream)}, "
            f"found {wording.kind_of(output)}"
        )
    if not output.requires_grad:
        raise ProbeError(
            "autograd can't follow the output back: was it detached, turned into numpy or plain "
            "numbers, or computed under no_grad?"
        )
    found = torch.autograd.grad((output * upstream).sum(), list(leaves.values()), allow_unused=True)
    return {
        name: torch.zeros_like(leaf) if one is None else one
        for (name, leaf), one in zip(leaves.items(), found, strict=True)
    }


Weights = Mapping[str, Tensor]
Leaves = Mapping[str, Tensor]


@dataclass(frozen=True)
class StandIn:
    """What oracles and known mistakes are made of, in the place of a class that makes modules.

    Attributes:
        parameters: how many numbers it learns.
    """

    parameters: int


@dataclass(frozen=True)
class Formula(StandIn):
    """A network as a formula on named weights: ``compute(weights by name, x) -> output``."""

    compute: Callable[[Weights, Tensor], Tensor]


def answers_of(output: Any, upstream: Tensor, leaves: Leaves) -> dict[str, Any]:
    """The output and the gradients at the leaves."""
    found = gradients_at(output, upstream, leaves)
    return {"output": output, **{f"gradient at {name}": one for name, one in found.items()}}


def answers_of_formula(
    formula: Formula, weights: Weights, x: Tensor, upstream: Tensor, names: Iterable[str]
) -> dict[str, Any]:
    """The formula's output, and its gradients at x and at weights, by name."""
    leaves = {name: one.clone().requires_grad_() for name, one in {"x": x, **weights}.items()}
    output = formula.compute(leaves, leaves["x"])
    return answers_of(output, upstream, {name: leaves[name] for name in names})


def set_parameter(target: Any, value: Tensor, name: str) -> Tensor:
    """Copy ``value`` into a parameter that may be shaped otherwise, ``(C,)`` or ``(C, 1, 1)``.

    Raises:
        ProbeError: the name is not there, is no parameter, or has another number of values.
    """
    if not isinstance(target, nn.Parameter):
        raise ProbeError(f"expected an nn.Parameter called `{name}`, found {type(target).__name__}")
    if target.numel() != value.numel():
        raise ProbeError(
            f"`{name}` has shape {wording.shape(target)}; expected {value.numel():,} values, "
            f"as in {wording.shape(value)}"
        )
    with torch.no_grad():
        target.copy_(value.reshape(target.shape))
    return target


def in_float64(made: Any) -> nn.Module:
    """What a constructor made, in float64 on the CPU.

    Raises:
        ProbeError: it is no ``nn.Module``.
    """
    if not isinstance(made, nn.Module):
        raise ProbeError(f"expected an nn.Module, found {type(made).__name__}")
    return made.cpu().double()


def parameters_of(made_by: Any, *args: Any) -> int:
    """How many numbers the object learns: its parameters that require a gradient."""
    if isinstance(made_by, StandIn):
        return made_by.parameters
    model = in_float64(made_by(*args))
    return sum(one.numel() for one in model.parameters() if one.requires_grad)


def with_upstream(function: Callable[..., Any], upstream: Tensor, *tensors: Tensor) -> Any:
    """Value, and gradients of ``sum(upstream · output)`` at each tensor."""
    leaves = {str(number): one.requires_grad_() for number, one in enumerate(tensors, start=1)}
    return answers_of(function(*leaves.values()), upstream, leaves)
