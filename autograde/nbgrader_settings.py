"""How this course sets nbgrader up; ``nbgrader_config.py`` at the top applies it for stock use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    SaveCells,
)
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

SETTINGS = "nbgrader_config.py"

# A notebook's whole check cell: a student's slow code must not cost the class its evening.
CELL_TIMEOUT = 60


OWN_WAY = (
    "Switched off: this would run students' code on this machine with your rights. Grade with "
    "`autograde grade LAB`, which runs it behind walls; `autograde mark LAB` shows what came out."
)


class Refused(NotebookExporter):
    """Stands where nbgrader's Autograde would begin, before it touches a file."""

    def __init__(self, config: Any = None, parent: Any = None, **_: Any) -> None:
        if parent is not None:
            parent.log.error(OWN_WAY)
        raise NbGraderException(OWN_WAY)


class NumberedStubs(ClearSolutions):
    """Replace an answer by ``raise NotImplementedError("Exercise 1.1")``, with its number.

    Where the source has a starter, code that the student begins with, that takes its place.
    """

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Clear one cell; its ``course`` metadata has the number, and the starter if any."""
        about = cell.metadata.get("course", {})
        stub = f'raise NotImplementedError("Exercise {about.get("exercise", "")}")'
        self.code_stub = {"python": about.pop("starter", stub)}
        return super().preprocess_cell(cell, resources, cell_index)


@contextmanager
def at_once(session: Any) -> Iterator[None]:
    """Several of nbgrader's changes as one, or none of them: it commits each, and each waits for
    the disk.

    Args:
        session: nbgrader's, ``Gradebook.db``.
    """
    session.commit = session.flush
    try:
        yield
    except BaseException:
        session.rollback()
        raise
    finally:
        del session.commit
    session.commit()


class SavedAtOnce(SaveCells):
    """Record a notebook's cells as a whole: one commit for all, instead of one for each."""

    def _create_notebook(self, nb: NotebookNode) -> None:
        with at_once(self.gradebook.db):
            super()._create_notebook(nb)


def settings(root: Path, work: Path, *, source: Path, release: Path) -> Config:
    """nbgrader's configuration.

    Args:
        root: course directory; the other folders may lie anywhere.
        work: the class's working folder: submissions, grades, feedback, gradebook.
        source: folder of solution notebooks.
        release: folder of student notebooks.
    """
    put_tools_on_path()
    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.course_id = "convnet-course"
    config.CourseDirectory.db_url = f"sqlite:///{work / 'gradebook.db'}"
    config.CourseDirectory.source_directory = str(source)
    config.CourseDirectory.release_directory = str(release)
    config.CourseDirectory.submitted_directory = str(work / "submitted")
    config.CourseDirectory.autograded_directory = str(work / "autograded")
    config.CourseDirectory.feedback_directory = str(work / "feedback")
    config.ClearSolutions.text_stub = "*Your answer here.*"
    config.GenerateAssignment.preprocessors = [
        LockCells,
        NumberedStubs,
        ClearOutput,
        CheckCellMetadata,
        ComputeChecksums,
        SavedAtOnce,
        ClearHiddenTests,
        ClearMarkScheme,
        ComputeChecksums,
        CheckCellMetadata,
    ]
    config.OverwriteCells.add_missing_cells = True
    config.Autograde.exporter_class = Refused
    config.Execute.timeout = CELL_TIMEOUT
    config.Execute.extra_arguments = ["--HistoryManager.hist_file=:memory:", "--log-level=40"]
    # What students wrote is shown to students and instructors: nothing in it may run.
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.preprocessors = ["autograde.reports.inert.Inert"]
    config.HTMLExporter.filters = {
        "markdown2html": "autograde.reports.frames.from_markdown",
        "clean_html": "autograde.reports.markup.clean",
        "highlight_code": "autograde.reports.frames.highlighted",
        "told": "course.checks.panel.marked",
        "strip_files_prefix": "autograde.reports.markup.unchanged",
    }
    return config


def own(root: Path) -> Config:
    """nbgrader's configuration in a course's folder, with what its instructors set there."""
    if not (root / SETTINGS).is_file():
        return Config()
    put_tools_on_path()
    return PyFileConfigLoader(SETTINGS, path=str(root)).load_config()


def put_tools_on_path() -> None:
    """Let nbgrader find the ``alembic`` of this environment, also where it is not activated."""
    here = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if here not in path.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, path])
