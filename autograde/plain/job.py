"""One assignment of any nbgrader course: where things come from and go to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograde.errors import DesignedError
from autograde.gradebook.scores import file_of
from autograde.handing_in.files import NOTEBOOK
from autograde.marking.job import Paths
from autograde.nbgrader_settings import SETTINGS, own
from autograde.sandbox import Isolation
from autograde.sandbox.warming import TESTING

CELL_SECONDS = 30.0  # nbgrader's own ``Execute.timeout``
PRELOAD = ("torch", "numpy", "matplotlib.pyplot", TESTING)
"""What a session needs, whatever the notebook."""


class PlainError(DesignedError):
    """A folder can't be graded; the message says what was expected and what to do."""


@dataclass(frozen=True)
class PlainJob(Paths):
    """One assignment's grading.

    Attributes:
        folder: nbgrader's course folder.
        preload: further modules that are imported once for the class.
        timeout: seconds that a cell may take.
    """

    folder: Path
    lab: str
    submissions: Path
    work: Path
    isolation: Isolation = "full"
    jobs: int = 2
    force: bool = False
    preload: tuple[str, ...] = ()
    timeout: float = CELL_SECONDS
    config: Config = field(default_factory=Config, compare=False)

    @cached_property
    def gradebook(self) -> Path:
        """nbgrader's database: where the settings have it, unless the class lies elsewhere.

        Raises:
            PlainError: they name a server, or a database in memory.
        """
        named = str(self.config.CourseDirectory.get("db_url", ""))
        if not named or self.work != self.folder:
            return self.work / "gradebook.db"
        if (file := file_of(named)) is None:
            raise PlainError(
                f"{self.folder / SETTINGS}: db_url names a server or no file at all, and scores go "
                "into an sqlite file here. Name a --workdir: its gradebook.db is taken."
            )
        return self.folder / file

    @property
    def source(self) -> Path:
        """The assignment as its author wrote it."""
        return place(self.folder, self.config, "source") / self.lab

    @property
    def release(self) -> Path:
        """The assignment as it is handed out."""
        return place(self.folder, self.config, "release") / self.lab

    @property
    def written(self) -> Path:
        """Where its notebooks are read: the source, else the release."""
        return self.source if has_notebooks(self.source) else self.release

    @cached_property
    def given(self) -> dict[str, bytes]:
        """Files that go with the assignment, by their paths in it."""
        return {str(path.relative_to(self.written)): path.read_bytes() for path in self._files()}

    @property
    def editable(self) -> set[str]:
        """Of these, those whose version counts that the student hands in."""
        if self.written != self.source:  # as for nbgrader: what is released is the student's
            return set(self.given)
        return set(self.config.Autograde.get("exclude_overwriting", {}).get(self.lab, []))

    def _files(self) -> Iterator[Path]:
        ignored = CourseDirectory(config=self.config).ignore
        for path in sorted(self.written.rglob("*")):
            parts = path.relative_to(self.written).parts
            hidden = any(fnmatch(part, one) for part in parts for one in ignored)
            if path.is_file() and path.suffix != NOTEBOOK and not hidden:
                yield path


def settings(folder: Path) -> Config:
    """nbgrader's configuration of a course folder, as its instructors have it.

    Raises:
        PlainError: its file can't be read, or raises.
    """
    try:
        config: Config = own(folder)
    except (Exception, SystemExit) as error:  # the instructor's own code
        raise PlainError(
            f"{folder / SETTINGS}: {type(error).__name__}: {error}. Mend it; nbgrader itself "
            "would not start with it."
        ) from None
    config.CourseDirectory.root = str(folder)
    return config


def place(folder: Path, config: Config, name: str) -> Path:
    """One of nbgrader's folders: ``source``, ``release``, ``submitted``."""
    named: Any = getattr(CourseDirectory(config=config), f"{name}_directory")
    return folder / str(named)


def has_notebooks(folder: Path) -> bool:
    """Whether it is an assignment's folder."""
    return folder.is_dir() and any(folder.glob(f"*{NOTEBOOK}"))


def assignments(folder: Path, config: Config) -> list[str]:
    """Those that a course folder has."""
    tops = [place(folder, config, name) for name in ("source", "release")]
    found = (one for top in tops if top.is_dir() for one in top.iterdir())
    return sorted({one.name for one in found if has_notebooks(one)})


def chosen(folder: Path, config: Config, name: str) -> str:
    """The assignment that is meant; without a name, the only one.

    Raises:
        PlainError: there is none, or it is not clear which.
    """
    known = assignments(folder, config)
    if "+" in name or (not name and len(known) == 1 and "+" in known[0]):
        raise PlainError(f"{folder}: nbgrader takes no assignment with a + in its name. Rename it.")
    if name in known:
        return name
    if len(known) == 1 and not name:
        return known[0]
    if not known:
        raise PlainError(
            f"{folder} is no course folder of nbgrader's: expected source/ASSIGNMENT/*{NOTEBOOK} "
            f"or release/ASSIGNMENT/*{NOTEBOOK} in it."
        )
    meant = f"no assignment is called {name!r}" if name else "several assignments"
    raise PlainError(f"{folder}: {meant}. There are: {', '.join(known)}. Name one.")
