"""A package's list of its modules: ``from . import …`` and ``__all__``, with one more."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from autograde.errors import DesignedError

WIDEST = 100  # characters of a line, as the formatter has it


class ListingError(DesignedError):
    """The package can't be read; the message names the file and the line."""


def with_module(text: str, name: str, path: Path) -> str:
    """The text of a package that also imports its module ``name``, written as ruff writes it.

    Args:
        text: of its ``__init__.py``.
        name: of the module.
        path: of the text, for the error.

    Raises:
        ListingError: it is no Python.
    """
    try:
        body = ast.parse(text).body
    except SyntaxError as error:
        raise ListingError(
            f"{path}:{error.lineno}: {error.msg}. Correct it; then run this again."
        ) from None
    lines = text.split("\n")
    for node in reversed(body):
        if isinstance(node, ast.Assign) and _is_all(node):
            listed = [str(one) for one in ast.literal_eval(node.value)]
            quoted = [f'"{one}"' for one in _sorted([*listed, name])]
            lines[node.lineno - 1 : node.end_lineno] = _fitting("__all__ = [", quoted, "]")
    siblings = [one for one in body if isinstance(one, ast.ImportFrom) and one.level == 1]
    known = next((one for one in siblings if one.module is None), None)
    modules = [ast.unparse(one) for one in known.names] if known else []
    wanted = _imported(_sorted([*modules, name]))
    if known:
        lines[known.lineno - 1 : known.end_lineno] = wanted
    else:
        imports = [one for one in body if isinstance(one, ast.Import | ast.ImportFrom)]
        at = siblings[0].lineno - 1 if siblings else (imports[-1].end_lineno if imports else 0)
        lines[at:at] = wanted
    return "\n".join(lines)


def _is_all(node: ast.Assign) -> bool:
    named = [one.id for one in node.targets if isinstance(one, ast.Name)]
    return named == ["__all__"] and isinstance(node.value, ast.List | ast.Tuple)


def _imported(names: list[str]) -> list[str]:
    flat = f"from . import {', '.join(names)}"
    return [flat] if len(flat) <= WIDEST else _fitting("from . import (", names, ")")


def _fitting(start: str, entries: list[str], end: str) -> list[str]:
    flat = f"{start}{', '.join(entries)}{end}"
    return [flat] if len(flat) <= WIDEST else [start, *(f"    {one}," for one in entries), end]


def _sorted(names: Iterable[str]) -> list[str]:
    """As people count: conv2 before conv10."""

    def key(name: str) -> list[int | str]:
        return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]

    return sorted(dict.fromkeys(names), key=key)
