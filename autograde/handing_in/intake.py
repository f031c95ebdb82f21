"""Take in a class's files from nbgrader's layout, ``STUDENT/LAB/LAB.ipynb``, without trusting them.

Nothing in the folder is changed. Every folder that could be a student's gives a
:class:`Submission`, also where nothing was handed in or nothing could be read: no one is lost.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from autograde.handing_in import elsewhere
from autograde.handing_in.beside import OFFICIAL, Beside
from autograde.handing_in.files import (
    NOTEBOOK,
    Refused,
    content,
    is_notebook,
    is_there,
    opened_folder,
)
from autograde.handing_in.normalise import Flag, Limits
from autograde.handing_in.normalise.flags import listed, shown
from autograde.handing_in.roster import odd_name, students

MOST_NAMES = 1_000  # of one student's folder; what lies beyond is not looked at
MISSING = {"not-handed-in", "no-notebook"}  # flags of a folder in which there is no notebook
NO_FILES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Submission:
    """What lies in a student's folder for one lab.

    Attributes:
        student: the folder's name, as it is on disk; show :attr:`label` instead.
        path: the notebook, or what stands in its place; None if nothing was handed in.
        data: the notebook's bytes; None if there are none, or a flag says why they were not read.
        flags: what a person may want to know.
        extra_files: small plain files handed in beside the notebook, by name.
        left_out: why a file that checks read was not taken, by name.
        official: nbgrader's own files beside it, by name.
    """

    student: str
    path: Path | None = None
    data: bytes | None = None
    flags: tuple[Flag, ...] = ()
    extra_files: Mapping[str, bytes] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    official: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The student's name with control and direction marks escaped."""
        return shown(self.student)

    @property
    def handed_in(self) -> bool:
        """Whether there is anything to look at."""
        return self.path is not None


def collect(
    root: Path,
    lab: str,
    *,
    limits: Limits | None = None,
    expected: Mapping[str, str] = NO_FILES,
    others: Iterable[str] = (),
    only: Collection[str] | None = None,
) -> Iterator[Submission]:
    """Submissions of one lab, by student, each read when it is asked for.

    Args:
        root: the folder of the students' folders.
        lab: the lab's name, such as ``lab01_activations``.
        limits: ``max_bytes`` of a notebook, and how many further files are read.
        expected: further files that checks read, each with such a check; they are read first, and
            told of by name where they are not as they should be.
        others: names of the course's other labs; what lies under one of them is not this lab's.
        only: whose are read; everybody's by default.

    Raises:
        NotADirectoryError: ``root`` is no folder.
        ValueError: ``lab`` is not a plain name.
    """
    if not lab or "/" in lab or "\0" in lab or lab.startswith("."):
        raise ValueError(f"{lab!r} is no name of a lab; expected one such as lab01_activations.")
    if not root.is_dir():
        raise NotADirectoryError(
            f"no submissions folder {root}: expected STUDENT/{lab}/{lab}{NOTEBOOK} in it."
        )
    names = students(root, only)
    return _collected(root, names, lab, limits or Limits(), expected, tuple(others))


def _collected(
    root: Path,
    names: Iterable[str],
    lab: str,
    limits: Limits,
    expected: Mapping[str, str],
    others: tuple[str, ...],
) -> Iterator[Submission]:
    for student in names:
        submission = _taken(root, student, lab, limits, expected)
        if {flag.code for flag in submission.flags} & MISSING:
            submission = _found_elsewhere(root, submission, lab, limits, expected, others)
        yield replace(submission, flags=(*odd_name(student), *submission.flags))


def _taken(
    root: Path, student: str, lab: str, limits: Limits, expected: Mapping[str, str]
) -> Submission:
    path = root / student / lab
    try:
        with opened_folder(root / student, None) as home, opened_folder(Path(lab), home) as folder:
            return _from_folder(student, path, folder, limits, expected)
    except FileNotFoundError:
        return Submission(student, flags=(_not_handed_in(root, student, lab),))
    except Refused as refusal:
        return Submission(student, path, flags=(refusal.flag,))


def _not_handed_in(root: Path, student: str, lab: str) -> Flag:
    message = f"Not handed in: there is no folder {shown(student)}/{lab}."
    return Flag("not-handed-in", "info", "", message)


