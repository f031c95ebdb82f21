"""Fragments of code by which copies are known: winnowing on syntax trees.

Schleimer, Wilkerson, Aiken (2003), "Winnowing: local algorithms for document fingerprinting". A
function's tree becomes a stream of tokens in which names of the student's own, texts, docstrings,
comments and annotations don't count; every window of hashes of K tokens leaves its smallest.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from functools import cache
from zlib import crc32

from autograde.marking import parsing
from autograde.marking.evidence import as_ipython_reads
from course.checks.own import LONGEST_CELL, UNPARSABLE

K = 16  # tokens of a syntax tree in a fragment: about a line and a half
WINDOW = 6  # of that many fragments in a row one is kept, so 21 equal tokens are always seen
NEAR = 12  # tokens back to where a name of the student's own was used before

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
SILENT = (ast.expr_context, ast.alias, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal)


def tree_of(source: str) -> ast.Module | None:
    """A cell's syntax tree, at a bounded cost; None where it is too long, or no Python."""
    if len(source) > LONGEST_CELL:
        return None
    try:
        return parsing.tree(as_ipython_reads(source))
    except (*UNPARSABLE, RuntimeError):
        return None


def bound(tree: ast.Module) -> set[str]:
    """Names that a cell gives to something, and attributes; imported ones keep their meaning."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.ExceptHandler | Function) and node.name:
            found.add(node.name)
    return found


def fragments(tree: ast.Module, own: Collection[str]) -> Iterator[tuple[int, int, int]]:
    """Fragments that winnowing keeps, with their first and last lines.

    Each function is a stream of its own: their order tells nothing.
    """
    waiting: list[ast.AST] = [tree]
    while waiting:
        stream = list(_stream(waiting.pop(), own, waiting))
        words = [word for word, _ in stream]
        hashes = [hash(tuple(words[at : at + K])) for at in range(len(words) - K + 1)]
        kept = -1
        for start in range(max(1, len(hashes) - WINDOW + 1)) if hashes else ():
            window = hashes[start : start + WINDOW]
            at = start + len(window) - 1 - window[::-1].index(min(window))
            if at != kept:
                kept = at
                lines = [line for _, line in stream[at : at + K] if line]
                yield hashes[at], min(lines, default=1), max(lines, default=1)


def defined(tree: ast.Module) -> Iterator[str]:
    """Names of the functions and classes that stand at the left margin."""
    yield from (one.name for one in tree.body if isinstance(one, Function))


def _stream(
    top: ast.AST, own: Collection[str], waiting: list[ast.AST]
) -> Iterator[tuple[int, int]]:
    """Tokens in the tree's order, with lines; functions below are left in ``waiting``.

    A name of the student's own is told by how far back it was used last: by whatever name.
    """
    last: dict[str, int] = {}
    stack = [*reversed(_children(top))]
    count = 0
    while stack:
        node = stack.pop()
        if isinstance(node, SILENT):
            continue
        if isinstance(node, Function):
            waiting.append(node)
        else:
            stack += reversed(_children(node))
        name = _name(node)
        if name in own:
            back = count - last.get(name, -NEAR - 1)
            last[name] = count
            word = f"{type(node).__name__} {back if back <= NEAR else 0}"
        else:
            word = f"{type(node).__name__} {name or _constant(node)}"
        yield _number(word), getattr(node, "lineno", 0)
        count += 1


def _children(node: ast.AST) -> list[ast.AST]:
    """What a reader of the code would read, without annotations and docstrings."""
    if isinstance(node, ast.AnnAssign):
        return [node.target, *([node.value] if node.value else [])]
    if isinstance(node, ast.arg):
        return []
    found = ast.iter_child_nodes(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        found = iter([*node.decorator_list, node.args, *node.body])
    return [one for one in found if not _is_text(one)]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.arg | ast.keyword):
        return node.arg or ""
    return node.name if isinstance(node, Function) else ""


def _constant(node: ast.AST) -> str:
    if not isinstance(node, ast.Constant):
        return ""
    value = node.value
    if isinstance(value, int) and value.bit_length() > 64:  # Python may refuse to write it out
        return "large"
    return type(value).__name__ if isinstance(value, str | bytes) else repr(value)


@cache
def _number(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))
