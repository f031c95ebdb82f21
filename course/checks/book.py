"""The checks of one lab, by name, and how a notebook runs them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from course.checks import stored
from course.checks.cases import Prepared
from course.checks.report import Report
from course.device import one_thread


@dataclass(frozen=True)
class Check:
    """One exercise's check.

    Attributes:
        name: the exercise's id, which is also its ``grade_id``.
        about: one line that the student reads.
        cases: what it tries.
    """

    name: str
    about: str
    cases: tuple[Prepared, ...]

    def run(self, namespace: Mapping[str, Any], *, points: float = 1.0) -> Report:
        """Probe the student's objects and judge their answers in this process; files that are
        handed in lie beside the notebook, in the current folder.
        """
        results = tuple(one.put(lambda probe: probe.run(namespace)) for one in self.cases)
        return Report(self.name, self.about, results, points)


class Checks:
    """The visible checks of a lab. Calling it runs one on the objects of the calling notebook.

    They are data: questions, inputs, what is expected, what known mistakes answer. The course's
    authors write them elsewhere, and ``autograde build`` stores them.

    Args:
        lab: the package of ``course.labs`` beside which they are stored.
    """

    def __init__(self, lab: str) -> None:
        self.lab = lab

    @cached_property
    def _stored(self) -> dict[str, Any]:
        checks: dict[str, Any] = stored.read(self.lab)["checks"]
        return checks

    def __getitem__(self, name: str) -> Check:
        if name not in self._stored:
            known = ", ".join(self._stored) or "none"
            raise KeyError(f"{self.lab} has no check {name!r}; it has: {known}")
        facts = self._stored[name]
        return Check(name, facts["about"], tuple(stored.cases(facts)))

    def __iter__(self) -> Iterator[Check]:
        return (self[name] for name in self._stored)

    def __contains__(self, name: object) -> bool:
        return name in self._stored

    def __call__(self, name: str, points: float = 1.0) -> Report:
        """Run a visible check on the names of the calling notebook."""
        with one_thread():  # what checks run is small
            return self[name].run(sys._getframe(1).f_globals, points=points)