def _found_elsewhere(
    root: Path,
    submission: Submission,
    lab: str,
    limits: Limits,
    expected: Mapping[str, str],
    others: tuple[str, ...],
) -> Submission:
    """The one notebook that lies in another place; of several, a flag for a person."""
    student, home = submission.student, root / submission.student
    expected_at = f"{shown(student)}/{lab}/{lab}{NOTEBOOK}"
    found = elsewhere.fitting(elsewhere.notebooks(home), lab, others)
    if not found:
        return submission
    if len(found) > 1:
        message = (
            f"Expected {expected_at}, found several notebooks in other places: "
            f"{listed(map(str, found))}. Nothing was graded: move the right one there and grade "
            "again."
        )
        return replace(submission, flags=(Flag("not-handed-in", "attention", "", message),))
    message = (
        f"Expected {expected_at}, found {listed(map(str, found))} in the student's folder. It is "
        "taken; look whether it is the right one."
    )
    flag = Flag("other-place", "attention", "", message)
    try:
        with elsewhere.folder_of(home, found[0]) as folder:
            name = found[0].name
            taken = _from_folder(student, home / found[0], folder, limits, expected, name)
            return replace(taken, flags=(flag, *taken.flags))
    except (Refused, FileNotFoundError):
        return submission


def _from_folder(
    student: str,
    path: Path,
    folder: int,
    limits: Limits,
    expected: Mapping[str, str],
    notebook: str = "",
) -> Submission:
    """What lies in an open folder; ``path`` is the folder's, or that of the ``notebook`` in it."""
    wanted = notebook or path.name + NOTEBOOK
    flags: tuple[Flag, ...] = ()
    try:
        names = _names(folder, wanted, expected)
        if not _handed(names):
            flag = Flag("not-handed-in", "info", "", f"Not handed in: {path.name} is empty.")
            return Submission(student, flags=(flag,))
        chosen, flags = (notebook, ()) if notebook else _chosen(names, wanted)
        path = path if notebook else path / chosen
        data = content(folder, chosen, limits.max_bytes)
    except Refused as refusal:
        return Submission(student, path, flags=(*flags, refusal.flag))
    beside = Beside(folder, [name for name in names if not is_notebook(name)], limits)
    beside.take_official()
    beside.take_expected(expected)
    beside.take_others()
    found = (*flags, *beside.flags)
    taken = beside.files, beside.left_out, beside.official
    return Submission(student, path, data, found, *taken)


def _names(folder: int, wanted: str, expected: Iterable[str] = ()) -> list[str]:
    """Visible names in a folder, sorted; in a flood of files, those that are looked for alone.

    Raises:
        Refused: a flood without it.
    """
    with os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, MOST_NAMES + 1)]
    if len(names) <= MOST_NAMES:
        return sorted(name for name in names if not name.startswith("."))
    there = [name for name in (wanted, *expected, *OFFICIAL) if is_there(name, folder)]
    if wanted in there:
        return there
    raise Refused(
        "too-many-files",
        f"More than {MOST_NAMES:,} files were handed in, and none is called {wanted}. "
        "Ask for the notebook alone.",
    )


def _chosen(names: list[str], wanted: str) -> tuple[str, tuple[Flag, ...]]:
    """Which file is the notebook.

    Raises:
        Refused: none is, or several could be.
    """
    notebooks = [name for name in names if is_notebook(name)]
    others = [name for name in notebooks if name != wanted]
    if wanted in notebooks:
        message = f"Further notebooks were handed in and not graded: {listed(others)}."
        return wanted, (Flag("extra-notebooks", "attention", "", message),) if others else ()
    if len(others) == 1:
        message = f"The notebook is called {shown(others[0])}, expected {wanted}. It is taken."
        return others[0], (Flag("wrong-file-name", "info", "", message),)
    if others:
        raise Refused(
            "several-notebooks",
            f"Expected {wanted}, found several others: {listed(others)}. "
            "Rename the right one and grade again.",
        )
    raise Refused(
        "no-notebook",
        f"Expected {wanted}, found only {listed(_handed(names))}. Ask for the .ipynb file, or for "
        "a zip with it.",
    )


def _handed(names: list[str]) -> list[str]:
    """What of it was handed in, and not put there by nbgrader or collecting."""
    return [name for name in names if name not in OFFICIAL]
