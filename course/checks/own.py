"""Whether an answer is the student's own work: which names it is made with.

Nothing is decided by it: whoever wants to hide a built-in can, and an honest answer may use one
beside the point. So it is told, to the student and to a person, and never costs a point.
"""

from __future__ import annotations

import ast
import linecache
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn

LONGEST_CELL = 20_000  # characters; beyond, nobody wrote it by hand and it is not parsed
UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError, SystemError)
# What the course, or the grader, has is not the student's work; but labs give tables in their text.
NOT_OWN = re.compile(r"(course|autograde|tests)\.")
GIVEN = re.compile(r"course\.labs\.\w+\.[A-Z]\w*(\.|$)")  # such as TABLE.items
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Rules:
    """What an exercise asks to be the student's own work.

    Attributes:
        names: plain names of torch's functions and layers that it asks to write by hand.
        allows: beginnings of full names in ``course`` that an answer may use.
    """

    names: frozenset[str]
    allows: tuple[str, ...]

    @classmethod
    def of(cls, forbids: Iterable[str], allows: Iterable[str] = ()) -> Rules:
        """The rules of an exercise, as its check has them."""
        return cls(frozenset(map(plain_name, forbids)), tuple(allows))

    def told(self, full: str) -> bool:
        """Whether the use of a full name is told to a person."""
        holder, _, last = full.rpartition(".")
        if plain_name(last) in self.names and _is_torch(holder, last):
            return True
        given = GIVEN.match(full) or (self.allows and full.startswith(self.allows))
        return bool(NOT_OWN.match(full)) and not given


