"""What is proved: an exercise, its check, its reference, and a digest of the code behind them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch

from autograde.authoring import checks, reference
from autograde.authoring.checks import Definition
from autograde.authoring.source import parse
from autograde.proving import sources
from autograde.proving.sources import digest
from autograde.tree import Tree
from course.checks import Check
from course.checks.cases import Prepared

FIRST_SEED, STEP = 11, 7919


@dataclass(frozen=True)
class Subject:
    """An exercise of a lab.

    Attributes:
        tree: the course.
        lab: the lab's name.
        definition: its check.
        source: its cell in the reference.
        names: what the reference defines.
        naming: its checks that name known mistakes, the visible one under None.
        made: its graded checks that name none, by seed.
        limits: seconds that an answer may take, by the seeds that it meets.
        costs: seconds that the reference takes, by the case's title.
    """

    tree: Tree
    lab: str
    definition: Definition
    source: str
    names: Mapping[str, Any]
    naming: dict[int | None, Check] = field(default_factory=dict, repr=False)
    made: dict[int, Check] = field(default_factory=dict, repr=False)
    limits: dict[tuple[int, ...], float] = field(default_factory=dict, repr=False)
    costs: dict[str, float] = field(default_factory=dict, repr=False)

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
        """Names that its cell defines and that its check asks; all that it asks, if it defines
        none of them, as where a file is asked.
        """
        asked = self._uses()
        return tuple(name for name in defines(self.source) if name in asked) or tuple(asked)

    @cached_property
    def is_asked(self) -> bool:
        """Whether the check runs what the cell defines; a file may be asked instead."""
        return any(name in self._uses() for name in defines(self.source))

    def _uses(self) -> dict[str, None]:
        cases = self.visible.cases
        return dict.fromkeys(use for one in cases for use in one.case.probe.uses)

    @cached_property
    def visible(self) -> Check:
        """The check that the student has."""
        return bare(self.recognising(None))

    def graded(self, seed: int) -> Check:
        """The check of grading, on inputs drawn from a seed; made once for each."""
        if seed not in self.made:
            self.made[seed] = bare(self.recognising(seed))
        return self.made[seed]

    def recognising(self, seed: int | None) -> Check:
        """The visible check, or the graded one of a seed, that also names known mistakes."""
        if seed not in self.naming:
            one = self.definition
            self.naming[seed] = one.shown() if seed is None else one.graded(self.names, seed)
        return self.naming[seed]


def subjects(tree: Tree, lab: str, names: Iterable[str] = ()) -> list[Subject]:
    """The exercises of a lab that have a check, or those of these names, in their order."""
    book, solved = checks.load(lab, tree), reference.load(lab, tree)
    cells = dict(reference.cells(lab, tree))
    wanted = set(names)
    return [
        Subject(tree, lab, book[one.name], cells[one.name], solved)
        for one in parse(lab, tree.source(lab).read_text("utf-8")).exercises
        if not one.manual and (not wanted or one.name in wanted)
    ]


def seeds(count: int) -> tuple[int, ...]:
    """The first seeds of a fixed row."""
    return tuple(FIRST_SEED + STEP * number for number in range(count))


def bare(check: Check) -> Check:
    """The check without known mistakes: whether an answer passes does not hang on them. What it
    expects is found once for both.
    """
    return replace(check, cases=tuple(map(_bare, check.cases)))


def defines(source: str) -> list[str]:
    """Names that a cell defines at its top, in order."""
    found: dict[str, None] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = None
        for target in _targets(node):
            found |= {one.id: None for one in ast.walk(target) if isinstance(one, ast.Name)}
    return list(found)


def code_of(subject: Subject) -> str:
    """Digest of the lab's reference and of all modules that check and reference import."""
    cells = [f"{name}\0{code}" for name, code in reference.cells(subject.lab, subject.tree)]
    modules = {subject.definition.home, "autograde.authoring.checks", "course.checks.cases"}
    for one in subject.graded(FIRST_SEED).cases:
        modules |= {one.case.probe.question.__module__, one.case.judge.__module__}
    for cell in cells:
        modules |= set(sources.imports(cell.partition("\0")[2]))
    return digest(torch.__version__, *cells, *sources.behind(modules))


def _bare(one: Prepared) -> Prepared:
    return replace(one, expect=lambda: one.expected, know=tuple)


def _targets(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign | ast.AugAssign) else []
