"""Run one normalised notebook in a sandboxed session and judge its checks outside.

The student's process only runs cells and answers probes. Expected values, seeds and the
comparison stay on this side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograde.authoring.source import ANSWER
from autograde.handing_in.normalise import Flag
from autograde.marking import aside, follow, hidden, nearby, needs, withheld
from autograde.marking.evidence import of_calls
from autograde.marking.follow import Step
from autograde.marking.life import HandedIn, Life, put
from autograde.marking.room import Room, stopped
from autograde.results import Item
from autograde.sandbox import CellRun, Warm
from course.checks import Report

SKIPPED_TAGS = {"explore", "bootstrap"}
RESET = re.compile(r"^[ \t]*%reset\b|magic\(\s*.reset", re.MULTILINE)
PARAMETERS = 'PROFILE = "grade"'

NOT_RUN_AGAIN = Flag(
    "not-run-again",
    "attention",
    "",
    "the notebook ended its process more than once, and cells that take long were not run each "
    "time again. Checks below may have lost points for what these cells make: look at them.",
)


@dataclass(frozen=True)
class Graded:
    """A notebook with outputs, and its items in order.

    ``flags`` are of what happened; ``seen`` are of calls of what an exercise forbids. ``starved``
    names checks that lost points while others left the notebook too little of the processors;
    ``killed`` those put when the system killed its process; ``unasked`` those that its time was not
    enough for. ``seconds`` are those of the student's processes.
    """

    notebook: NotebookNode
    items: tuple[Item, ...]
    flags: tuple[Flag, ...] = ()
    seen: tuple[Flag, ...] = ()
    starved: frozenset[str] = frozenset()
    killed: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
    seconds: float = field(default=0.0, kw_only=True)


def grade(
    lab: str,
    notebook: NotebookNode,
    warm: Warm,
    files: Mapping[str, bytes] | None = None,
    *,
    left_out: Mapping[str, str] | None = None,
    release: NotebookNode | None = None,
    kept: Mapping[str, Item] | None = None,
    within: float | None = None,
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
        within: seconds that it may take for now.

    Raises:
        autograde.marking.life.Later: it takes more.
    """
    book = nbformat.from_dict(notebook)
    sources = {cell["id"]: cell.source for cell in release.cells} if release else {}
    handed = HandedIn(files or {}, left_out or {})
    life = Life(warm, handed.files, more=hidden.seconds(lab), within=within)
    near = nearby.written(release, book) if release else set[str]()
    sitting = Sitting(lab, life, handed, sources, _holding(lab, book, kept), near)
    try:
        taken = [sitting.take(cell, count) for count, cell in enumerate(book.cells, start=1)]
    finally:
        life.close()
    if life.skipped:
        sitting.flags.append(NOT_RUN_AGAIN)
    sitting.seconds = life.spent
    first = [item for item in taken if item]
    items = _followed(sitting, book, first)
    panels = {item.grade_id: item for item in items if item.report}
    for count, cell in enumerate(book.cells, start=1):
        item = panels.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        if item and item.report:
            told = withheld.told(item.report, hidden.visible(lab, item.grade_id), item.note)
            cell.outputs = [_panel(told, item.note, count)]
    full = {item.grade_id for item in items if follow.full(item)}
    flags = (*sitting.flags, *nearby.own_cells(sitting.stopped, items))
    lost = [frozenset(one - full) for one in (sitting.starved, sitting.killed, sitting.unasked)]
    return Graded(book, tuple(items), flags, tuple(sitting.seen), *lost, seconds=sitting.seconds)


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
    handed: HandedIn
    release: Mapping[str, str]
    kept: Mapping[str, Item]
    near: set[str] = field(default_factory=set)  # written questions with something beside them
    steps: list[Step] = field(default_factory=list)
    maxima: dict[str, float] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)
    seen: list[Flag] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)  # why an exercise's name is missing
    starved: set[str] = field(default_factory=set)  # checks put while or after that happened
    killed: set[str] = field(default_factory=set)
    unasked: set[str] = field(default_factory=set)
    stopped: list[str] = field(default_factory=list)  # own cells that this machine may stop
    told_of_outputs: bool = False
    seconds: float = 0.0  # that its processes took
    asked: bool = False  # from then on, what the student's process says may hold hidden inputs
    room: Room = field(default_factory=Room)

    def take(self, cell: NotebookNode, count: int) -> Item | None:
        """Run or judge one cell; its outputs are stored in it."""
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade") and cell.cell_type != "code":
            return self._by_person(cell)
        if marks.get("grade"):
            cell.outputs, cell.execution_count, self.asked = [], count, True
            return self.kept.get(marks["grade_id"]) or self._checked(marks)
        if cell.cell_type == "code" and not SKIPPED_TAGS & set(_tags(cell)):
            self._run(cell, count)
        elif cell.cell_type == "code":
            self._define(cell)
        return None

    def check(self, name: str, life: Life, reason: str = "") -> Report:
        """Put a check to the objects of a session."""
        check = hidden.check(self.lab, name)
        results = put(life, check.cases, self.handed.tensors, reason)
        return Report(name, check.about, tuple(results), self.maxima[name])

    def _define(self, cell: NotebookNode) -> None:
        """Run what the student defines in a cell that itself is not run; it shows nothing."""
        if source := aside.definitions(cell.source, self.release.get(cell["id"], cell.source)):
            self.life.run(source)
            self.steps.append(Step("", "" if self.life.lost() else source))

    def _run(self, cell: NotebookNode, count: int) -> None:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        exercise = name.removesuffix(ANSWER.format(""))
        same = self.release.get(cell["id"]) == cell.source
        if not cell.source.strip() and "setup" in _tags(cell):
            cell.source = self.release.get(cell["id"], "")
            told = "the setup cell is empty; the released one ran in its place"
            self.flags.append(Flag("setup-repaired", "info", "", told))
        if not cell.source.strip():
            self.steps.append(Step(exercise, "", same))
            return
        if "parameters" in _tags(cell):
            self._define(cell)
        source = PARAMETERS if "parameters" in _tags(cell) else cell.source
        found = self.life.run(source)
        self.steps.append(Step(exercise, "" if self.life.lost() else source, same))
        cell.execution_count = count
        cell.outputs = self._kept(found)
        if found.status not in ("ok", "error"):
            cell.outputs.append(stopped(found.status, self._said(found)))
        self._note(cell, found)

    def _said(self, found: CellRun) -> str:
        """What became of a cell, as its student may read it."""
        return withheld.stopped(found) if self.asked else found.message

    def _kept(self, found: CellRun) -> list[NotebookNode]:
        """The outputs of a cell, as long as the notebook's share lasts, above the first check."""
        if self.asked:
            told = "" if self.told_of_outputs else withheld.NOT_KEPT
            self.told_of_outputs = True
            return [nbformat.v4.new_output("stream", name="stdout", text=told)] if told else []
        return self.room.kept(found.outputs)

    def _note(self, cell: NotebookNode, found: CellRun) -> None:
        """Remember what went wrong in a cell that checks depend on."""
        given = self.release.get(cell["id"], cell.source)
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if "setup" in _tags(cell) and found.status != "ok" and given != cell.source:
            self.life.run(given)
            self.steps.append(Step("", given))
            told = f"the setup cell stops ({self._said(found)}); the released one ran after it"
            self.flags.append(Flag("setup-repaired", "attention", "", told))
        elif name and found.status != "ok":
            told = f"the answer cell stops: {self._said(found)}"
            self.reasons[name] = told
            self.flags.append(Flag("answer-stops", "info", name, told))
        elif not name and given == cell.source and _may_be_ours(cell, found):
            why = self._said(found) or "it resets the notebook"
            self.stopped.append(f"cell {cell.execution_count} ({why})")
        elif name and given != cell.source:
            self.reasons[name] = "the answer cell does not define it; keep the name that it had"

    def _checked(self, marks: Mapping[str, Any]) -> Item:
        name, maximum = marks["grade_id"], float(marks["points"])
        self.maxima[name] = maximum
        self.steps.append(Step(name))
        self.life.heard.clear()
        report = self.check(name, self.life, self.reasons.get(ANSWER.format(name), ""))
        self.seen += of_calls(self.lab, name, withheld.called(self.life.heard))
        for happened, names in (
            (self.life.starved, self.starved),
            (self.life.killed, self.killed),
            (self.life.exhausted, self.unasked),
        ):
            if happened:
                names.add(name)
        points = None if report.outcome == "grader_error" else report.earned
        missing = any(result.kind == "missing" for result in report.results)
        note = self._why(name) if missing else ""
        return Item(name, maximum, report.outcome, points, report, note=note)

    def _by_person(self, cell: NotebookNode) -> Item:
        """A written answer: a person's, unless nothing of the student's is there or near."""
        item = written(cell)
        if item.status == "skipped" and item.grade_id in self.near:
            told = f"{item.grade_id}: nothing stands in its cell, but near it. Read what is there."
            self.flags.append(Flag("written-beside", "attention", item.grade_id, told))
            return replace(item, status="manual", points=None)
        return item

    def _why(self, name: str) -> str:
        reason = self.reasons.get(ANSWER.format(name), "")
        return f"`{name}` is not defined: {reason}." if reason else ""


