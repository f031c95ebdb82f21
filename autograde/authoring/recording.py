"""Run a lab's solution in profile full, and keep on what, when and how long, cell by cell, beside
what its experiments found: the part ``recorded`` of the lab's ``results.json``. Prose stays.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from autograde.authoring.build import EXECUTION_TIMEOUT, QUIET_KERNEL, environment
from autograde.errors import DesignedError
from autograde.tree import Tree
from course import recorded as results

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbformat import NotebookNode

PART = "recorded"
MINUTES = 10.0
"""Budget of a notebook in profile full, on a GPU such as a T4."""
FAST = {"H100": 1.5, "H200": 1.5}
"""Minutes on cards that are much faster, by a word of their names."""
QUICK = 1.0


class NoCard(DesignedError):
    """There is no accelerator, and the full profile would take hours."""


@dataclass(frozen=True)
class Cell:
    """One code cell: its id, how it begins, its seconds, the name of its error if any."""

    id: str
    begins: str
    seconds: float
    error: str = ""


@dataclass(frozen=True)
class Recording:
    """One run of one lab.

    Attributes:
        on: torch and the device.
        date: of the run, ISO 8601.
        source: fingerprint of the code that ran.
        results: what experiments noted, by name.
        trouble: why the run is worth nothing; empty where all went well.
    """

    lab: str
    profile: str
    on: str
    date: str
    source: str
    seconds: float
    cells: tuple[Cell, ...]
    results: dict[str, Any]
    trouble: str = ""

    @property
    def budget(self) -> float:
        """Seconds that it may take; infinite in profile full without an accelerator."""
        return budget(self.profile, self.on)

    def stored(self) -> dict[str, Any]:
        """As it lies in ``results.json``: seconds by the cells' ids, so that no list is taken for
        a series of measurements.
        """
        kept = {key: value for key, value in asdict(self).items() if key not in _NOT_STORED}
        return kept | {"cells": {one.id: one.seconds for one in self.cells}}


_NOT_STORED = ("lab", "trouble", "cells")


def budget(profile: str, on: str) -> float:
    """Seconds that a notebook may take in a profile, on what ``course.device.describe`` names."""
    if profile != "full":
        return 60 * QUICK
    if "CPU" in on:
        return float("inf")
    return 60 * next((minutes for word, minutes in FAST.items() if word in on), MINUTES)


def look_for_card() -> None:
    """See that the full profile can be run here.

    Raises:
        NoCard: there is no accelerator, and nobody insists on the CPU.
    """
    from course.device import VARIABLE, pick_device

    if pick_device().type == "cpu" and not os.environ.get(VARIABLE):
        raise NoCard(
            "no accelerator is here, and on a CPU the full profile takes hours. `--dry` shows what "
            f"would be recorded; {VARIABLE}=cpu in the environment insists on the CPU."
        )


def fingerprint(tree: Tree, book: NotebookNode) -> str:
    """Of all code that runs, a notebook's and the library's: another one where any was changed."""
    code = [cell.source for cell in book.cells if cell.cell_type == "code"]
    code += [one.read_text("utf-8") for one in sorted((tree.root / "course").rglob("*.py"))]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()[:16]


def known(tree: Tree, lab: str, profile: str, on: str) -> bool:
    """Whether a run of the code as it is now is recorded on this device and torch."""
    kept = results.read(path(tree, lab)).get(PART, {})
    wanted = {"profile": profile, "on": on, "source": fingerprint(tree, _book(tree, lab))}
    return bool(kept) and all(kept.get(key) == value for key, value in wanted.items())


def path(tree: Tree, lab: str) -> Path:
    """The lab's stored results."""
    return tree.compiled(lab).with_name(results.FILE)


def record(tree: Tree, lab: str, profile: str, *, progress: bool = False) -> Recording:
    """Run the lab's solution notebook with papermill; nothing is stored.

    Args:
        tree: the course.
        lab: its name.
        profile: ``full``, or ``quick`` to try it.
        progress: a bar over the cells, on stderr.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from course.device import describe

    book, begun, trouble = _book(tree, lab), time.monotonic(), ""
    with tempfile.TemporaryDirectory() as folder, environment(profile):
        out, notes = Path(folder) / "out.ipynb", Path(folder) / "notes.json"
        with _noting(notes):
            try:
                papermill.execute_notebook(
                    str(tree.solution(lab)), str(out), parameters={"PROFILE": profile},
                    kernel_name="python3", progress_bar=progress, cwd=folder,
                    execution_timeout=EXECUTION_TIMEOUT, extra_arguments=QUIET_KERNEL,
                )  # fmt: skip
            except PapermillExecutionError as error:
                trouble = f"cell {error.cell_index}: {error.ename}: {error.evalue}"
            except Exception as error:  # a dead kernel, a hanging cell
                trouble = f"{type(error).__name__}: {error}"
        ran = nbformat.read(out, as_version=4) if out.is_file() else book
        noted = results.read(notes)
    return Recording(
        lab, profile, describe(), date.today().isoformat(), fingerprint(tree, book),
        round(time.monotonic() - begun, 1), tuple(cells(ran)), noted.get(lab, {}), trouble,
    )  # fmt: skip


def store(tree: Tree, one: Recording) -> None:
    """Put a run in the place of the last one; what else the lab's file holds stays."""
    results.put(path(tree, one.lab), **{PART: one.stored()})


def cells(book: NotebookNode) -> Iterable[Cell]:
    """Code cells of a notebook that papermill ran, with their seconds."""
    for cell in book.cells:
        spent = cell.metadata.get("papermill", {}).get("duration")
        if cell.cell_type != "code" or spent is None:
            continue
        errors = [one.ename for one in cell.get("outputs", ()) if one.output_type == "error"]
        begins = cell.source.strip().partition("\n")[0][:60]
        yield Cell(cell.id, begins, round(float(spent), 2), errors[0] if errors else "")


def to_json(recordings: Iterable[Recording]) -> str:
    """All that is known of some runs, for programs; strict JSON, without infinities."""
    told = [
        asdict(one) | {"budget": one.budget if one.budget < float("inf") else None}
        for one in recordings
    ]
    return json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False)


@contextmanager
def _noting(file: Path) -> Iterator[None]:
    """Let ``results.note`` of kernels started inside write into the file."""
    os.environ[results.NOTES] = str(file)
    try:
        yield
    finally:
        os.environ.pop(results.NOTES, None)


def _book(tree: Tree, lab: str) -> NotebookNode:
    if not tree.solution(lab).is_file():
        raise DesignedError(f"{tree.solution(lab)} is missing: run `autograde build {lab}` first.")
    return nbformat.read(tree.solution(lab), as_version=4)