@dataclass(frozen=True)
class Names:
    """What a notebook's names stand for, as far as its text tells.

    Attributes:
        origins: full names of what was imported, ``{"F": "torch.nn.functional"}``.
        bodies: top-level definitions and assignments by name.
    """

    origins: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, list[ast.stmt]] = field(default_factory=dict)

    @classmethod
    def of(cls, trees: Iterable[ast.Module], known: Names | None = None) -> Names:
        """Read cells in order, on top of what is known."""
        known = known or cls()
        bodies = {name: list(nodes) for name, nodes in known.bodies.items()}
        found = cls(dict(known.origins), bodies)
        for tree in trees:
            for node in ast.walk(tree):
                found.learn(node)
            for statement in statements(tree):
                found._define(statement)
        return found

    def without(self, names: Iterable[str]) -> Names:
        """Less the origins of names that an answer defines."""
        own = set(names)
        return Names({k: v for k, v in self.origins.items() if k not in own}, self.bodies)

    def origin(self, node: ast.expr) -> str:
        """The full name of ``F.relu`` or ``relu``; of an unknown object's attribute ``.relu``."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        known = self.origins.get(node.id, "") if isinstance(node, ast.Name) else ""
        return ".".join([known, *reversed(parts)])

    def behind(self, names: Iterable[str]) -> Iterator[ast.stmt]:
        """Definitions of the names, and of all names that these use, each once."""
        waiting, seen = list(names), set[str]()
        done: set[int] = set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            for body in self.bodies.get(name, ()):
                if id(body) not in done:
                    done.add(id(body))
                    yield body
                    waiting += _free(body)

    def learn(self, node: ast.AST) -> None:
        """Take in what an import says; other nodes say nothing."""
        if isinstance(node, ast.Import):
            for one in node.names:
                top = one.name.partition(".")[0]
                self.origins[one.asname or top] = one.name if one.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                self.origins[one.asname or one.name] = f"{node.module}.{one.name}"

    def _define(self, statement: ast.stmt) -> None:
        for name in defined(statement):
            self.bodies.setdefault(name, []).append(statement)
            value = statement.value if isinstance(statement, ast.Assign) else None
            full = self.origin(value) if isinstance(value, ast.Attribute | ast.Name) else ""
            if full and not full.startswith("."):
                self.origins[name] = full
            elif isinstance(statement, Definition):
                self.origins.pop(name, None)


def uses(body: ast.stmt, known: Names, rules: Rules) -> Iterator[str]:
    """Full names in a definition whose use is told."""
    for node in ast.walk(body):
        if isinstance(node, ast.Attribute | ast.Name):
            full = known.origin(node)
            if rules.told(full):
                yield full if full.rpartition(".")[0] else f"Tensor.{full.rpartition('.')[2]}"
        elif isinstance(node, ast.Call) and plain_name(_asked_for(node)) in rules.names:
            yield f"getattr(…, {_asked_for(node)!r})"


def _is_torch(holder: str, last: str) -> bool:
    if holder.partition(".")[0] in ("torch", "torchvision"):
        return True
    return not holder and hasattr(Tensor, last)  # a method of something, such as x.sigmoid()


def _asked_for(call: ast.Call) -> str:
    """The name in ``getattr(thing, "name")``."""
    if isinstance(call.func, ast.Name) and call.func.id == "getattr" and len(call.args) > 1:
        name = call.args[1]
        return str(name.value) if isinstance(name, ast.Constant) else ""
    return ""


def plain_name(name: str) -> str:
    """``LeakyReLU``, ``leaky_relu`` and ``leaky_relu_`` are the same. So are names of PyTorch's own
    for parts of it: ``leaky_relu.default``, ``leaky_relu_backward``, ``_foreach_leaky_relu``.
    """
    name = name.partition(".")[0].removeprefix("_foreach_").removesuffix("_backward")
    return name.replace("_", "").lower()


def statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Top-level statements, also those under an if, a with, a try or a loop."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        for child in ast.iter_child_nodes(waiting.pop()):
            if isinstance(child, ast.stmt):
                yield child
            if isinstance(child, ast.stmt | ast.ExceptHandler) and not isinstance(
                child, Definition
            ):
                waiting.append(child)


def defined(statement: ast.stmt) -> list[str]:
    """The names that a statement gives a meaning."""
    if isinstance(statement, Definition):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [target.id for target in targets if isinstance(target, ast.Name)]
    return []


def _free(body: ast.stmt) -> set[str]:
    """Names that a definition takes from outside."""
    used: set[str] = set()
    own: set[str] = set()
    for node in ast.walk(body):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else own).add(node.id)
        elif isinstance(node, ast.arg):
            own.add(node.arg)
    return used - own


# Objects of a running notebook -----------------------------------------------------------------


def used_by(
    names: Iterable[str], namespace: Mapping[str, Any], rules: Rules, others: Collection[str] = ()
) -> list[str]:
    """What the objects of a running notebook are made with, of what their exercise forbids.

    Args:
        names: of the objects.
        namespace: the notebook's.
        rules: of the exercise.
        others: names that other exercises ask for: those have rules of their own.
    """
    wanted = [name for name in names if name in namespace]
    known = _live(namespace, set(others) - set(wanted))
    found = {known.origins[name] for name in wanted if rules.told(known.origins.get(name, ""))}
    bodies = list(known.behind(wanted))
    for body in bodies:
        for node in ast.walk(body):
            known.learn(node)  # what it imports itself
    return sorted(found.union(*(uses(body, known, rules) for body in bodies)))


def _live(namespace: Mapping[str, Any], others: Collection[str]) -> Names:
    known = Names()
    for name, thing in list(namespace.items()):
        if origin := _origin(thing):
            known.origins[name] = origin
        elif name not in others and (code := _code(thing, namespace)):
            known.bodies[name] = _statements_of(code.co_filename, name)
    return known


def _origin(thing: Any) -> str:
    """The full name of something of torch's or the course's, as one would import it."""
    if isinstance(thing, ModuleType):
        return thing.__name__
    if isinstance(thing, nn.Module) or type(thing).__qualname__ == "Checks":
        thing = type(thing)
    name = getattr(thing, "__name__", None)
    if not isinstance(name, str):
        return ""
    home = getattr(thing, "__module__", None)
    if home is None:  # as torch's functions in C have it
        homes = [one for one in (torch, nn.functional) if getattr(one, name, None) is thing]
        return f"{homes[0].__name__}.{name}" if homes else ""
    return _public(thing, name, home) if home.startswith(("torch", "course.")) else ""


def _public(thing: Any, name: str, home: str) -> str:
    """Under the shortest module that has it: ``course.instruments.count``."""
    parts = home.split(".")
    for count in range(1, len(parts)):
        module = sys.modules.get(".".join(parts[:count]))
        if getattr(module, name, None) is thing:
            return f"{'.'.join(parts[:count])}.{name}"
    return f"{home}.{name}"


def _code(thing: Any, namespace: Mapping[str, Any]) -> CodeType | None:
    """The code of a function of the notebook's, or of some method of a class of its."""
    if isinstance(thing, type):
        parts = (getattr(one, "__func__", one) for one in vars(thing).values())
        return next((code for one in parts if (code := _code_of(one, namespace))), None)
    return _code_of(getattr(thing, "__wrapped__", thing), namespace)


def _code_of(thing: Any, namespace: Mapping[str, Any]) -> CodeType | None:
    of_it = isinstance(thing, FunctionType) and thing.__globals__ is namespace
    return thing.__code__ if of_it else None


def _statements_of(file: str, name: str) -> list[ast.stmt]:
    tree = _parsed("".join(linecache.getlines(file)))
    return [one for one in statements(tree) if name in defined(one)] if tree else []


@lru_cache(maxsize=128)
def _parsed(source: str) -> ast.Module | None:
    if len(source) <= LONGEST_CELL:
        with suppress(*UNPARSABLE):
            return ast.parse(source)
    return None