def _holding(lab: str, book: NotebookNode, kept: Mapping[str, Item] | None) -> dict[str, Item]:
    """Those of the kept items that no check to be put again can change."""
    if not kept:
        return {}
    wants = needs.needs(lab, book)

    def holds(item: Item) -> bool:
        alone = follow.full(item) and not item.replaced
        return alone or wants.get(item.grade_id, frozenset()) <= kept.keys()

    return {name: item for name, item in kept.items() if holds(item)}


def _followed(sitting: Sitting, book: NotebookNode, items: list[Item]) -> list[Item]:
    """The items, where a wrong exercise costs no other: see :mod:`autograde.marking.follow`."""
    if all(follow.full(item) for item in items if item.report):
        return items
    wants = needs.needs(sitting.lab, book)
    asked = [item for item in items if item.grade_id not in sitting.kept]
    planned = follow.plan(items, asked, wants, sitting.steps, sitting.lab)
    first = sitting.life
    second = first.again()
    try:
        return follow.through(planned, items, sitting.steps, second, sitting.check)
    finally:
        second.close()
        sitting.seconds = second.spent
        if second.starved:
            sitting.starved |= planned.again.keys()
        if second.killed:
            sitting.killed |= planned.again.keys()
        if second.skipped and not first.skipped:
            sitting.flags.append(NOT_RUN_AGAIN)


