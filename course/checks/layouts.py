"""How a tensor lies in memory: copies that keep it, and the same values laid out in another way.

``clone`` keeps an order of axes, but no gaps and no repetition. An answer that writes where numbers
are shared, or that takes ``view`` where the axes are permuted, fails for these alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

FARTHEST = 2**62  # an axis without numbers may claim any stride; PyTorch reads 64 bits


class LayoutError(ValueError):
    """These strides do not fit the tensor, or need too much memory; the message says which."""


def copy(tensor: Tensor) -> Tensor:
    """A copy that lies in memory in the same way, gaps and repetition included.

    Autograd follows a plain copy; one with gaps or repetition is a leaf.
    """
    plain = tensor.clone()
    if plain.stride() == tensor.stride():
        return plain
    return laid_out(tensor.detach(), tensor.stride()).requires_grad_(tensor.requires_grad)


def laid_out(values: Tensor, strides: Sequence[int], most: int | None = None) -> Tensor:
    """The values with these strides, in new memory; gaps are filled with zeros.

    Where places share memory, as with a stride of 0, one of their values is taken.

    Args:
        values: of any layout.
        strides: elements from one index to the next, for each axis.
        most: bytes that the memory may have.

    Raises:
        LayoutError: a stride is missing, negative or beyond ``FARTHEST``, or the memory is larger.
    """
    shape = tuple(values.shape)
    if len(strides) != len(shape) or not all(
        type(one) is int and 0 <= one <= FARTHEST for one in strides
    ):
        raise LayoutError(f"strides {str(list(strides))[:80]} for the shape {shape}")
    room = reach(shape, strides)
    if most is not None and room * values.element_size() > most:
        raise LayoutError(f"strides that need {room:,} places for {values.numel():,} numbers")
    memory = values.new_zeros(room)
    once = values
    for axis, (size, stride) in enumerate(zip(shape, strides, strict=True)):
        once = once.narrow(axis, 0, 1) if size > 1 and stride == 0 else once
    if _apart(tuple(once.shape), strides):
        memory.as_strided(once.shape, strides).copy_(once)
    else:
        memory[_places(tuple(once.shape), strides)] = once.flatten()
    return memory.as_strided(shape, strides)


def reach(shape: Sequence[int], strides: Sequence[int]) -> int:
    """Elements of memory from the first number to the last."""
    if 0 in shape:
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))


def _apart(shape: tuple[int, ...], strides: Sequence[int]) -> bool:
    """Whether no two indices share a place, by what nested axes need at most."""
    within = 0
    for stride, size in sorted(zip(strides, shape, strict=True)):
        if size > 1:
            if stride <= within:
                return False
            within += (size - 1) * stride
    return True


def _places(shape: tuple[int, ...], strides: Sequence[int]) -> Tensor:
    """Where each number lies, flat; ``(N,)``."""
    places = torch.zeros((), dtype=torch.int64)
    for size, stride in zip(shape, strides, strict=True):
        places = places[..., None] + torch.arange(size) * stride
    return places.reshape(math.prod(shape))
