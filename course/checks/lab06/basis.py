"""What all checks of lab 6 share: inputs, tolerances, and weights that come from a seed."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor, nn

from course.checks import Checks, ProbeError, close
from course.checks.inputs import normal as normal
from course.checks.inputs import whole as whole

check = Checks("lab06_resnet")

TIGHT = close(rtol=1e-7, atol=1e-10, dtype=False)  # float64
DTYPE_TOO = close(rtol=1e-6, atol=1e-9)
DEEP = close(rtol=1e-6, atol=1e-8, dtype=False)  # after many layers in float64
NARROW = 1 / 16  # of the paper's width, where whole networks are compared


def seed_from(rng: Generator) -> int:
    """A seed for what is drawn in the student's process."""
    return whole(rng, 0, 10**6)


def module(thing: Any, source: str) -> nn.Module:
    """The thing, if it is a module.

    Raises:
        ProbeError: it is something else.
    """
    if not isinstance(thing, nn.Module):
        raise ProbeError(f"{source} returned {type(thing).__name__}, expected an nn.Module")
    return thing


def count(model: nn.Module) -> int:
    """Trained parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def filled(model: nn.Module, seed: int) -> nn.Module:
    """The model in float64 and evaluation mode, with values drawn in the order of its parameters.

    Kernels have He's variance; γ, β and biases are of either sign and not small; running means
    lie around 0, running variances between 1/2 and 3/2.
    """
    generator = torch.Generator().manual_seed(seed)

    def drawn(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=generator, dtype=torch.float64)

    model.double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            noise = drawn(parameter)
            if parameter.ndim > 1:
                parameter.copy_(noise * (2 / parameter[0].numel()) ** 0.5)
            else:
                parameter.copy_(noise.sign() * (0.5 + 0.3 * noise.abs()))
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(0.3 * drawn(buffer))
            elif name.endswith("running_var"):
                buffer.copy_(1 + 0.5 * drawn(buffer).tanh())
    return model
