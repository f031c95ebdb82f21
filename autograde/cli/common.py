"""What several commands share: their arguments, and the exit code of a finding."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from autograde.errors import DesignedError
from autograde.tree import Tree

FOUND = 1
DAY = 86_400
"""Seconds; nothing is waited for longer."""

Labs = Annotated[list[str] | None, typer.Argument(help="Labs, for example lab01_activations.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
WorkDir = Annotated[
    Path | None,
    typer.Option(
        "--workdir",
        help="The class's folder: submissions in submitted/, grades, feedback. Default: grading/ "
        "in the course's folder, wherever the command is run.",
    ),
]
NEEDED = frozenset(
    {"autograded", "collected", "feedback", "journal", "manual-marks.json", "release", "results",
     "source", "submitted", "unmatched", "watched", ".grading", ".watching"}
)  # fmt: skip
"""What a class's folder has that no option may name; its gradebooks besides."""

SQLITE = b"SQLite format 3\0"
PATTERN = frozenset("*?[]")
"""What nbgrader takes for a pattern, in the path of any folder."""


MISREAD = frozenset("%\\")
"""What they decode: a gradebook in ``a%20b`` would be looked for in ``a b``, another class's."""


def of_class(tree: Tree, workdir: Path | None) -> Path:
    """The class's folder.

    Raises:
        DesignedError: nbgrader can't keep a class in a folder of such a name.
    """
    work = (workdir or tree.root / "grading").resolve()
    if MISREAD & set(work.as_posix()):
        raise DesignedError(
            f"{work}: nbgrader and its database take % and \\ in a folder's name for other signs, "
            "so that another folder may be meant. Rename it, or name a --workdir without them."
        )
    if PATTERN & set(work.as_posix()) or not _means_itself(work.as_posix()):
        raise DesignedError(
            f"{work}: nbgrader takes [, ], *, ?, +, $, ^, |, (, ) and {{ in a folder's name for a "
            "pattern, and finds nothing in it. Rename the folder, or name a --workdir without them."
        )
    return work


def _means_itself(text: str) -> bool:
    """Whether a text, taken for a regular expression as nbgrader takes a folder, finds itself."""
    try:
        return re.fullmatch(text, text) is not None
    except re.error:
        return False


def check_place(option: str, place: Path | None, work: Path) -> None:
    """See that what an option has written takes the place of nothing that a class needs.

    Raises:
        DesignedError: it would, or there is no folder for it.
    """
    if place is None:
        return
    if place.is_dir():
        raise DesignedError(f"{option} {place} is a folder: name a file in it.")
    there, home = place.resolve(), work.resolve()
    first = there.relative_to(home).parts[0] if there.is_relative_to(home) else ""
    own = first in NEEDED or first.startswith("gradebook.")
    if there.exists() and (own or is_database(there)):
        raise DesignedError(
            f"{option} {place}: there is a file that the class needs, and it would be lost. Name "
            "another file."
        )


def is_database(path: Path) -> bool:
    """Whether a file begins as sqlite's do; gradebooks may lie anywhere."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


Isolating = Annotated[
    Literal["full", "none"], typer.Option(help="full, or none: run untrusted code without walls.")
]
