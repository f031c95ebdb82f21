"""Where things lie: the course's folders and the labs in them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from autograde.errors import DesignedError

ROOT_VARIABLE = "COURSE_ROOT"


class TreeError(DesignedError):
    """A folder or lab that a command needs is not there; the message says what to do."""


@dataclass(frozen=True)
class Tree:
    """The folders of a course whose top is ``root``."""

    root: Path

    @property
    def solutions(self) -> Path:
        """A folder for each lab, and the executed notebooks: the one secret folder."""
        return self.root / "solutions"

    @property
    def notebooks(self) -> Path:
        """Executed solution notebooks; nbgrader takes every folder in it for a lab."""
        return self.solutions / "notebooks"

    @property
    def labs(self) -> Path:
        """Student notebooks."""
        return self.root / "labs"

    def lab_names(self) -> list[str]:
        """All labs, in order, by their sources' names."""
        return sorted(path.parent.name for path in self.solutions.glob("lab*/lab.py"))

    def source(self, lab: str) -> Path:
        """The percent script of a lab."""
        return self.solutions / lab / "lab.py"

    def solution(self, lab: str) -> Path:
        """The executed solution notebook."""
        return self.notebooks / lab / f"{lab}.ipynb"

    def student(self, lab: str) -> Path:
        """The student notebook."""
        return self.labs / lab / f"{lab}.ipynb"

    def checks(self, lab: str) -> Path:
        """The checks of a lab as their author wrote them, a package."""
        return self.solutions / lab / "checks"

    def answers(self, lab: str) -> Path:
        """Answers to single exercises, right and wrong, a package."""
        return self.solutions / lab / "answers"

    def samples(self, lab: str) -> Path:
        """Sample submissions of a lab; a file's name says what must come out."""
        return self.solutions / lab / "samples"

    def compiled(self, lab: str) -> Path:
        """The visible checks of a lab as students have them: data."""
        return self.root / "course" / "labs" / lab / "checks.json.gz"

    def cells(self, lab: str) -> Path:
        """What students' tools know of the lab's notebook."""
        return self.compiled(lab).with_name("cells.json")

    def secret(self) -> str:
        """What nobody outside knows: hidden inputs and aliases are drawn from it.

        Raises:
            TreeError: it is not there.
        """
        path = self.solutions / "seed.txt"
        if not path.is_file():
            raise TreeError(f"no secret {path}: write a line of your own into it, and keep it.")
        return path.read_text("utf-8").strip()

    def chosen(self, labs: list[str] | None) -> list[str]:
        """The named labs, or all of them; the beginning of one lab's name, ``lab01``, names it.

        Raises:
            TreeError: a name is not a lab's.
        """
        return list(dict.fromkeys(map(self.lab, labs))) if labs else self.lab_names()

    def lab(self, name: str) -> str:
        """The lab that is called so, or that alone begins so.

        Raises:
            TreeError: there is none, or more than one.
        """
        known = self.lab_names()
        found = [lab for lab in known if lab == name] or [
            lab for lab in known if name and lab.startswith(name)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise TreeError(f"several labs begin with {name!r}: {', '.join(found)}. Name one.")
        raise TreeError(
            f"no lab is called {name!r}. Labs here: {', '.join(known) or 'none'}. "
            f"A lab's source is {self.source('NAME')}."
        )


def _around(start: Path | None) -> list[Path]:
    """A folder and its parents; none where it was removed while someone stood in it."""
    try:
        here = (start or Path.cwd()).resolve()
    except FileNotFoundError:
        return []
    return [here, *here.parents]


def find(start: Path | None = None) -> Tree:
    """The course around ``start``: ``COURSE_ROOT``, else the first parent with ``solutions/``
    and ``course/``, else the checkout that this package is installed from.

    Raises:
        TreeError: there is none.
    """
    named = os.environ.get(ROOT_VARIABLE)
    package = Path(__file__).resolve().parent
    candidates = [Path(named).resolve()] if named else [*_around(start), package.parent]
    for folder in candidates:
        if (folder / "solutions").is_dir() and (folder / "course").is_dir():
            return Tree(folder)
    raise TreeError(
        f"no course found from {candidates[0]}: expected a folder that holds solutions/ and "
        "course/. Run this inside the course's folder, or name it before the command, "
        f"`autograde --course FOLDER …`, or set {ROOT_VARIABLE} to it."
    )
