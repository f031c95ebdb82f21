"""A lab's graded cells in nbgrader's database: nbgrader writes them when it releases the lab."""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode

from autograde.authoring import build
from autograde.gradebook.sound import MACHINE, unusable


def record(lab: str, solution: NotebookNode, work: Path) -> None:
    """Release a lab, ``work/source`` to ``work/release``; ``work/gradebook.db`` learns its cells.

    Raises:
        BuildError: nbgrader refuses the notebook.
        GradebookError: the machine does not let nbgrader write.
    """
    config = build.release_settings(work)
    config.GenerateAssignment.no_database = False
    try:
        build.generate_assignment(lab, solution, work, config)
    except build.BuildError as error:
        if refused := MACHINE.search(str(error)):  # nbgrader tells it in 150 lines
            raise unusable(work / "gradebook.db", refused[1]) from None
        raise
