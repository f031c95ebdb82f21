"""Run one normalised notebook in a sandboxed session and judge its checks outside.

The student's process only runs cells and answers probes. Expected values, seeds and the
comparison stay on this side.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode
from torch import Tensor

from autograde.authoring.source import ANSWER
from autograde.handing_in.normalise import Flag
from autograde.marking import hidden
from autograde.results import Item
from autograde.sandbox import CellRun, Session, Warm
from course import weights
from course.checks import Answer, CaseResult, Prepared, Probe, Report

CELL_SECONDS = 30.0
PROBE_SECONDS = 10.0
SUBMISSION_SECONDS = 600.0  # all sessions of a student together, with what is run again
OUTPUT_BYTES = 32 << 20  # all outputs of a notebook together
SKIPPED_TAGS = {"explore", "bootstrap"}
PARAMETERS = 'PROFILE = "grade"'


@dataclass(frozen=True)
class Graded:
    """A notebook with outputs, and its items in order."""

    notebook: NotebookNode
    items: tuple[Item, ...]
    flags: tuple[Flag, ...] = ()


@dataclass
class Life:
    """A student's session that can be begun again: what ran before is replayed, what killed it
    is not.
    """

    warm: Warm
    files: Mapping[str, bytes]
    session: Session | None = None
    history: list[str] = field(default_factory=list)
    spent: float = 0.0

    def run(self, source: str) -> CellRun:
        """Run a cell; it joins the history unless it ended the session."""
        with self._clock():
            session = self._alive()
            if self._left() <= 0:
                return CellRun("timeout", [], 0.0, self._exhausted())
            found = session.run(source, timeout=min(CELL_SECONDS, self._left()))
            if self._alive_now():
                self.history.append(source)
            return found

    def ask(self, probe: Probe) -> Answer:
        """Put a probe to the student's objects."""
        with self._clock():
            session = self._alive()
            if self._left() <= 0:
                return Answer("raised", error=self._exhausted())
            return session.ask(probe, timeout=min(max(PROBE_SECONDS, probe.seconds), self._left()))

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
        if self.session is None or (not self.session.alive and self._left() > 0):
            self.close()
            self.session = self.warm.session(self.files)
            for source in self.history:
                if self._left() > 0:
                    self.session.run(source, timeout=min(CELL_SECONDS, self._left()))
        return self.session

    @contextmanager
    def _clock(self) -> Iterator[None]:
        self._since = time.monotonic()
        try:
            yield
        finally:
            self.spent += time.monotonic() - self._since

    def _left(self) -> float:
        return SUBMISSION_SECONDS - self.spent - (time.monotonic() - self._since)

    def _exhausted(self) -> str:
        self.close()
        return f"the notebook took longer than {SUBMISSION_SECONDS:g} s in all and was stopped"


def grade(
    lab: str,
    notebook: NotebookNode,
    warm: Warm,
    files: Mapping[str, bytes] | None = None,
    *,
    left_out: Mapping[str, str] | None = None,
    release: NotebookNode | None = None,
    kept: Mapping[str, Item] | None = None,
) -> Graded:
    """Grade a normalised notebook.

    Args:
        lab: whose hidden checks are put to it.
        notebook: as :func:`autograde.handing_in.normalise.normalise` returns it.
        warm: the pre-imported process.
        files: further files of the student's, by name, for the session's folder and for checks.
        left_out: why other files of the student's were not read, by name.
        release: the student notebook as released; without it no setup cell is repaired.
        kept: items of an earlier grading that still hold; their checks are not asked again.
    """
    book = nbformat.from_dict(notebook)
    sources = {cell["id"]: cell.source for cell in release.cells} if release else {}
    sitting = Sitting(lab, Life(warm, files or {}), left_out or {}, sources, kept or {})
    try:
        items = [sitting.take(cell, count) for count, cell in enumerate(book.cells, start=1)]
    finally:
        sitting.life.close()
    return Graded(book, tuple(item for item in items if item), tuple(sitting.flags))


def expected_files(lab: str, names: Iterable[str]) -> dict[str, str]:
    """Files that checks of these names want beside the notebook, each with a check that does."""
    found: dict[str, str] = {}
    for name in names:
        for case in hidden.check(lab, name).cases:
            found = dict.fromkeys(case.case.probe.files, name) | found
    return found


