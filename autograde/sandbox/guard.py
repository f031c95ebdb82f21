"""What tests compare with: kept before the student's code runs, put back before each test.

Kept are names of modules, methods of their classes, the code of their functions, and how the shell
runs cells and magics. Nothing here can hold against code that looks for the guard itself.
"""

from __future__ import annotations

import hashlib  # noqa: F401 - these, so that they are guarded
import random  # noqa: F401
import statistics  # noqa: F401
import sys
import unittest.mock  # noqa: F401
from collections.abc import Iterator, Mapping
from types import FunctionType, MethodType
from typing import Any

import numpy.testing  # noqa: F401

MODULES = ("builtins", "math", "numpy", "numpy.testing", "pandas.testing", "torch", "torch.testing")
"""Modules all of whose names are put back."""

FURTHER = (
    *("cmath", "collections", "copy", "csv", "decimal", "difflib", "doctest", "fractions"),
    *(
        "functools",
        "hashlib",
        "inspect",
        "itertools",
        "json",
        "json.decoder",
        "numbers",
        "operator",
    ),
    *("random", "re", "statistics", "string", "textwrap", "types", "unittest", "unittest.case"),
    *("unittest.mock", "unittest.result", "unittest.suite", "unittest.util"),
    *("numpy._core.fromnumeric", "numpy._core.numeric", "numpy.testing._private.utils"),
    *("pandas._testing.asserters", "torch.testing._comparison"),
)
"""Modules whose functions and classes are; the rest of their names may be state of their own."""

ORDINARY = frozenset({"input", "print", "open", "display", "_", "__", "___"})
"""Builtins that a course's own cells replace, and that compare nothing."""

OURS = ("__main__", "__mp_main__")
"""Loaded modules that ``%run`` replaces, whoever calls it: put back and not told."""

SHELLS = ("IPython.core.interactiveshell", "autograde.sandbox.shell")


class Guard:
    """What comparisons depend on, as it was before any of the student's code ran."""

    def __init__(self, shell: Any) -> None:
        spaces = {name: dict(_space(name)) for name in MODULES if name in sys.modules}
        spaces |= {name: _callables(_space(name)) for name in FURTHER if name in sys.modules}
        self._shells = _shells(shell)
        magics = shell.magics_manager.magics
        self._spaces = [(name, _space(name), before) for name, before in spaces.items()]
        self._spaces += [(f"%{kind}", space, dict(space)) for kind, space in magics.items()]
        self._classes = [
            (f"{one.__module__}.{one.__qualname__}".replace("unittest.case", "unittest"), one, kept)
            for one in (*_classes(spaces), *self._shells)
            if (kept := _callables(vars(one)))
        ]
        self._codes = [
            (function, function.__code__, function.__defaults__, function.__kwdefaults__)
            for function in _functions([*spaces.values(), *(kept for *_, kept in self._classes)])
        ]
        self._modules = dict(sys.modules)
        self._shell, self._own = vars(shell), frozenset(vars(shell))
        self._names = frozenset(name for one in self._shells for name in _callables(vars(one)))
        self._unset = type.__delattr__
        self._set, self._off = type.__setattr__, (sys.settrace, sys.setprofile)

    def restore(self) -> list[str]:
        """Put it back; the names of what had been replaced."""
        for off in self._off:
            off(None)
        changed = []
        for name, space, before in self._spaces:  # builtins first: until then, none is called
            for key, value in before.items():
                if (key not in space or space[key] is not value) and key not in ORDINARY:
                    space[key] = value
                    changed += [f"{name}.{key}"]
        for name, module in self._modules.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module
                changed += [] if name in OURS else [name]
        return [*changed, *self._methods(), *self._bodies(), *self._shadows()]

    def _methods(self) -> Iterator[str]:
        for name, one, before in self._classes:
            now = vars(one)
            for key, value in before.items():
                if now.get(key) is not value:
                    self._set(one, key, value)
                    yield f"{name}.{key}"

    def _bodies(self) -> Iterator[str]:
        for function, code, defaults, named in self._codes:
            if (
                function.__code__ is not code
                or function.__defaults__ is not defaults
                or function.__kwdefaults__ is not named
            ):
                function.__code__, function.__defaults__ = code, defaults
                function.__kwdefaults__ = named
                yield f"{function.__module__}.{function.__qualname__}"

    def _shadows(self) -> Iterator[str]:
        """Attributes of the shell and of its class that stand before the methods."""
        for key in [one for one in self._shell if one in self._names and one not in self._own]:
            del self._shell[key]
            yield f"get_ipython().{key}"
        for name, one, before in self._classes:
            if one in self._shells:
                for key in [key for key in vars(one) if key in self._names and key not in before]:
                    self._unset(one, key)
                    yield f"{name}.{key}"


def _space(name: str) -> dict[str, Any]:
    return vars(sys.modules[name])


def _callables(space: Mapping[str, Any]) -> dict[str, Any]:
    """Functions, classes and descriptors; what Python itself keeps under such names is left."""
    kinds = (staticmethod, classmethod, property)
    return {
        key: value
        for key, value in space.items()
        if (callable(value) or isinstance(value, kinds)) and key not in ("__class__", "__loader__")
    }


def _classes(spaces: Mapping[str, Mapping[str, Any]]) -> list[type]:
    """Those of the further modules and of unittest whose methods can be replaced."""
    found = {
        id(value): value
        for name in FURTHER
        for value in spaces.get(name, {}).values()
        if isinstance(value, type) and value.__module__ in FURTHER and _open(value)
    }
    return list(found.values())


def _open(one: type) -> bool:
    """Whether it was made by a ``class`` statement: others refuse new methods."""
    return bool(one.__flags__ & (1 << 9)) and not one.__flags__ & (1 << 8)


def _shells(shell: Any) -> list[type]:
    return [one for one in type(shell).__mro__ if one.__module__ in SHELLS]


def _functions(spaces: list[dict[str, Any]]) -> list[FunctionType]:
    """Functions written in Python, also those that others wrap."""
    found: dict[int, FunctionType] = {}
    for value in (value for space in spaces for value in space.values()):
        inner = value
        while (inner := _inner(inner)) is not None:
            found[id(inner)] = inner
            inner = vars(inner).get("__wrapped__")
    return list(found.values())


def _inner(value: Any) -> FunctionType | None:
    """The function in a method, a property or one of NumPy's dispatchers."""
    if isinstance(value, property):
        value = value.fget
    elif isinstance(value, MethodType | staticmethod | classmethod):
        value = value.__func__
    elif type(value).__name__ == "_ArrayFunctionDispatcher":
        value = value.__wrapped__
    return value if isinstance(value, FunctionType) else None
