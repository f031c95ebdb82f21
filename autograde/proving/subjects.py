"""What is proved: an exercise, its check, its reference, and a digest of the code behind them."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib import import_module
from types import ModuleType
from typing import Any

import torch

from autograde.authoring import checks, reference
from autograde.authoring.checks import Definition
from autograde.authoring.source import parse
from autograde.tree import Tree
from course.checks import Check

FIRST_SEED, STEP = 11, 7919
# What only tells, and never decides: no result hangs on it.
TELLING = {
    f"course.checks.{name}"
    for name in ("book", "panel", "report", "results", "sketches", "stored", "wording")
}


@dataclass(frozen=True)
class Subject:
    """An exercise of a lab.

    Attributes:
        tree: the course.
        lab: the lab's name.
        definition: its check.
        source: its cell in the reference.
        names: what the reference defines.
    """

    tree: Tree
    lab: str
    definition: Definition
    source: str
    names: Mapping[str, Any]
    made: dict[int, Check] = field(default_factory=dict, repr=False)
    limits: dict[tuple[int, ...], float] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The exercise's id."""
        return self.definition.name

    @cached_property
    def digest(self) -> str:
        """Of the code that its check and the reference are made of: results hang on it."""
        return code_of(self)

    @cached_property
    def own(self) -> tuple[str, ...]:
        """Names that its cell defines and that its check asks, or all, if it asks none."""
        defined = defines(self.source)
        asked = {use for one in self.visible.cases for use in one.case.probe.uses}
        return tuple(name for name in defined if name in asked) or tuple(defined)

    @cached_property
    def visible(self) -> Check:
        """The check that the student has."""
        return bare(self.definition.shown())

    def graded(self, seed: int) -> Check:
        """The check of grading, on inputs drawn from a seed; made once for each."""
        if seed not in self.made:
            self.made[seed] = bare(self.definition.graded(self.names, seed))
        return self.made[seed]

    def recognising(self, seed: int | None) -> Check:
        """The visible check, or the graded one of a seed, that also names known mistakes."""
        if seed is None:
            return self.definition.shown()
        return self.definition.graded(self.names, seed)


def subjects(tree: Tree, lab: str, names: Iterable[str] = ()) -> list[Subject]:
    """The exercises of a lab that have a check, or those of these names, in their order."""
    book, solved = checks.load(lab, tree), reference.load(lab, tree)
    cells = dict(reference.cells(lab, tree))
    wanted = set(names)
    return [
        Subject(tree, lab, book[one.name], cells[one.name], solved)
        for one in parse(lab, tree.source(lab).read_text()).exercises
        if not one.manual and (not wanted or one.name in wanted)
    ]


def seeds(count: int) -> tuple[int, ...]:
    """The first seeds of a fixed row."""
    return tuple(FIRST_SEED + STEP * number for number in range(count))


def bare(check: Check) -> Check:
    """The check without known mistakes: whether an answer passes does not hang on them."""
    return replace(check, cases=tuple(replace(one, know=tuple) for one in check.cases))


def defines(source: str) -> list[str]:
    """Names that a cell defines at its top, in order."""
    found: dict[str, None] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = None
        for target in _targets(node):
            found |= {one.id: None for one in ast.walk(target) if isinstance(one, ast.Name)}
    return list(found)


def digest(*parts: str) -> str:
    """Of texts, whose borders count."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(f"{len(part)}\0{part}".encode())
    return whole.hexdigest()


def code_of(subject: Subject) -> str:
    """Digest of the lab's reference and of all modules that check and reference import."""
    cells = [f"{name}\0{code}" for name, code in reference.cells(subject.lab, subject.tree)]
    modules = {subject.definition.home, "autograde.authoring.checks", "course.checks.cases"}
    for one in subject.graded(FIRST_SEED).cases:
        modules |= {one.case.probe.question.__module__, one.case.judge.__module__}
    for cell in cells:
        modules |= set(_imports(cell.partition("\0")[2], ""))
    files = [_source(sys.modules[name]) for name in sorted(_closure(modules))]
    return digest(torch.__version__, *cells, *files)


def _targets(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign | ast.AugAssign) else []


def _closure(modules: Iterable[str]) -> set[str]:
    """Modules of the course, its checks, and what they import of these."""
    found, waiting = set[str](), list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or not name.startswith(("course", "checks_of_", "autograde.authoring")):
            continue
        module = _module(name)
        if module is None or name in TELLING or ".experiments" in name:
            continue
        found.add(name)
        if name == "course.checks":  # it only gathers
            continue
        waiting += _imports(_source(module), module.__package__ or "")
    return found


def _module(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        return None  # a name in a module, not a module


def _source(module: ModuleType) -> str:
    with open(str(module.__file__), encoding="utf-8") as file:
        return file.read()


@cache
def _imports(source: str, package: str) -> tuple[str, ...]:
    return tuple(name for node in ast.walk(ast.parse(source)) for name in _named(node, package))


def _named(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
    if isinstance(node, ast.ImportFrom):
        around = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
        base = ".".join(filter(None, (around if node.level else "", node.module)))
        yield base
        yield from (f"{base}.{one.name}" for one in node.names)
