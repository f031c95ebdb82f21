"""How many numbers a network keeps, wherever it keeps them."""

from __future__ import annotations

import dis
import functools
from collections.abc import Iterator, Mapping
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

import numpy as np
from torch import Tensor, nn

A_HISTORY = 2_000  # plain numbers in one list, or bytes in a text: so many are settings, or losses
LIBRARIES = ("torch", "torchvision", "numpy", "course", "autograde")


def numbers_held(model: nn.Module) -> int:
    """How many numbers are within reach of a network: in parameters, buffers, tensors and arrays
    that are its attributes or in lists, dicts, closures, global names that its methods read, and
    objects of one's own classes. Plain numbers in a list, and bytes, count where they are more than
    :data:`A_HISTORY`.
    """
    count = _Count()
    count.take(model)
    return count.total


class _Count:
    def __init__(self) -> None:
        self.total = 0
        self._seen: dict[int, Any] = {}  # by id, which is unique as long as the object is kept

    def take(self, value: Any) -> None:
        """Add what an attribute holds."""
        plain = self._plain(value)
        self.total += plain if plain > A_HISTORY else 0

    def _plain(self, one: Any) -> int:
        """How many plain numbers it holds; all else is added."""
        if isinstance(one, bool | int | float | complex | np.generic):
            return 1
        if one is None or id(one) in self._seen:
            return 0
        self._seen[id(one)] = one
        if isinstance(one, Tensor):
            self.total += one.numel()
        elif isinstance(one, np.ndarray) and one.dtype != object:
            self.total += one.size
        elif isinstance(one, str | bytes | bytearray | memoryview):
            return len(one)
        elif isinstance(one, Mapping):
            return sum(self._plain(part) for pair in one.items() for part in pair)
        elif isinstance(one, list | tuple | set | frozenset | np.ndarray):
            return sum(map(self._plain, one))
        else:
            for part in _parts(one):
                self.take(part)
        return 0


def _parts(one: Any) -> Iterator[Any]:
    """What an object refers to, as far as it is not a library's own."""
    if isinstance(one, FunctionType):
        yield from (one.__closure__ or (), one.__defaults__, one.__kwdefaults__)
        if (one.__module__ or "").partition(".")[0] not in LIBRARIES:
            names = _global_names(one.__code__)
            yield from (one.__globals__[name] for name in names if name in one.__globals__)
    elif isinstance(one, CellType):
        yield from _content(one)
    elif isinstance(one, MethodType):
        yield from (one.__self__, one.__func__)
    elif isinstance(one, functools.partial):
        yield from (one.func, one.args, one.keywords)
    elif isinstance(one, type):
        if not _of_a_library(one):
            own = vars(one).items()
            yield from (part for name, part in own if callable(part) or not name.startswith("__"))
            yield one.__bases__
    elif isinstance(one, nn.Module) or not _of_a_library(type(one)):
        yield type(one)
        yield from getattr(one, "__dict__", {}).values()


def _global_names(code: CodeType) -> set[str]:
    """The global names that code reads, that of functions inside it too."""
    steps = dis.get_instructions(code)
    found = {one.argval for one in steps if one.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return found.union(*map(_global_names, inner))


def _content(cell: CellType) -> Iterator[Any]:
    try:
        yield cell.cell_contents
    except ValueError:  # it is empty
        return


def _of_a_library(kind: type) -> bool:
    made_here = bool(kind.__flags__ & 1 << 9)  # by a class statement
    top = kind.__module__.partition(".")[0]
    return top in LIBRARIES or (top == "builtins" and not made_here)
