"""How values are written in a check's panel: short, exact enough, the same everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from course.checks.kinds import Kind
from course.checks.sketches import Sketch

SMALL = 6  # tensors with at most this many elements are written out
MOST_ITEMS = 24  # of a list or dict that are written out
MOST_CHARACTERS = 600


def shortened(text: str, limit: int = 120) -> str:
    """``text`` cut to ``limit`` characters, with an ellipsis where something went."""
    text = text.strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def number(value: float | int | bool, digits: int = 4) -> str:
    """A number as a reader writes it: ``0.25``, ``1.067e-05``, ``61,706``, ``nan``."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int) and value.bit_length() > 200:  # Python refuses to write the largest
        return f"about {'-' if value < 0 else ''}10^{int(value.bit_length() * math.log10(2))}"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if math.isfinite(value) and value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.{digits}g}"


def as_float(value: float | int) -> float:
    """A number as a float: whole numbers beyond its range are infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def shape(tensor: Tensor | Sketch) -> str:
    """A shape as a tuple: ``(64, 10)``."""
    return str(tuple(tensor.shape))


def dtype(tensor: Tensor | Sketch) -> str:
    """A dtype without its module: ``float64``."""
    return str(tensor.dtype).removeprefix("torch.")


def value(item: Any, digits: int = 4) -> str:
    """Any plain value: small ones written out, large tensors by their shape, the rest cut."""
    return shortened(_value(item, digits), MOST_CHARACTERS)


def _value(item: Any, digits: int) -> str:
    if isinstance(item, Tensor):
        return _tensor(item, digits)
    if isinstance(item, Sketch):
        return f"tensor of shape {shape(item)}"
    if isinstance(item, bool | int | float):
        return number(item, digits)
    if isinstance(item, Mapping):
        return "{" + _first((f"{k}: {value(v, digits)}" for k, v in item.items()), len(item)) + "}"
    if isinstance(item, list | tuple):
        return "[" + _first((value(one, digits) for one in item), len(item)) + "]"
    if hasattr(item, "type_name"):
        return f"{item.type_name} {item.text}"
    return shortened(repr(item))


def _first(written: Iterable[str], count: int) -> str:
    """The first items; how many more there are is said."""
    more = [f"… {count - MOST_ITEMS:,} more"] if count > MOST_ITEMS else []
    return ", ".join([*islice(written, MOST_ITEMS), *more])


def kind_of(item: Any) -> str:
    """What sort of thing a plain value is: "nothing (None)", "a tensor of shape (3,)", …"""
    if item is None:
        return "nothing (None)"
    if isinstance(item, Tensor | Sketch):
        return f"a tensor of shape {shape(item)}"
    if hasattr(item, "type_name"):
        return f"a {item.type_name}"
    names = {bool: "a bool", int: "an int", float: "a float", str: "a text"}
    names |= {list: "a list or tuple", dict: "a dict"}
    return names.get(type(item), type(item).__name__)


def kind_of_failure(item: Any) -> Kind:
    """In which way something that is no tensor fails where a tensor is expected."""
    if item is None:
        return "none"
    if isinstance(item, list):
        return "sequence"
    return "ndarray" if getattr(item, "type_name", "") == "ndarray" else "type"


def call_text(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """A call as one would type it: ``elu([-1, 2], alpha=0.5)``."""
    parts = [value(arg) for arg in args] + [f"{key}={value(arg)}" for key, arg in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _tensor(tensor: Tensor, digits: int) -> str:
    if tensor.numel() == 0 or tensor.numel() > SMALL:
        return f"tensor of shape {shape(tensor)}"
    if tensor.ndim == 0:
        return number(tensor.item(), digits)
    if tensor.ndim == 1:
        return "[" + ", ".join(number(item, digits) for item in tensor.tolist()) + "]"
    return "[" + ", ".join(_tensor(row, digits) for row in torch.unbind(tensor)) + "]"
