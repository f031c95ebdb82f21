"""What counts as a whole number, whatever type it has."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from torch import Tensor


def is_whole(one: Any) -> bool:
    """Whether this is a whole number by its type: Python's, NumPy's, a tensor without axes."""
    if isinstance(one, Tensor):
        return not (one.ndim or one.is_floating_point() or one.is_complex())
    return isinstance(one, Integral)


def kind_of_number(one: Any) -> str:
    """``int`` for every whole number by its type, else the type's name."""
    return "int" if is_whole(one) else type(one).__name__
