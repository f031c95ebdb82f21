"""Reading students' code outside the sandbox: one at a time, at a cost that is bounded."""

from __future__ import annotations

import ast
import symtable
import threading

from course.checks.own import UNPARSABLE as UNPARSABLE

QUOTES = "'\""
COST = 20_000_000
"""Steps that cutting a cell into tokens may take: where quotes don't end, each looks for its end up
to the end of the line. A tenth of a second is some four million.
"""
_ALONE = threading.Lock()  # Python 3.11 counts how deep it is for all threads together


def tree(source: str) -> ast.Module:
    """The syntax tree.

    Raises:
        SyntaxError and others of :data:`UNPARSABLE`: it has none.
    """
    with _ALONE:
        return ast.parse(source)


def names(source: str) -> symtable.SymbolTable:
    """The names of a cell, by scope; raises as :func:`tree` does."""
    with _ALONE:
        return symtable.symtable(source, "cell", "exec")


def steps(source: str) -> int:
    """About how many steps pure Python takes to cut the source into tokens."""
    lines = source.split("\n")
    return sum(len(line) * (1 + sum(map(line.count, QUOTES))) for line in lines)
