"""What questions about networks share: is it one, and weights that come from a seed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course.checks import wording
from course.checks.probes import ProbeError


def a_module(thing: Any, source: str) -> nn.Module:
    """The thing, if it is a network; ``source`` is what gave it, for the message.

    Raises:
        ProbeError: it is something else.
    """
    if not isinstance(thing, nn.Module):
        raise ProbeError(f"{source} gave {wording.kind_of(thing)}, expected an nn.Module")
    return thing


def a_tensor(thing: Any, shape: tuple[int, ...], source: str) -> Tensor:
    """The thing, if it is a tensor of this shape.

    Raises:
        ProbeError: it is something else, or has another shape.
    """
    if not isinstance(thing, Tensor) or thing.shape != shape:
        found = wording.shape(thing) if isinstance(thing, Tensor) else wording.kind_of(thing)
        raise ProbeError(f"{source}: expected a tensor {shape}, found {found}")
    return thing


def count(parameters: Iterable[Tensor]) -> int:
    """How many numbers the tensors hold."""
    return sum(parameter.numel() for parameter in parameters)


def filled(model: nn.Module, seed: int, dtype: torch.dtype = torch.float64) -> nn.Module:
    """The model in evaluation mode, with values drawn in the order of its parameters and buffers.

    Kernels have He's variance; γ, β and biases are of either sign and not small; running means
    lie around 0, running variances between 1/2 and 3/2.
    """
    state = np.random.RandomState(seed)  # its stream is frozen: the same on every platform

    def drawn(like: Tensor) -> Tensor:
        return torch.from_numpy(np.asarray(state.standard_normal(tuple(like.shape)))).to(dtype)

    model.to(dtype).eval()
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
