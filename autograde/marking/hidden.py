"""Hidden checks: the visible cases on fresh inputs, further cases, the reference as oracle."""

from __future__ import annotations

import ast
import hashlib
import inspect
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib.util import resolve_name
from typing import Any

from autograde import tree
from autograde.authoring import checks, reference
from autograde.marking import judging
from course.checks import Check, Report

_IMPORTS = (ast.Import, ast.ImportFrom)
REPORT_MIME = "application/vnd.convnet-course.report+json"


class GraderError(Exception):
    """The check itself failed. Points must wait for a person; they are not lost."""


@cache
def check(lab: str, name: str) -> Check:
    """A check as grading puts it, ready for a whole class: the reference says what is expected.

    Raises:
        TreeError: the lab has no checks.
        CheckError: it has none of this name.
    """
    with judging.alone():
        return checks.load(lab)[name].graded(reference.load(lab), seed(lab, name))


@cache
def visible(lab: str, name: str) -> int:
    """How many of a check's cases the notebook tries as well; they come first."""
    with judging.alone():
        return len(checks.load(lab)[name].shown().cases)


@cache
def seconds(lab: str) -> float:
    """What the checks of a lab ask for besides the ordinary, for questions that train."""
    graded = (check(lab, one.name) for one in checks.load(lab))
    return sum(case.case.probe.seconds for one in graded for case in one.cases)


def sources(lab: str, name: str) -> list[str]:
    """The code that a check is made of: where it is defined, its questions, its judges, and what
    these import of the lab's own.
    """
    homes = {checks.load(lab)[name].home}
    for one in check(lab, name).cases:
        homes |= {one.case.probe.question.__module__, one.case.judge.__module__}
    waiting, found = list(homes), dict[str, str]()
    while waiting:
        home = waiting.pop()
        if home not in found:
            found[home] = inspect.getsource(sys.modules[home])
            waiting += _imported(home)
    return [found[home] for home in sorted(found)]


@cache
def _imported(module: str) -> tuple[str, ...]:
    """Modules of the lab's own, visible or secret, that a module of the lab's own imports."""
    own = {"course.labs"} if module.startswith(("course.labs.", "checks_of_")) else set()
    own |= {module.partition(".")[0]} - {"course"} if own else set()
    package = sys.modules[module].__package__ or ""
    found = set[str]()
    for node in ast.walk(ast.parse(inspect.getsource(sys.modules[module]))):
        names = [one.name for one in node.names] if isinstance(node, _IMPORTS) else []
        if isinstance(node, ast.ImportFrom):
            top = resolve_name("." * node.level + (node.module or ""), package)
            names = [top, *(f"{top}.{name}" for name in names)]
        found.update(names)
    here = (name for name in sorted(found) if name in sys.modules)
    return tuple(name for name in here if any(name.startswith(f"{one}.") for one in own))


def seed(lab: str, name: str) -> int:
    """The secret seed of a check: the same for every student, unknown outside ``solutions/``."""
    digest = hashlib.sha256(f"{tree.find().secret()}/{lab}/{name}".encode()).digest()
    return int.from_bytes(digest[:6], "big")


def report(lab: str, name: str, namespace: Mapping[str, Any], points: float) -> Report:
    """Run a hidden check on the objects of ``namespace``, in this process."""
    return check(lab, name).run(namespace, points=points)


class GradedReport(Report):
    """A report that nbgrader's gradebook and our own summary can both read."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = dict(super()._repr_mimebundle_(include, exclude))
        # Only under grading: stored solution notebooks need no second form of the panel.
        if os.environ.get("NBGRADER_EXECUTION") == "autograde":
            bundle[REPORT_MIME] = {**asdict(self), "outcome": self.outcome}
        return bundle


def grade(lab: str, name: str, points: float) -> GradedReport:
    """What a check cell's hidden region calls: the hidden check on the calling notebook.

    Raises:
        GraderError: the check itself failed.
    """
    found = report(lab, name, sys._getframe(1).f_globals, points)
    if found.outcome == "grader_error":
        reasons = "; ".join(r.message for r in found.results if r.outcome == "grader_error")
        raise GraderError(f"{lab}, {name}: {reasons}")
    return GradedReport(found.check, found.about, found.results, found.points)
