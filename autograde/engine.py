"""Run one normalised notebook in a sandboxed session and judge its checks outside.

The student's process only runs cells and answers probes. Expected values, seeds and the
comparison stay on this side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograde import hidden, reference
from autograde.results import Item
from autograde.sandbox import CellRun, Session, Warm
from course.checks import Answer, CaseResult, Prepared, Probe, Report

CELL_SECONDS = 30.0
PROBE_SECONDS = 10.0
SKIPPED_TAGS = {"explore", "bootstrap"}
PARAMETERS = 'PROFILE = "grade"'


@dataclass(frozen=True)
class Graded:
    """A notebook with outputs, and its items in order."""

    notebook: NotebookNode
    items: tuple[Item, ...]


@dataclass
class Life:
    """A student's session that can be begun again: what ran before is replayed, what killed it
    is not.
    """

    warm: Warm
    files: Mapping[str, bytes]
    session: Session | None = None
    history: list[str] = field(default_factory=list)

    def run(self, source: str) -> CellRun:
        """Run a cell; it joins the history unless it ended the session."""
        found = self._alive().run(source, timeout=CELL_SECONDS)
        if self._alive_now():
            self.history.append(source)
        return found

    def ask(self, probe: Probe) -> Answer:
        """Put a probe to the student's objects."""
        return self._alive().ask(probe, timeout=PROBE_SECONDS)

    def close(self) -> None:
        """End the session, if any."""
        if self.session is not None:
            self.session.close()

    def lost(self) -> bool:
        """Whether the last question ended the session."""
        return not self._alive_now()

    def _alive_now(self) -> bool:
        return self.session is not None and self.session.alive

    def _alive(self) -> Session:
        if self.session is None or not self.session.alive:
            self.close()
            self.session = self.warm.session(self.files)
            for source in self.history:
                self.session.run(source, timeout=CELL_SECONDS)
        return self.session


def grade(
    lab: str,
    notebook: NotebookNode,
    warm: Warm,
    files: Mapping[str, bytes] | None = None,
    *,
    kept: Mapping[str, Item] | None = None,
) -> Graded:
    """Grade a normalised notebook.

    Args:
        lab: whose hidden checks are put to it.
        notebook: as :func:`autograde.normalise.normalise` returns it.
        warm: the pre-imported process.
        files: further files of the student's, by name, for the session's folder.
        kept: items of an earlier grading that still hold; their checks are not asked again.
    """
    book = nbformat.from_dict(notebook)
    items: list[Item] = []
    life = Life(warm, files or {})
    try:
        for count, cell in enumerate(book.cells, start=1):
            item = _cell(lab, cell, life, count, kept or {})
            items += [item] if item else []
    finally:
        life.close()
    return Graded(book, tuple(items))


def ungraded(notebook: NotebookNode) -> tuple[Item, ...]:
    """Items of a submission that nothing could be made of: skipped, never silently."""
    return tuple(
        Item(marks["grade_id"], float(marks["points"]), "skipped", 0.0)
        for marks in (cell.metadata.get("nbgrader", {}) for cell in notebook.cells)
        if marks.get("grade")
    )


@cache
def prepared(lab: str, name: str) -> tuple[str, tuple[Prepared, ...]]:
    """A hidden check, ready for the whole class: its line for the reader, and its cases."""
    check = hidden.checks(lab)[name]
    return check.about, tuple(check.prepared(reference.load(lab), hidden.seed(lab, name)))


def _cell(
    lab: str, cell: NotebookNode, life: Life, count: int, kept: Mapping[str, Item]
) -> Item | None:
    marks = cell.metadata.get("nbgrader", {})
    if marks.get("grade") and cell.cell_type == "code":
        item = kept.get(marks["grade_id"]) or _check(lab, marks, life)
        if item.report:
            cell.execution_count = count
            cell.outputs = [_panel(item.report, count)]
        return item
    if marks.get("grade"):
        return _written(cell)
    if cell.cell_type == "code" and not SKIPPED_TAGS & set(cell.metadata.get("tags", ())):
        _run(cell, life, count)
    return None


def _run(cell: NotebookNode, life: Life, count: int) -> None:
    parameters = "parameters" in cell.metadata.get("tags", ())
    if not cell.source.strip():
        return
    found = life.run(PARAMETERS if parameters else cell.source)
    cell.execution_count = count
    cell.outputs = [nbformat.from_dict(output) for output in found.outputs]


def _check(lab: str, marks: Mapping[str, Any], life: Life) -> Item:
    name, maximum = marks["grade_id"], float(marks["points"])
    about, cases = prepared(lab, name)
    report = Report(name, about, tuple(_results(cases, life)), maximum)
    points = None if report.outcome == "grader_error" else report.earned
    return Item(name, maximum, report.outcome, points, report)


def _results(cases: tuple[Prepared, ...], life: Life) -> list[CaseResult]:
    found: list[CaseResult] = []
    stopped = ""
    for case in cases:
        answer = Answer("raised", error=stopped) if stopped else life.ask(case.case.probe)
        if not stopped and life.lost():
            # One killed probe tells enough; the next check gets a fresh session.
            stopped = f"not tried, because an earlier case ended the run: {answer.error}"
        found.append(case.result(answer))
    return found


def _written(cell: NotebookNode) -> Item:
    from nbgrader.utils import compute_checksum

    marks = cell.metadata["nbgrader"]
    name, maximum = marks["grade_id"], float(marks["points"])
    if marks.get("checksum") == compute_checksum(cell):
        return Item(name, maximum, "skipped", 0.0)
    return Item(name, maximum, "manual", None)


def _panel(report: Report, count: int) -> NotebookNode:
    """The report as the output that stock nbgrader would have stored."""
    from course.checks.panel import html

    data: dict[str, Any] = {"text/html": html(report)}
    if report.outcome == "grader_error":
        return nbformat.v4.new_output("display_data", data={"text/plain": str(report), **data})
    data["text/plain"] = f"{report.earned:g}"
    return nbformat.v4.new_output("execute_result", data=data, execution_count=count)
