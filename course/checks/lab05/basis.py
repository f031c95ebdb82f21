"""What the checks of lab 5 share: inputs, and parameters drawn from a seed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Generator, nn

from course.checks import Checks, ProbeError, close
from course.checks.inputs import normal as normal
from course.checks.inputs import whole as whole
from course.checks.lab05.paper import Spec

check = Checks("lab05_inception")

TIGHT = close(rtol=1e-7, atol=1e-10, dtype=False)
DEEP = close(rtol=1e-6, atol=1e-9, dtype=False)  # after 22 layers in float64


def seed_from(rng: Generator) -> int:
    """A seed for what is drawn in the student's process."""
    return whole(rng, 0, 10**6)


def small_spec(rng: Generator) -> list[int]:
    """Channels of a small block: six different numbers, as plain values for a probe."""
    return (torch.randperm(8, generator=rng)[:6] + 2).tolist()


def built(make: Any, name: str, *args: Any, **kwargs: Any) -> nn.Module:
    """What the student's class makes, if it is a module; lists among the arguments are specs."""
    plain = [Spec(*arg) if isinstance(arg, list | tuple) else arg for arg in args]
    model = make(*plain, **kwargs)
    if not isinstance(model, nn.Module):
        raise ProbeError(f"{name} makes {type(model).__name__}, expected an nn.Module")
    return model


def fill(parameters: Iterable[nn.Parameter], seed: int) -> None:
    """Draw parameters in their order; He's variance keeps the size of numbers through layers."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in parameters:
            drawn = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            fan_in = max(parameter[0].numel(), 1) if parameter.ndim > 1 else 50
            parameter.copy_(drawn * (2 / fan_in) ** 0.5)


def shapes(parameters: Iterable[nn.Parameter]) -> list[list[int]]:
    """Shapes of parameters, in their order."""
    return [list(parameter.shape) for parameter in parameters]


def count(parameters: Iterable[nn.Parameter]) -> int:
    """How many numbers the parameters hold."""
    return sum(parameter.numel() for parameter in parameters)
