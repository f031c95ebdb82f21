"""An assignment's notebooks: as handed out, and with what nbgrader keeps of their cells."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from contextlib import chdir
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import CheckCellMetadata, ComputeChecksums, SaveCells
from nbgrader.utils import compute_checksum
from traitlets.config import Config

from autograde.gradebook import cells, scores
from autograde.gradebook.cells import Source
from autograde.gradebook.naming import named
from autograde.handing_in.files import NOTEBOOK
from autograde.nbgrader_settings import put_tools_on_path
from autograde.plain.job import PlainError, PlainJob, has_notebooks
from autograde.results import Item


@dataclass(frozen=True)
class Master:
    """One notebook of an assignment.

    Attributes:
        assignment: its name.
        name: of the notebook.
        release: as handed out; hidden tests are not in it.
        sources: what the gradebook has of its marked cells, by ``grade_id``: hidden tests are.
    """

    assignment: str
    name: str
    release: NotebookNode
    sources: Mapping[str, Source]

    def named(self, grade_id: str) -> str:
        """How a cell is called in results."""
        return named(self.assignment, self.name, grade_id)

    def filled(self, book: NotebookNode) -> NotebookNode:
        """A notebook with the locked cells and the checksums that the gradebook has."""
        book = nbformat.from_dict(book)
        for cell in book.cells:
            marks = cell.metadata.get("nbgrader", {})
            known = self.sources.get(marks.get("grade_id", ""))
            if known:
                marks["checksum"] = known.checksum
                cell.source = known.source if known.locked else cell.source
        return book

    def blank(self) -> tuple[Item, ...]:
        """The items of a notebook that was not handed in."""
        return tuple(
            Item(
                self.named(marks["grade_id"]),
                float(marks["points"]),
                "skipped",
                0.0,
                note="not handed in",
            )
            for marks in (cell.metadata.get("nbgrader", {}) for cell in self.release.cells)
            if marks.get("grade") or marks.get("task")
        )

    @property
    def tests(self) -> dict[str, str]:
        """Keys of the test cells, for the journal."""
        marked = ((cell, cell.metadata.get("nbgrader", {})) for cell in self.release.cells)
        names = [
            marks["grade_id"]
            for cell, marks in marked
            if cell.cell_type == "code" and marks.get("grade") and not marks.get("solution")
        ]
        return {self.named(name): self.key for name in names}

    @property
    def key(self) -> str:
        """Of all that grading takes from it: cells share what they define."""
        facts = [self.release, {name: vars(one) for name, one in self.sources.items()}]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def masters(job: PlainJob) -> tuple[Master, ...]:
    """The assignment's notebooks; the gradebook learns their cells.

    Raises:
        PlainError: nbgrader refuses a notebook, or it is not in Python.
        GradebookError: the gradebook can't be used.
    """
    put_tools_on_path()
    job.work.mkdir(parents=True, exist_ok=True)
    if has_notebooks(job.source):
        releases = _generated(job, deepcopy(job.config))
    else:
        releases = _read(job.release)
        if not scores.knows(job.gradebook, job.lab):
            _generated(job, _as_released(job))
    known = cells.sources(job.gradebook, job.lab)
    for name, book in releases.items():
        _check_language(job, name, book)
    return tuple(
        Master(job.lab, name, book, known[name]) for name, book in releases.items() if name in known
    )


def _as_released(job: PlainJob) -> Config:
    """Settings that record a release as it is."""
    config = deepcopy(job.config)
    config.CourseDirectory.source_directory = str(job.release.parent)
    config.GenerateAssignment.preprocessors = [
        CheckCellMetadata,
        ComputeChecksums,
        SaveCells,
        ComputeChecksums,
    ]
    return config


def _generated(job: PlainJob, config: Config) -> dict[str, NotebookNode]:
    """What nbgrader's own generate_assignment makes; the folder's release stays as it is."""
    with tempfile.TemporaryDirectory() as folder, chdir(job.folder):
        config.CourseDirectory.release_directory = folder
        config.CourseDirectory.db_url = f"sqlite:///{job.gradebook}"
        if refused := cells.record_all(job.lab, config, job.gradebook):
            raise PlainError(f"{job.lab}: nbgrader generate_assignment failed.\n{refused}")
        return _read(Path(folder) / job.lab)


def _read(folder: Path) -> dict[str, NotebookNode]:
    paths = sorted(folder.glob(f"*{NOTEBOOK}"))
    return {path.stem: nbformat.read(path, as_version=4) for path in paths}


def _check_language(job: PlainJob, name: str, book: NotebookNode) -> None:
    language = book.metadata.get("kernelspec", {}).get("language", "python")
    if str(language).lower() != "python":
        raise PlainError(
            f"{job.lab}/{name}{NOTEBOOK} is written in {language}: only Python is graded here. "
            "Grade it with `nbgrader autograde`."
        )


def untouched(cell: NotebookNode) -> bool:
    """Whether a marked cell is as it was handed out."""
    return bool(cell.metadata.nbgrader.get("checksum") == compute_checksum(cell))
