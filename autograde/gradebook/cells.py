"""A lab's graded cells in nbgrader's database: nbgrader writes them when it releases the lab."""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode

from autograde.authoring import build


def record(lab: str, solution: NotebookNode, work: Path) -> None:
    """Release a lab, ``work/source`` to ``work/release``; ``work/gradebook.db`` learns its cells.

    Raises:
        BuildError: nbgrader refuses the notebook.
    """
    config = build.release_settings(work)
    config.GenerateAssignment.no_database = False
    build.generate_assignment(lab, solution, work, config)
