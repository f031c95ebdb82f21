"""Evidence for a person: torch's own functions where an exercise asks for the student's.

It comes from the syntax tree alone, nothing runs. Nothing is decided by it either: whoever wants
to hide a built-in can, and an honest answer may use one beside the point. So it is told, and
never costs a point.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from nbformat import NotebookNode
from torch import Tensor

from autograde.authoring import checks
from autograde.authoring.source import ANSWER
from autograde.handing_in.normalise import Flag
from autograde.handing_in.normalise.flags import listed

LONGEST_CELL = 20_000  # characters; beyond, nobody wrote it by hand and it is not parsed
LONGEST_BOOK = 300_000
UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
SKIPPED_TAGS = {"explore", "bootstrap", "parameters"}
# What the course, or the grader, has is not the student's work; but labs give tables in their text.
NOT_OWN = re.compile(r"(course|autograde|tests)\.")
GIVEN = re.compile(r"course\.labs\.\w+\.[A-Z]\w*(\.|$)")  # such as TABLE.items
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def evidence(lab: str, notebook: NotebookNode) -> tuple[Flag, ...]:
    """A flag for each answer that is made with what its exercise forbids.

    Args:
        lab: whose checks say what each exercise forbids.
        notebook: as :func:`autograde.handing_in.normalise.normalise` returns it.
    """
    forbids = {ANSWER.format(one.name): Rules.of(one) for one in checks.load(lab)}
    trees = dict(_parsed(notebook))
    answers = {name: tree for name, tree in trees.items() if name in forbids}
    helpers = Names.of(tree for name, tree in trees.items() if not name.endswith(ANSWER.format("")))
    for tree in answers.values():
        helpers = helpers.without(Names.of([tree]).bodies)
    found = {name: _found(tree, helpers, forbids[name]) for name, tree in answers.items()}
    return tuple(_flag(name, used) for name, used in found.items() if used)


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
    def of(cls, check: checks.Definition) -> Rules:
        """The rules of an exercise's check."""
        return cls(frozenset(map(_plain, check.forbids)), check.allows)

    def told(self, full: str) -> bool:
        """Whether the use of a full name is told to a person."""
        holder, _, last = full.rpartition(".")
        if _plain(last) in self.names and _is_torch(holder, last):
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
                found._import(node)
            for statement in _statements(tree):
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

    def _import(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for one in node.names:
                top = one.name.partition(".")[0]
                self.origins[one.asname or top] = one.name if one.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                self.origins[one.asname or one.name] = f"{node.module}.{one.name}"

    def _define(self, statement: ast.stmt) -> None:
        for name in _defined(statement):
            self.bodies.setdefault(name, []).append(statement)
            value = statement.value if isinstance(statement, ast.Assign) else None
            full = self.origin(value) if isinstance(value, ast.Attribute | ast.Name) else ""
            if full and not full.startswith("."):
                self.origins[name] = full
            elif isinstance(statement, Definition):
                self.origins.pop(name, None)


def _found(tree: ast.Module, helpers: Names, rules: Rules) -> list[str]:
    known = Names.of([tree], helpers)
    bodies = list(known.behind(Names.of([tree]).bodies))
    return sorted({use for body in bodies for use in _uses(body, known, rules)})


def _uses(body: ast.stmt, known: Names, rules: Rules) -> Iterator[str]:
    for node in ast.walk(body):
        if isinstance(node, ast.Attribute | ast.Name):
            full = known.origin(node)
            if rules.told(full):
                yield full if full.rpartition(".")[0] else f"Tensor.{full.rpartition('.')[2]}"
        elif isinstance(node, ast.Call) and _plain(_asked_for(node)) in rules.names:
            yield f"getattr(…, {_asked_for(node)!r})"


def _is_torch(holder: str, last: str) -> bool:
    if holder.partition(".")[0] == "torch":
        return True
    return not holder and hasattr(Tensor, last)  # a method of something, such as x.sigmoid()


def _asked_for(call: ast.Call) -> str:
    """The name in ``getattr(thing, "name")``."""
    if isinstance(call.func, ast.Name) and call.func.id == "getattr" and len(call.args) > 1:
        name = call.args[1]
        return str(name.value) if isinstance(name, ast.Constant) else ""
    return ""


def _plain(name: str) -> str:
    """``LeakyReLU``, ``leaky_relu`` and ``leaky_relu_`` are the same."""
    return name.replace("_", "").lower()


def _parsed(notebook: NotebookNode) -> Iterator[tuple[str, ast.Module]]:
    """Code cells by grade_id, else by cell id."""
    left = LONGEST_BOOK
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", ()))
        if cell.cell_type != "code" or tags & SKIPPED_TAGS or len(cell.source) > LONGEST_CELL:
            continue
        left -= len(cell.source)
        if left < 0:
            return
        name = cell.metadata.get("nbgrader", {}).get("grade_id", cell["id"])
        with suppress(*UNPARSABLE):
            yield name, ast.parse(_without_magics(cell.source))


def _without_magics(source: str) -> str:
    lines = source.split("\n")
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
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


def _defined(statement: ast.stmt) -> list[str]:
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


def _flag(name: str, used: list[str]) -> Flag:
    exercise = name.removesuffix(ANSWER.format(""))
    return Flag(
        "built-in-used",
        "attention",
        name,
        f"{exercise}: made with {listed(used)}, where the exercise asks for the student's own "
        "work. The points are what the check gave; look at the cell and decide.",
    )
