"""The reference solution, taken from the lab's own source: it is never written twice."""

from __future__ import annotations

import traceback
import types
from functools import cache
from typing import Any

from autograde import tree as trees
from autograde.authoring import changes, faults
from autograde.authoring.source import parse, reference_code
from autograde.errors import DesignedError
from autograde.tree import Tree


class ReferenceFails(DesignedError):
    """A cell of the reference can't be run; the message names it and its error."""


@cache
def load(lab: str, tree: Tree | None = None) -> dict[str, Any]:
    """Names that the lab's setup and exercise cells define.

    Raises:
        TreeError: no such lab.
        ReferenceFails: a reference cell fails; names the cell.
    """
    course = tree or trees.find()
    course.chosen([lab])
    module = types.ModuleType(f"reference_{lab}")
    for name, code in cells(lab, course):
        try:
            exec(compile(code, f"<{lab}:{name}>", "exec"), module.__dict__)
        except Exception as error:
            where = f"solutions/{lab}/lab.py:{_line(course, lab, name, code, error)}"
            what = "the setup cell" if name == "setup" else f"exercise={name!r}"
            raise ReferenceFails(
                f"{where}: {what} fails with {type(error).__name__}: {error}. The reference is "
                "made of the setup and exercise cells alone: correct it, or tag the cell that it "
                "needs setup=true."
            ) from error
    return module.__dict__


@cache
def cells(lab: str, tree: Tree | None = None) -> list[tuple[str, str]]:
    """The code of the setup and exercise cells, each with its exercise's name or ``setup``."""
    return reference_code(parse(lab, faults.text_of((tree or trees.find()).source(lab))))


def changed(lab: str, exercise: str, change: str) -> dict[str, Any]:
    """Names that an exercise's cell defines after a change of its code.

    Raises:
        ChangeError: the change does not fit the reference, or the lab has no such exercise.
    """
    known = dict(cells(lab))
    if exercise not in known:
        told = f"{lab} has no exercise {exercise!r}. {faults.like(exercise, known)}"
        raise changes.ChangeError(f"{told}Its exercises: {', '.join(known)}.")
    code = changes.changed(known[exercise], change)
    names = dict(load(lab))
    exec(compile(code, f"<{lab}:{exercise}, changed>", "exec"), names)
    return {name: thing for name, thing in names.items() if thing is not load(lab).get(name)}


def _line(tree: Tree, lab: str, name: str, code: str, error: BaseException) -> int:
    """The line of the source on which a cell of the reference failed."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [one.lineno or 0 for one in frames if one.filename == f"<{lab}:{name}>"]
    source = parse(lab, faults.text_of(tree.source(lab)))
    found = (one["line"] for one in source.cells if one.source == code)
    return next(found, 0) + (inside[-1] if inside else 0)
