"""Graded cells in nbgrader's database: nbgrader writes them when it releases an assignment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from traitlets.config import Config

from autograde.authoring import build
from autograde.gradebook import fresh, indexes
from autograde.gradebook.scores import opened
from autograde.gradebook.sound import MACHINE, legible, unusable


def record(lab: str, solution: NotebookNode, work: Path) -> None:
    """Release a lab, ``work/source`` to ``work/release``; ``work/gradebook.db`` learns its cells.

    Raises:
        BuildError: nbgrader refuses the notebook.
        GradebookError: the machine does not let nbgrader write.
    """
    config = build.release_settings(work)
    config.GenerateAssignment.no_database = False
    fresh.begin(work / "gradebook.db")
    try:
        build.generate_assignment(lab, solution, work, config)
    except build.BuildError as error:
        if refused := MACHINE.search(str(error)):  # nbgrader tells it in 150 lines
            raise unusable(work / "gradebook.db", refused[1]) from None
        raise
    indexes.add(work / "gradebook.db")


@dataclass(frozen=True)
class Source:
    """What the gradebook has of a marked cell."""

    cell_type: str
    source: str
    locked: bool
    checksum: str | None


def record_all(assignment: str, config: Config, path: Path) -> str:
    """Release any assignment with nbgrader, as ``config`` says; the gradebook learns its cells.

    Returns:
        What nbgrader says where it refuses; empty where all is well.

    Raises:
        GradebookError: the machine does not let nbgrader write.
    """
    from nbgrader.apps import NbGraderAPI

    fresh.begin(path)
    with build.quiet_nbgrader():
        result = NbGraderAPI(config=config).generate_assignment(assignment, force=True)
    if result["success"]:
        indexes.add(path)
        return ""
    said = build.told(result)
    if refused := MACHINE.search(said):
        raise unusable(path, refused[1])
    return said


def sources(path: Path, assignment: str) -> dict[str, dict[str, Source]]:
    """The marked cells of an assignment, by notebook and ``grade_id``."""
    with opened(path) as book, legible(book):
        return {
            notebook.name: {
                one.name: Source(one.cell_type, one.source, bool(one.locked), one.checksum)
                for one in notebook.source_cells
            }
            for notebook in book.find_assignment(assignment).notebooks
        }
