"""A check's report: the results, the points, and how they read as text and as a panel."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from course.checks import panel
from course.checks.results import SIGNS, CaseResult, Outcome
from course.checks.waiting import in_kernel
from course.progress import CHECK_MIME, Result, bundle

MOST_WARNINGS = 3


@dataclass(frozen=True)
class Report:
    """What a check found.

    In a notebook it shows as a panel, and in a console as the full text. Where nbgrader runs it,
    its plain text is the number of points, which is how nbgrader reads partial credit.

    Attributes:
        check: its name.
        about: one line that the student reads.
        results: one for each case.
        points: that it gives at most.
        own: a remark on what the answer is made with.
        adds: what grading tries besides.
        repeats: how a case is tried again.
        meanwhile: what may stand for a piece of another exercise that is not written yet.
        examples: calls and what they give, by the number of their case.
        lab: whose student runs it.
        so_far: the points of the notebook's checks together.
    """

    check: str
    about: str
    results: tuple[CaseResult, ...]
    points: float
    own: str = ""
    adds: str = ""
    repeats: str = ""
    meanwhile: str = ""
    examples: Mapping[int, str] = field(default_factory=dict, hash=False)
    lab: str = ""
    so_far: str = ""

    @property
    def outcome(self) -> Outcome:
        """``grader_error`` if any case is; ``skipped`` if all are; else passed or failed."""
        outcomes = {result.outcome for result in self.results}
        if "grader_error" in outcomes or not outcomes:
            return "grader_error"
        if len(outcomes) == 1:
            return outcomes.pop()
        return "failed"

    @property
    def fraction(self) -> float:
        """Weight of the passed cases over the weight of all, in [0, 1]."""
        total = sum(result.weight for result in self.results)
        passed = sum(result.weight for result in self.results if result.outcome == "passed")
        return passed / total if total else 0.0

    @property
    def earned(self) -> float:
        """Points earned, to the hundredth."""
        return round(self.fraction * self.points, 2)

    @property
    def result(self) -> Result:
        """Its numbers."""
        passed = sum(result.outcome == "passed" for result in self.results)
        return Result(self.earned, self.points, self.outcome, passed, len(self.results))

    @property
    def headline(self) -> str:
        """One line: what was checked and how it went."""
        if self.outcome == "skipped":
            return f"{self.check}: not attempted yet"
        if self.outcome == "grader_error":
            return f"{self.check}: the check itself failed; no points are lost"
        score = f"{self.earned:g} of {self.points:g} points"
        return f"{self.check}: {self.result.passed} of {len(self.results)} cases passed, {score}"

    @property
    def remark(self) -> str:
        """What the whole check has to say once, however many cases it has."""
        return self.results[0].message if self.outcome == "skipped" else ""

    @property
    def printed(self) -> str:
        """What the student's own code printed while it was probed."""
        return next((result.printed for result in self.results if result.printed), "")

    @property
    def pastes(self) -> bool:
        """Whether the student runs it: a call that is small is then told as code that runs."""
        return bool(self.adds)

    @property
    def warned(self) -> tuple[str, ...]:
        """What the student's own code warned of, each once."""
        lines = (line for result in self.results for line in result.warned.split("\n"))
        return tuple(dict.fromkeys(filter(None, lines)))[:MOST_WARNINGS]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is told below the cases."""
        return tuple(
            filter(None, (self.meanwhile, self.own, *self.warned, self.repeats, self.adds))
        )

    def __str__(self) -> str:
        lines = [f"{SIGNS[self.outcome]} {self.headline}"]
        if self.remark:
            return "\n".join([lines[0], f"    {self.remark}", *self._last])
        told: set[str] = set()
        for number, result in enumerate(self.results, start=1):
            lines.append(f"  {SIGNS[result.outcome]} {number} · {result.title}")
            found = panel.rows(self, result, told)
            lines += [f"      {key:9} {text}".rstrip() for key, text in found]
        lines += [f"  {note}" for note in self.notes]
        if self.printed:
            lines.append(f"  your code printed: {self.printed}")
        return "\n".join([*lines, *self._last])

    @property
    def _last(self) -> list[str]:
        return [f"  {self.so_far}"] if self.so_far else []

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if not in_kernel():
            return {"text/plain": str(self)}
        found: dict[str, Any] = {"text/plain": f"{self.earned:g}", "text/html": panel.html(self)}
        if self.lab and "NBGRADER_EXECUTION" not in os.environ:
            found["text/plain"] = str(self)
            found[CHECK_MIME] = bundle(self.check, self.result)
        return found
