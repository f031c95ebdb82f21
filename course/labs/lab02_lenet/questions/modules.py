"""A module of the student's as it is made, what it learns, and the check's values in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from course.checks import ProbeError, wording
from course.checks.modules import a_module, count, unset_is_nan

Weights = Mapping[str, Tensor]
MakeModule = Callable[..., Any]

PARTS = ("coefficient", "bias")  # of a subsampling layer
LEAST, MOST = 0.001, 0.5  # root mean square of a network's weights at its start


def made(made_by: MakeModule, *args: Any) -> nn.Module:
    """What a constructor made, on the CPU.

    Raises:
        ProbeError: it is no ``nn.Module``, or has numbers that are not float32.
    """
    with unset_is_nan():
        model = a_module(made_by(*args), "the constructor").cpu()
    others = {wording.dtype(one) for one in model.parameters()} - {"float32"}
    if others:
        raise ProbeError(f"expected parameters in float32, found {others.pop()}", "dtype")
    if not all(one.isfinite().all() for one in model.parameters()):
        raise ProbeError("a parameter starts as nan or infinite: it was never given a value")
    return model


def learnt(model: nn.Module) -> int:
    """How many numbers the model learns: its parameters that require a gradient."""
    return count(one for one in model.parameters() if one.requires_grad)


def parameters_of(made_by: MakeModule, *args: Any) -> int:
    """How many numbers the object learns."""
    return learnt(made(made_by, *args))


def starts_out_of_scale(made_by: MakeModule, *args: Any) -> dict[str, int]:
    """How many of the trained weights of a new object, coefficients and biases left out, start
    with a root mean square outside :data:`LEAST` to :data:`MOST`.
    """
    learns = {n: one for n, one in made(made_by, *args).named_parameters() if one.requires_grad}
    weights = [one.detach() for n, one in learns.items() if one.ndim > 1 and not n.endswith(PARTS)]
    sizes = [float(one.square().mean().sqrt()) for one in weights]
    return {
        "weights that start too small": sum(size < LEAST for size in sizes),
        "weights that start too large": sum(size > MOST for size in sizes),
    }


@dataclass(frozen=True)
class Leaf:
    """A weight of the check's in the student's parameters.

    Attributes:
        parameters: that hold it.
        places: of its values among theirs, counted from 1; 0 where there is none.
    """

    parameters: Sequence[Tensor]
    places: Tensor

    @property
    def gradient(self) -> Tensor:
        """Its gradient, in its own shape; 0 where no parameter is, or none was reached."""
        grads = (torch.zeros_like(one) if one.grad is None else one.grad for one in self.parameters)
        flat = torch.cat([torch.zeros(1), *(one.flatten() for one in grads)])
        return flat[self.places]


def set_parameter(target: Any, value: Tensor, name: str) -> Leaf:
    """Copy ``value`` into a parameter that may be shaped otherwise, ``(C,)`` or ``(C, 1, 1)``.

    Raises:
        ProbeError: the name is not there, is no parameter, or has another number of values.
    """
    if not isinstance(target, nn.Parameter):
        raise ProbeError(f"expected an nn.Parameter called `{name}`, found {type(target).__name__}")
    if target.numel() != value.numel():
        raise ProbeError(
            f"`{name}` has shape {wording.shape(target)}; expected {value.numel():,} values, "
            f"as in {wording.shape(value)}",
            "shape",
        )
    with torch.no_grad():
        target.copy_(value.reshape(target.shape))
    return Leaf([target], torch.arange(1, value.numel() + 1).view(value.shape))


def fill_subsampling(layer: Any, weights: Weights, prefix: str = "") -> dict[str, Leaf]:
    """Copy coefficient and bias in; the two parameters, by name."""
    return {
        name: set_parameter(getattr(layer, name, None), weights[name], f"{prefix}{name}")
        for name in PARTS
    }
