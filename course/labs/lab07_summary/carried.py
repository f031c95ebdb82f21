"""What a network carries besides the numbers of its file.

Everything that can be reached from the network is looked at: tensors, arrays, lists, texts, in its
attributes, in its classes, in functions that it calls, in what these close over and in the
notebook's names that they use. Files that it reads are counted, too. It is a count for honest
people, told to them and to the leaderboard: whoever shares a process with it can deceive it.
"""

from __future__ import annotations

import dis
import functools
import os
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

FREE = 5000  # numbers and letters that the code of any network has: sizes, names, docstrings
MOST = 1_000_000  # numbers after which nobody counts on
OBJECTS = 200_000  # looked at, at most
INSTALLED = ("site-packages", "dist-packages")
SETTINGS = 8  # numbers in an attribute of torch's own layers, such as a kernel's size
ENTRIES = (dict, list, tuple, set, frozenset)
CODE = (".py", ".pyc", ".so", ".pyi", ".json.gz")


def numbers_beside(model: nn.Module) -> int:
    """How many numbers and letters can be reached from a network, less those of its state.

    A small amount counts as nothing, see :data:`FREE`: every code has some.
    """
    found = _Count(model).total
    return found if found > FREE else 0


class _Count:
    """Walks once over what can be reached."""

    def __init__(self, model: nn.Module) -> None:
        state = list(model.state_dict(keep_vars=True).values())
        tensors = [one for one in state if isinstance(one, Tensor)]
        self.total = 0
        self._memory = {_place(one) for one in tensors}
        self._seen: set[int] = set()
        self._waiting: list[Any] = [model]
        self._alive: list[Any] = []  # an id is an object's only as long as it lives
        while self._waiting and self.total < MOST and len(self._seen) < OBJECTS:
            self._look(self._waiting.pop())

    def _look(self, thing: Any) -> None:
        if isinstance(thing, bool | types.ModuleType) or thing is None:
            return
        if isinstance(thing, int | float | complex):
            self.total += 1 + (thing.bit_length() // 32 if isinstance(thing, int) else 0)
            return
        if id(thing) in self._seen:
            return
        self._seen.add(id(thing))
        self._alive.append(thing)
        if isinstance(thing, str | bytes | bytearray):
            self.total += len(thing)
        elif isinstance(thing, Tensor):
            self._tensor(thing)
        elif isinstance(thing, np.ndarray):
            self.total += thing.size
            self._waiting += [] if thing.dtype != object else thing.ravel().tolist()
        else:
            self._waiting += _inside(thing)

    def _tensor(self, tensor: Tensor) -> None:
        self._waiting.append(getattr(tensor, "__dict__", None))
        if _place(tensor) not in self._memory:
            self._memory.add(_place(tensor))
            self.total += _numbers(tensor)


def _place(tensor: Tensor) -> int:
    """Where its numbers lie: views of one memory count once."""
    return (tensor.untyped_storage().data_ptr() if _stored(tensor) else 0) or id(tensor)


def _numbers(tensor: Tensor) -> int:
    """All numbers in its memory, also those that a view does not show."""
    if _stored(tensor):
        return tensor.untyped_storage().nbytes() // tensor.element_size()
    return 0 if nn.parameter.is_lazy(tensor) else tensor.numel()


def _stored(tensor: Tensor) -> bool:
    return tensor.layout == torch.strided and not nn.parameter.is_lazy(tensor)


def _inside(thing: Any) -> Iterable[Any]:
    """What a thing holds or uses."""
    if isinstance(thing, ENTRIES):
        return _entries(thing)
    if isinstance(thing, types.CodeType):
        return thing.co_consts
    if isinstance(thing, types.FunctionType):
        return _of_function(thing)
    if isinstance(thing, types.MethodType):
        return [thing.__func__, thing.__self__]
    if isinstance(thing, staticmethod | classmethod):
        return [thing.__func__]
    if isinstance(thing, property):
        return [thing.fget, thing.fset]
    if isinstance(thing, functools.partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    if isinstance(thing, types.CellType):
        return [thing.cell_contents] if _filled(thing) else []
    if isinstance(thing, type):
        return [] if _of_library(thing) else [*thing.__bases__, *vars(thing).values()]
    return _of_object(thing)


def _entries(thing: Any) -> Iterable[Any]:
    if isinstance(thing, Mapping):
        return [*thing.values(), *(key for key in thing if not isinstance(key, str))]
    return list(thing)


def _of_function(function: types.FunctionType) -> list[Any]:
    """What a function brings along: constants, defaults, what it closes over, globals it reads.

    What ``__init__`` needs is of no matter: what it leaves in the network is seen there.
    """
    if _of_library(function) or function.__name__ == "__init__":
        return []
    wrapped = getattr(function, "__wrapped__", None)
    return [
        function.__code__,
        function.__defaults__,
        function.__kwdefaults__,
        vars(function),
        wrapped,
        *(function.__closure__ or ()),
        *_globals(function.__code__, function.__globals__),
    ]


def _globals(code: types.CodeType, names: Mapping[str, Any]) -> Iterator[Any]:
    """Values of the global names that code reads, and what it reads of modules."""
    used = {one.argval for one in dis.get_instructions(code) if one.opname.startswith("LOAD_")}
    asked = {one.argval for one in dis.get_instructions(code) if one.opname == "LOAD_GLOBAL"}
    asked |= {one.argval for one in dis.get_instructions(code) if one.opname == "LOAD_NAME"}
    for name in asked & set(names):
        thing = names[name]
        if isinstance(thing, types.ModuleType):
            yield from _of_module(thing, used)
        else:
            yield thing
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _globals(inner, names)


def _of_module(module: types.ModuleType, used: set[Any]) -> Iterator[Any]:
    """Data in a module that code asks for; a module's own code is nobody's network."""
    for name in used:
        thing = vars(module).get(name) if isinstance(name, str) else None
        if isinstance(thing, Tensor | np.ndarray | bytes | list | dict | tuple):
            yield thing


def _of_object(thing: Any) -> list[Any]:
    kind = type(thing)
    slots = [getattr(thing, name, None) for one in kind.__mro__ for name in _slots(one)]
    held = [*getattr(thing, "__dict__", {}).values(), *slots]
    if _of_library(kind):
        wrapped = getattr(thing, "__wrapped__", None)
        return [*(one for one in held if not _setting(one)), wrapped]
    return [kind, *held]


def _slots(kind: type) -> Iterable[str]:
    names = vars(kind).get("__slots__", ())
    return [names] if isinstance(names, str) else [str(name) for name in names]


def _setting(value: Any) -> bool:
    """Whether it is one of the few numbers or words with which a layer of torch's is made."""
    if isinstance(value, int | float):
        return True
    if isinstance(value, str):
        return len(value) < 30
    return isinstance(value, tuple) and len(value) <= SETTINGS and all(map(_setting, value))


def _filled(cell: types.CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _of_library(thing: Any) -> bool:
    """Whether a class or function comes from Python, an installed package or the course."""
    return _library(str(getattr(thing, "__module__", "") or "").partition(".")[0])


@functools.cache
def _library(name: str) -> bool:
    if name == "course" or (name in sys.stdlib_module_names and name != "__main__"):
        return True
    home = getattr(sys.modules.get(name), "__file__", None) or ""
    return any(part in Path(home).parts for part in INSTALLED)


# Files that are read meanwhile ------------------------------------------------------------------

_listening: list[list[str]] = []
_hooked: list[bool] = []


@contextmanager
def noting_files() -> Iterator[list[str]]:
    """For a block, the list of the files of data that are opened in it; code does not count."""
    if not _hooked:
        sys.addaudithook(_note)  # can't be taken away again; it does nothing while nobody listens
        _hooked.append(True)
    found: list[str] = []
    _listening.append(found)
    try:
        yield found
    finally:
        _listening.remove(found)


def size_of_files(paths: Iterable[str]) -> int:
    """Bytes in these files, each once; one that is gone has none."""
    return sum(os.path.getsize(path) for path in set(paths) if os.path.isfile(path))


def _note(event: str, args: tuple[Any, ...]) -> None:
    if _listening and event == "open" and isinstance(args[0], str | bytes | os.PathLike):
        path = os.path.abspath(os.fsdecode(args[0]))
        if not _of_the_machine(path):
            for one in _listening:
                one.append(path)


def _of_the_machine(path: str) -> bool:
    """Whether a file is code, a device, or part of an installed package other than the course."""
    if path.endswith(CODE) or path.startswith(("/proc", "/sys", "/dev", "/etc")):
        return True
    parts = Path(path).parts
    return any(part in parts for part in INSTALLED) and "course" not in parts
