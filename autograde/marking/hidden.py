"""Hidden checks: the visible cases on fresh inputs, further cases, the reference as oracle."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

from autograde import tree
from autograde.authoring import reference
from course.checks import Checks, Report

REPORT_MIME = "application/vnd.convnet-course.report+json"


class GraderError(Exception):
    """The check itself failed. Points must wait for a person; they are not lost."""


@cache
def checks(lab: str) -> Checks:
    """The hidden checks of a lab, from ``solutions/LAB_hidden.py``.

    Raises:
        TreeError: there is no such file.
    """
    path = tree.find().hidden_checks(lab)
    if not path.is_file():
        raise tree.TreeError(
            f"no hidden checks for {lab}: expected {path}, which begins with "
            "'hidden = check.hidden()'."
        )
    spec = importlib.util.spec_from_file_location(f"hidden_{lab}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Checks = module.hidden
    return found


def seed(lab: str, name: str) -> int:
    """The secret seed of a check: the same for every student, unknown outside ``solutions/``."""
    digest = hashlib.sha256(f"{tree.find().secret()}/{lab}/{name}".encode()).digest()
    return int.from_bytes(digest[:6], "big")


def report(lab: str, name: str, namespace: Mapping[str, Any], points: float) -> Report:
    """Run a hidden check on the objects of ``namespace``, in this process."""
    check = checks(lab)[name]
    return check.run(namespace, oracle=reference.load(lab), seed=seed(lab, name), points=points)


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
