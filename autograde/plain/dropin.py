"""Let ``nbgrader autograde`` and formgrader's button run notebooks behind the walls.

One line in a course's ``nbgrader_config.py``::

    from autograde.plain.dropin import use; use(c)
"""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets.config import Config

from autograde.errors import DesignedError
from autograde.handing_in.files import NOTEBOOK
from autograde.plain.classrun import ENVIRONMENT
from autograde.plain.job import CELL_SECONDS, PRELOAD
from autograde.plain.master import Master
from autograde.plain.sitting import limits, sit
from autograde.sandbox import Warm, proven


class NotGraded(DesignedError):
    """A notebook can't be graded now; nbgrader names the student and goes on."""


class Walled(NbGraderPreprocessor):
    """Stands where nbgrader's Execute would run a notebook on this machine."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """The notebook with outputs by which nbgrader's own rule gives the points.

        Raises:
            NotGraded: a test is broken, or the machine had too little for it.
            autograde.sandbox.IsolationError: a wall is missing.
        """
        names = resources["nbgrader"]
        master = Master(names["assignment"], names["notebook"], nb, {})
        seconds = float(self.config.Execute.get("timeout", CELL_SECONDS))
        warm = warmed(Path(self.config.CourseDirectory.get("root", ".")).resolve(), seconds)
        graded = sit(master, nb, warm, _beside(Path(resources["metadata"]["path"])), seconds)
        warm.check()
        broken = {item.grade_id for item in graded.items if item.status == "grader_error"}
        for flag in graded.flags:
            self.log.warning("%s", flag.message)
        if unknown := broken | graded.starved | graded.killed | graded.unasked:
            raise NotGraded(f"no points are known for {', '.join(sorted(unknown))}. Grade again.")
        return graded.notebook, resources


def use(config: Config) -> None:
    """Set nbgrader up to grade behind the walls."""
    usual = Autograde.class_traits()["autograde_preprocessors"].default()
    config.Autograde.autograde_preprocessors = [Walled if one is Execute else one for one in usual]
    config.OverwriteCells.add_missing_cells = True


@cache
def warmed(root: Path, seconds: float) -> Warm:
    """The warm process, for as long as nbgrader runs."""
    warm = Warm(limits(seconds), preload=PRELOAD, hidden=[root], environment=ENVIRONMENT)
    warm.__enter__()
    atexit.register(warm.close)
    proven(warm)
    return warm


def _beside(folder: Path) -> dict[str, bytes]:
    """What lies beside the notebook, the assignment's own files among it."""
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if path.suffix != NOTEBOOK
    }
