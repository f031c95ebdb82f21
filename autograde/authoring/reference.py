"""The reference solution, taken from the lab's own source: it is never written twice."""

from __future__ import annotations

import types
from functools import cache
from typing import Any

from autograde import tree
from autograde.authoring import changes
from autograde.authoring.source import parse, reference_code


@cache
def load(lab: str) -> dict[str, Any]:
    """Names that the lab's setup and exercise cells define.

    Raises:
        TreeError: no such lab.
        RuntimeError: a reference cell fails; names the cell.
    """
    course = tree.find()
    course.chosen([lab])
    path = course.source(lab)
    module = types.ModuleType(f"reference_{lab}")
    for name, code in cells(lab):
        try:
            exec(compile(code, f"<{lab}:{name}>", "exec"), module.__dict__)
        except Exception as error:
            raise RuntimeError(
                f"{path}: the reference cell {name!r} fails with {type(error).__name__}: {error}"
            ) from error
    return module.__dict__


@cache
def cells(lab: str) -> list[tuple[str, str]]:
    """The code of the setup and exercise cells, each with its exercise's name or ``setup``."""
    return reference_code(parse(lab, tree.find().source(lab).read_text()))


def changed(lab: str, exercise: str, change: str) -> dict[str, Any]:
    """Names that an exercise's cell defines after a change of its code.

    Raises:
        ChangeError: the change does not fit the reference.
        KeyError: the lab has no such exercise.
    """
    code = changes.changed(dict(cells(lab))[exercise], change)
    names = dict(load(lab))
    exec(compile(code, f"<{lab}:{exercise}, changed>", "exec"), names)
    return {name: thing for name, thing in names.items() if thing is not load(lab).get(name)}