def _may_be_ours(cell: NotebookNode, found: CellRun) -> bool:
    """Whether a cell of the student's own stops for what this machine lacks, or resets all."""
    if found.status == "ok":
        return bool(RESET.search(cell.source))
    return nearby.by_machine(found.message)


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", ()))


def written(cell: NotebookNode) -> Item:
    """A cell that a person grades: without points until then, with none where it is untouched."""
    from nbgrader.utils import compute_checksum

    marks = cell.metadata["nbgrader"]
    name, maximum = marks["grade_id"], float(marks["points"])
    if marks.get("checksum") == compute_checksum(cell):
        return Item(name, maximum, "skipped", 0.0)
    return Item(name, maximum, "manual", None)


def _panel(report: Report, note: str, count: int) -> NotebookNode:
    """The report as the output that stock nbgrader would have stored, with a line under it."""
    from course.checks.panel import html, marked

    told = f'<div style="padding:2px 0 2px 15px">{marked(note)}</div>' if note else ""
    data: dict[str, Any] = {"text/html": html(report) + told}
    if report.outcome == "grader_error":
        return nbformat.v4.new_output("display_data", data={"text/plain": str(report), **data})
    data["text/plain"] = f"{report.earned:g}"
    return nbformat.v4.new_output("execute_result", data=data, execution_count=count)
