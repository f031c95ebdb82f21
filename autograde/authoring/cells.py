"""What students' tools know of a notebook, without nbgrader: ``cells.json`` of a lab.

It holds nothing that the released notebook does not.
"""

from __future__ import annotations

import ast
import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

from nbformat import NotebookNode

from autograde.authoring.path import rounded
from autograde.authoring.source import LabSource
from autograde.tree import Tree

HEADING = re.compile(r"#+\s*(.*)")


def text(tree: Tree, source: LabSource, student: NotebookNode) -> str:
    """The file's text.

    Args:
        tree: the course; the lab's stored checks name the files that they read.
        source: of the lab.
        student: its notebook as released.
    """
    found = {
        "title": source.title,
        "minutes": source.minutes,
        "core_minutes": rounded(source.took.core) if source.took.core else 0,
        "setup": list(dict.fromkeys(setup_names(source))),
        "files": _files(tree, source.lab),
        "predictions": [c.metadata["predict"] for c in source.cells if "predict" in c.metadata],
        "exercises": list(_exercises(source)),
        "cells": list(_marked(student)),
    }
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def setup_names(source: LabSource) -> Iterator[str]:
    """Names that the setup cells define, but for those of typing, which nobody misses first."""
    for cell in source.cells:
        if "setup" in cell.metadata:
            for node in ast.parse(cell.source).body:
                yield from _names(node)


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and node.module in ("typing", "collections.abc"):
        return  # nothing that one misses first
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((one.asname or one.name).split(".")[0] for one in node.names)
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (one.id for one in node.targets if isinstance(one, ast.Name))


def _files(tree: Tree, lab: str) -> list[str]:
    path = tree.compiled(lab)
    checks = gzip.decompress(path.read_bytes()).decode() if path.is_file() else ""
    return sorted(set(re.findall(r'"handed_in":\s*"([^"]+)"', checks)))


def _exercises(source: LabSource) -> Iterator[dict[str, Any]]:
    headings = {
        cell.metadata["intro"]: HEADING.match(cell.source)
        for cell in source.cells
        if "intro" in cell.metadata
    }
    for one in source.exercises:
        heading = headings.get(one.name)
        yield {
            "name": one.name,
            "number": one.number,
            "title": heading[1].strip() if heading else one.name,
            "points": one.points,
            "minutes": one.minutes,
            "written": one.manual,
            "optional": one.optional,
        }


def _marked(student: NotebookNode) -> Iterator[dict[str, Any]]:
    for cell in student.cells:
        if "nbgrader" in cell.metadata:
            kept = {key: cell[key] for key in ("cell_type", "id", "metadata", "source")}
            yield json.loads(json.dumps(kept))
