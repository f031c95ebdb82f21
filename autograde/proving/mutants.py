"""All mutants of an answer: its syntax tree with one slip each."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from autograde.proving import operators
from autograde.proving.graphs import WATCH


@dataclass(frozen=True)
class Mutant:
    """An answer with one slip.

    Attributes:
        source: the whole cell, as ``ast.unparse`` writes it.
        slip: what it is, in a few words.
        line: of the reference's cell where it is.
        watched: the cell without the slip, where :mod:`autograde.proving.graphs` sees whether the
            gradient that the slip cuts off is any; empty for other slips.
    """

    source: str
    slip: str
    line: int
    watched: str = ""


@dataclass(frozen=True)
class Place:
    """Where nodes hang: their parent's field, which entry of a list, and how many."""

    parent: ast.AST
    field: str
    index: int | None
    count: int = 1

    def put(self, thing: Any) -> None:
        """Hang something there; a list takes the place of the entries."""
        if self.index is None:
            setattr(self.parent, self.field, thing)
        else:
            held = list(getattr(self.parent, self.field))
            held[self.index : self.index + self.count] = (
                thing if isinstance(thing, list) else [thing]
            )
            setattr(self.parent, self.field, held)


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a cell that compiles and is not the cell itself, each once."""
    tree = ast.parse(source)
    found: dict[str, Mutant] = {}
    known = {_canonical(source)}
    for mutant in _made(tree):
        if _compiles(mutant.source) and (same := _canonical(mutant.source)) not in known:
            known.add(same)
            found[mutant.source] = mutant
    return list(found.values())


def sampled(text: str, share: float) -> bool:
    """Whether a text belongs to a sample of this share: always the same ones."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:4], "big") < share * 2**32


def normalised(source: str) -> str:
    """The source without its own layout and comments."""
    return ast.unparse(ast.parse(source))


def _canonical(source: str) -> str:
    """The source with one order of what has none: arguments of ``max`` and ``min``, axes."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="max" | "min"), args=free):
                free.sort(key=ast.unparse)
            case ast.keyword(arg="dim", value=ast.Tuple(elts=free) | ast.List(elts=free)):
                free.sort(key=ast.unparse)
    return ast.unparse(tree)


def _made(tree: ast.Module) -> Iterator[Mutant]:
    yield from _exchanged(tree)
    for place, first, second in list(_neighbours(tree)):
        held = getattr(place.parent, place.field)
        place.put([second, first])
        yield Mutant(ast.unparse(tree), "neighbours swapped", first.lineno)
        setattr(place.parent, place.field, held)


def _neighbours(tree: ast.AST) -> Iterator[tuple[Place, ast.stmt, ast.stmt]]:
    """Pairs of statements whose order is part of the answer."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            body = value if isinstance(value, list) else []
            for index, (first, second) in enumerate(pairwise(body)):
                if isinstance(first, ast.stmt) and operators.swappable(first, second):
                    yield Place(parent, name, index, 2), first, second


def _exchanged(tree: ast.Module) -> Iterator[Mutant]:
    for place, node in list(_places(tree)):
        held = getattr(place.parent, place.field)
        statement = isinstance(node, ast.stmt)
        slips = operators.of_statement(node) if statement else operators.of_expression(node)
        for slip, instead in slips:
            seen = operators.watched(node, slip, WATCH)
            sources = []
            for thing in (instead, seen) if seen else (instead,):
                place.put(thing)
                sources.append(ast.unparse(ast.fix_missing_locations(tree)))
                setattr(place.parent, place.field, held)
            yield Mutant(sources[0], slip, node.lineno, *sources[1:])


def _places(tree: ast.AST) -> Iterator[tuple[Place, Any]]:
    """Nodes that may be exchanged, outermost first: no annotation, docstring or message."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "keywords_", "decorator_list"):
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.AST) and not _is_told(tree, node):
                if isinstance(node, ast.stmt | ast.expr):
                    yield Place(tree, name, index), node
                yield from _places(node)


def _is_told(parent: ast.AST, node: ast.AST) -> bool:
    """Whether it is a text for people: a docstring, a message, a formatted text."""
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(parent, ast.Expr) and isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    return (
        isinstance(parent, ast.Call)
        and isinstance(node, ast.Constant)
        and (isinstance(parent.func, ast.Name) and parent.func.id.endswith(("Error", "Exception")))
    )


def _compiles(source: str) -> bool:
    try:
        compile(source, "<mutant>", "exec")
    except (SyntaxError, ValueError):
        return False
    return True
