"""Run one notebook of a student's, cell by cell in its own order, and judge its test cells."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from nbformat import NotebookNode
from nbgrader.utils import is_solution

from autograde.handing_in.normalise import Flag
from autograde.handing_in.normalise.flags import listed
from autograde.marking.engine import NOT_RUN_AGAIN, Graded, written
from autograde.marking.life import CELL_SECONDS, SUBMISSION_SECONDS, Life
from autograde.marking.room import Room, stopped
from autograde.plain.master import Master, untouched
from autograde.plain.verdict import BrokenTest, judged, prepared
from autograde.results import Item, Status
from autograde.sandbox import Limits, Tested, Warm

CELLS = SUBMISSION_SECONDS / CELL_SECONDS
"""As many cells of a notebook may take all the time that one has."""


def limits(timeout: float) -> Limits:
    """Bounds of a session whose cells may take so many seconds."""
    more, usual = max(1.0, timeout / CELL_SECONDS), Limits()
    seconds = max(usual.session_seconds, SUBMISSION_SECONDS * more)
    return Limits(session_seconds=seconds, cpu_seconds=int(usual.cpu_seconds * more))


def sit(
    master: Master,
    notebook: NotebookNode,
    warm: Warm,
    files: Mapping[str, bytes],
    timeout: float,
    within: float | None = None,
) -> Graded:
    """Grade one notebook.

    Args:
        master: the notebook as its author wrote it.
        notebook: the student's, normalised, with the author's locked cells.
        warm: the pre-imported process.
        files: that lie beside it.
        timeout: seconds that a cell may take.
        within: seconds that it may take for now.

    Raises:
        autograde.marking.life.Later: it takes more.
    """
    more = max(0.0, CELLS * timeout - SUBMISSION_SECONDS)
    life = Life(warm, files, more=more, within=within, cell_seconds=timeout)
    sitting = Sitting(master, life)
    try:
        taken = [sitting.take(cell, count) for count, cell in enumerate(notebook.cells, start=1)]
    finally:
        life.close()
    items = tuple(item for item in taken if item)
    flags = (*sitting.flags, *((NOT_RUN_AGAIN,) if life.skipped else ()))
    full = {item.grade_id for item in items if item.status == "passed"}
    lost = [frozenset(one - full) for one in (sitting.starved, sitting.killed, sitting.unasked)]
    return Graded(notebook, items, flags, (), *lost, seconds=life.spent)


@dataclass
class Sitting:
    """One notebook being graded."""

    master: Master
    life: Life
    flags: list[Flag] = field(default_factory=list)
    starved: set[str] = field(default_factory=set)
    killed: set[str] = field(default_factory=set)
    unasked: set[str] = field(default_factory=set)
    restored: set[str] = field(default_factory=set)  # that a person was told of
    room: Room = field(default_factory=Room)

    def take(self, cell: NotebookNode, count: int) -> Item | None:
        """Run or judge one cell; its outputs are stored in it."""
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade") and cell.cell_type == "code" and not marks.get("solution"):
            return self._tested(cell, count)
        if cell.cell_type == "code" and cell.source.strip():
            self._run(cell, count)
        if marks.get("task"):
            return Item(self._name(cell), float(marks["points"]), "manual", None)
        if marks.get("grade"):
            return replace(written(cell), grade_id=self._name(cell))
        return None

    def _name(self, cell: NotebookNode) -> str:
        return self.master.named(cell.metadata.nbgrader["grade_id"])

    def _run(self, cell: NotebookNode, count: int) -> None:
        found = self.life.run(cell.source)
        cell.execution_count, cell.outputs = count, self.room.kept(found.outputs)
        if found.status not in ("ok", "error"):
            cell.outputs.append(stopped(found.status, found.message))
        if found.status != "ok" and is_solution(cell) and not untouched(cell):
            told = f"the answer cell stops: {found.message}"
            self.flags.append(Flag("answer-stops", "info", self._name(cell), told))

    def _tested(self, cell: NotebookNode, count: int) -> Item:
        name, maximum = self._name(cell), float(cell.metadata.nbgrader["points"])
        proof = secrets.token_hex(16)
        try:
            found = self.life.test(prepared(cell.source, proof))
            verdict = judged(cell, found, proof)
        except BrokenTest as error:
            self.flags.append(Flag("broken-test", "attention", name, f"{name}: {error}."))
            return Item(name, maximum, "grader_error", None)
        cell.execution_count, cell.outputs = count, self.room.kept(verdict.outputs)
        self._note(name, found.restored)
        self._missing(name, found)
        status: Status = "passed" if verdict.points == maximum else "failed"
        return Item(name, maximum, status, verdict.points)

    def _missing(self, name: str, found: Tested) -> None:
        """Say where it may be this machine that lacks a module, and no fault of the student's."""
        for one in found.outputs:
            if one.get("ename") == "ModuleNotFoundError":
                told = (
                    f"{name}: {one['evalue']}. If tests or answers should have it, install it "
                    "where you grade, or put its file into the assignment, and grade again."
                )
                self.flags.append(Flag("module-missing", "attention", name, told))

    def _note(self, name: str, restored: tuple[str, ...]) -> None:
        """Remember what happened to the process, and what was put back for a test."""
        for happened, names in (
            (self.life.starved, self.starved),
            (self.life.killed, self.killed),
            (self.life.exhausted, self.unasked),
        ):
            if happened:
                names.add(name)
        if new := [one for one in restored if one not in self.restored]:
            self.restored.update(new)
            told = (
                f"{name}: the student's code had replaced {listed(new)}, which tests compare "
                "with. It was put back for the test; look at the code."
            )
            self.flags.append(Flag("tools-replaced", "attention", name, told))