def ungraded(notebook: NotebookNode) -> tuple[Item, ...]:
    """Items of a submission that nothing could be made of: skipped, never silently."""
    return tuple(
        Item(marks["grade_id"], float(marks["points"]), "skipped", 0.0)
        for marks in (cell.metadata.get("nbgrader", {}) for cell in notebook.cells)
        if marks.get("grade")
    )


@dataclass
class Sitting:
    """One student's notebook being graded, cell by cell."""

    lab: str
    life: Life
    left_out: Mapping[str, str]
    release: Mapping[str, str]
    kept: Mapping[str, Item]
    flags: list[Flag] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)  # why an exercise's name is missing
    room: int = field(default_factory=lambda: OUTPUT_BYTES)

    def take(self, cell: NotebookNode, count: int) -> Item | None:
        """Run or judge one cell; its outputs are stored in it."""
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade") and cell.cell_type != "code":
            return _written(cell)
        if marks.get("grade"):
            item = self.kept.get(marks["grade_id"]) or self._checked(marks)
            cell.outputs = [_panel(item.report, count)] if item.report else []
            cell.execution_count = count
            return item
        if cell.cell_type == "code" and not SKIPPED_TAGS & set(_tags(cell)) and cell.source.strip():
            self._run(cell, count)
        return None

    def _run(self, cell: NotebookNode, count: int) -> None:
        found = self.life.run(PARAMETERS if "parameters" in _tags(cell) else cell.source)
        cell.execution_count = count
        cell.outputs = self._kept(found)
        if found.status not in ("ok", "error"):
            cell.outputs.append(_stopped(found))
        self._note(cell, found)

    def _kept(self, found: CellRun) -> list[NotebookNode]:
        """The outputs of a cell, as long as the notebook's share lasts."""
        self.room -= sum(len(repr(output)) for output in found.outputs)
        if self.room >= 0:
            return [nbformat.from_dict(output) for output in found.outputs]
        told = "[the outputs of this notebook are longer than what is kept; the rest is cut]"
        return [nbformat.v4.new_output("stream", name="stderr", text=told)] if found.outputs else []

    def _note(self, cell: NotebookNode, found: CellRun) -> None:
        """Remember what went wrong in a cell that checks depend on."""
        given = self.release.get(cell["id"], cell.source)
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if "setup" in _tags(cell) and found.status != "ok" and given != cell.source:
            self.life.run(given)
            told = f"the setup cell stops ({found.message}); the released one ran after it"
            self.flags.append(Flag("setup-repaired", "attention", "", told))
        elif name and found.status != "ok":
            told = f"the answer cell stops: {found.message}"
            self.reasons[name] = told
            self.flags.append(Flag("answer-stops", "info", name, told))
        elif name and given != cell.source:
            self.reasons[name] = "the answer cell does not define it; keep the name that it had"

    def _checked(self, marks: Mapping[str, Any]) -> Item:
        name, maximum = marks["grade_id"], float(marks["points"])
        check = hidden.check(self.lab, name)
        report = Report(name, check.about, tuple(self._results(name, check.cases)), maximum)
        points = None if report.outcome == "grader_error" else report.earned
        return Item(name, maximum, report.outcome, points, report)

    def _results(self, name: str, cases: tuple[Prepared, ...]) -> Iterator[CaseResult]:
        reason, stopped = self.reasons.get(ANSWER.format(name)), ""

        def ask(probe: Probe) -> Answer:
            nonlocal stopped
            answer = self.life.ask(probe)
            if self.life.lost():
                # One killed probe tells enough; the next check gets a fresh session.
                stopped = f"not tried, because an earlier case ended the run: {answer.error}"
            if answer.kind == "missing" and reason:
                return Answer("raised", error=f"{answer.error}: {reason}")
            return answer

        for case in cases:
            if stopped:
                yield case.result(Answer("raised", error=stopped))
            else:
                yield case.put(ask, self._handed_in)

    def _handed_in(self, name: str) -> dict[str, Tensor]:
        """The tensors of a file that the student handed in, read on this side."""
        if name in self.life.files:
            return weights.parse(self.life.files[name], name)
        if name in self.left_out:
            raise weights.WeightsError(self.left_out[name])
        raise weights.MissingWeights(weights.missing(name))


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", ()))


def _stopped(found: CellRun) -> NotebookNode:
    """What a reader of the notebook sees where a cell was stopped."""
    ename = {"timeout": "Timeout", "limit": "LimitExceeded"}.get(found.status, "Crashed")
    told = f"{ename}: this cell {found.message}"
    return nbformat.v4.new_output("error", ename=ename, evalue=found.message, traceback=[told])


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
