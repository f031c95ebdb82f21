"""What a student defines in the release's cells that grading does not run: experiments, which draw
or train and which no check needs, and the cells that prepare a machine.

Where the student works they run like any other cell, so a helper or an import may stand there, and
the answers that use it are right. So functions, classes, imports and plain values run in grading
too; what draws, trains or asks does not.
"""

from __future__ import annotations

import ast
import re

from autograde.marking import parsing

TAGS = frozenset({"explore", "bootstrap", "parameters"})
"""Of the cells that grading does not run as they are."""

DEFINES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
LONGEST = 4_000
"""Characters of a cell that is looked into: the lab's have a thousand, and reading takes time."""

MAGIC = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)
SAME_PYTHON = ("%%time", "%%capture")
"""Cell magics below which the notebook's own Python stands."""


def definitions(source: str, given: str = "") -> str:
    """The top-level definitions of a cell, as Python; empty where it can't be read.

    Args:
        source: of the cell.
        given: the same cell as released: what stands there already is left out.
    """
    if source == given:
        return ""
    known = {ast.dump(one) for one in _body(given)}
    new = [one for one in _body(source) if _defines(one) and ast.dump(one) not in known]
    try:
        return "\n".join(map(ast.unparse, new))
    except parsing.UNPARSABLE:
        return ""


def _body(source: str) -> list[ast.stmt]:
    if len(source) > LONGEST or _is_foreign(source):
        return []
    try:
        return parsing.tree(MAGIC.sub("", source)).body
    except parsing.UNPARSABLE:
        return []


def _is_foreign(source: str) -> bool:
    """Whether a cell's magic makes of it something else than this notebook's Python."""
    first = source.lstrip()
    return first.startswith("%%") and not first.startswith(SAME_PYTHON)


def _defines(statement: ast.stmt) -> bool:
    """Whether a statement gives names a meaning, and does nothing that takes time."""
    if isinstance(statement, DEFINES):
        return True
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return False
    value = statement.value
    return isinstance(value, ast.Lambda) or not any(map(_acts, ast.walk(value)))


def _acts(node: ast.AST) -> bool:
    return isinstance(node, ast.Call | ast.Await | ast.Yield | ast.YieldFrom)
