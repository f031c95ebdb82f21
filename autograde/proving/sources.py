"""The code behind a result: modules with all that they import of the course, and its digest."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

OURS = ("course", "checks_of_", "answers_to_", "autograde.authoring")
# What only tells, and never decides: no result hangs on it.
TELLING = {
    f"course.checks.{name}"
    for name in ("book", "panel", "report", "results", "sketches", "stored", "wording", "advice")
}
GATHERING = {"course.checks"}  # its own imports are no need of who imports it


def digest(*parts: str) -> str:
    """Of texts, whose borders count."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(f"{len(part)}\0{part}".encode())
    return whole.hexdigest()


def behind(modules: Iterable[str]) -> list[str]:
    """Sources of the modules and of all that they import, as far as these are the course's."""
    found, waiting = dict[str, str](), list(modules)
    while waiting:
        name = waiting.pop()
        path = _path(name) if name.startswith(OURS) and name not in found else None
        if path is None or not path.is_file() or name in TELLING or ".experiments" in name:
            continue
        found[name] = path.read_text("utf-8")
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting += imports(found[name], package) if name not in GATHERING else ()
    return [found[name] for name in sorted(found)]


@cache
def imports(source: str, package: str = "") -> tuple[str, ...]:
    """Full names of what a text imports, wherever in it; some may be names within a module."""
    return tuple(name for node in ast.walk(ast.parse(source)) for name in _named(node, package))


def _path(name: str) -> Path | None:
    try:
        return Path(str(import_module(name).__file__))
    except ImportError:
        return None  # a name within a module


def _named(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
    if isinstance(node, ast.ImportFrom):
        around = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
        base = ".".join(filter(None, (around if node.level else "", node.module)))
        yield base
        yield from (f"{base}.{one.name}" for one in node.names)
