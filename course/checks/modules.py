"""What questions about networks share: is it one, weights that come from a seed, gradients.

Weights are matched by what layers are, never by the order in which they were made: every parameter
gets values that depend on its shape alone, so two of one shape are equal, and it does not matter
which of them a network uses where. That each is used is seen by its gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course.checks import wording
from course.checks.probes import ProbeError
from course.checks.sketches import signed_sums


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


@contextmanager
def unset_is_nan() -> Iterator[None]:
    """Memory that nobody has written is nan meanwhile, as in ``torch.empty``, not what lies there
    by chance: so what a network starts with does not depend on what ran before.
    """
    kept = torch.are_deterministic_algorithms_enabled()
    only_warn = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)  # fills memory, too
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(kept, warn_only=only_warn)


def size_of(parameter: Tensor) -> list[int]:
    """What a layer's parameter is, however it is written: ``[out, rest]``, or ``[n]`` for biases.

    A 1×1 convolution and a linear layer are the same, and so are a convolution over a whole map
    and a linear layer on it flattened.
    """
    shape = list(parameter.shape)
    return [shape[0], math.prod(shape[1:])] if len(shape) > 1 else shape


def sizes_of(model: nn.Module) -> list[list[int]]:
    """Sizes of all parameters, sorted: the order of making is nobody's business."""
    return sorted(size_of(parameter) for parameter in model.parameters())


def filled(model: nn.Module, seed: int, dtype: torch.dtype | None = torch.float64) -> nn.Module:
    """The model in evaluation mode, with values drawn for its parameters and running statistics.

    What is drawn depends on the seed and on the parameter's size alone, see :func:`size_of`.
    Kernels have He's variance (He et al. 2015, equation 10); γ, β and biases are of either sign
    and not small; running means lie around 0, running variances between 1/2 and 3/2. Where no
    ``dtype`` is named, each keeps its own.
    """
    model.to(dtype).eval()
    drawn = cache(partial(_drawn, seed))  # many layers have one size
    with torch.no_grad():
        for parameter in model.parameters():
            noise = _of(drawn, 0, parameter)
            if parameter.ndim > 1:
                parameter.copy_(noise * (2 / max(parameter[0].numel(), 1)) ** 0.5)
            else:
                parameter.copy_(noise.sign() * (0.5 + 0.3 * noise.abs()))
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(0.3 * _of(drawn, 1, buffer))
            elif name.endswith("running_var"):
                buffer.copy_(1 + 0.5 * _of(drawn, 2, buffer).tanh())
    return model


def _of(drawn: Callable[[int, tuple[int, ...]], Tensor], role: int, like: Tensor) -> Tensor:
    return drawn(role, tuple(size_of(like))).view(like.shape).to(like.device, like.dtype)


def _drawn(seed: int, role: int, size: tuple[int, ...]) -> Tensor:
    key = [seed % 2**32, seed >> 32, role, *size]
    state = np.random.RandomState(key)  # its stream is frozen: the same on every platform
    return torch.from_numpy(np.asarray(state.standard_normal(size)))


def gradients_of(model: nn.Module) -> dict[str, list[float]]:
    """The gradients of all parameters in few numbers that no order of layers changes.

    Returns:
        By size: how many parameters of that size have a gradient, the sum of their random signed
        sums, and the sum of their squares (two layers that share a weight have another one).
    """
    found: dict[str, list[float]] = {}
    for parameter in model.parameters():
        if parameter.grad is None:
            continue
        flat = parameter.grad.detach().to(torch.float64).flatten()
        numbers = [1.0, float(signed_sums(flat)[0]), float(flat.square().sum())]
        name = f"parameters of shape {tuple(size_of(parameter))}"
        found[name] = [a + b for a, b in zip(found.get(name, [0.0] * 3), numbers, strict=True)]
    return found
