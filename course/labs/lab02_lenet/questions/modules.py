"""A module of the student's in float64, what it learns, and the check's values in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course.checks import ProbeError, wording
from course.checks.modules import a_module, count
from course.labs.lab02_lenet.questions.gradients import answers_of

Weights = Mapping[str, Tensor]
MakeModule = Callable[..., Any]

PARTS = ("coefficient", "bias")  # of a subsampling layer


def in_float64(made: Any) -> nn.Module:
    """What a constructor made, in float64 on the CPU.

    Raises:
        ProbeError: it is no ``nn.Module``.
    """
    return a_module(made, "the constructor").cpu().double()


def learnt(model: nn.Module) -> int:
    """How many numbers the model learns: its parameters that require a gradient."""
    return count(one for one in model.parameters() if one.requires_grad)


def parameters_of(made_by: MakeModule, *args: Any) -> int:
    """How many numbers the object learns."""
    return learnt(in_float64(made_by(*args)))


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


def subsampled(made_by: MakeModule, weights: Weights, x: Tensor, upstream: Tensor) -> Any:
    """Output and gradients of the subsampling layer with these weights."""
    layer = in_float64(made_by(x.shape[1]))
    leaves = {"x": x.requires_grad_(), **fill_subsampling(layer, weights)}
    return shaped(answers_of(layer(leaves["x"]), upstream, leaves), weights)


def fill_subsampling(layer: Any, weights: Weights, prefix: str = "") -> dict[str, Tensor]:
    """Copy coefficient and bias in; the two parameters, by name."""
    return {
        name: set_parameter(getattr(layer, name, None), weights[name], f"{prefix}{name}")
        for name in PARTS
    }


def shaped(found: dict[str, Any], weights: Weights) -> dict[str, Any]:
    """The gradients in the shapes of the weights, however the student keeps them."""
    shapes = {f"gradient at {name}": one.shape for name, one in weights.items()}
    return {key: one.reshape(shapes.get(key, one.shape)) for key, one in found.items()}
