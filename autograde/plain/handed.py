"""Take in the notebooks of one assignment, as many as it has, without trusting them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from autograde.handing_in.beside import OFFICIAL, Beside
from autograde.handing_in.files import (
    NOTEBOOK,
    Refused,
    content,
    is_notebook,
    is_there,
    opened_folder,
)
from autograde.handing_in.intake import MOST_NAMES
from autograde.handing_in.normalise import Flag, Limits
from autograde.handing_in.normalise.flags import listed, shown
from autograde.handing_in.roster import odd_name, students


@dataclass(frozen=True)
class HandIn:
    """What lies in a student's folder for one assignment.

    Attributes:
        student: the folder's name.
        path: the folder; None where nothing was handed in.
        notebooks: the bytes of those that could be read, by name.
        flags: what a person may want to know.
        files: plain files beside them, by name.
        official: nbgrader's own files beside them.
    """

    student: str
    path: Path | None = None
    notebooks: Mapping[str, bytes] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    official: Mapping[str, bytes] = field(default_factory=dict)


def collect(
    root: Path,
    assignment: str,
    notebooks: Iterable[str],
    *,
    only: Collection[str] | None = None,
) -> Iterator[HandIn]:
    """Submissions by student, each read when it is asked for.

    Args:
        root: the folder of the students' folders.
        assignment: its name.
        notebooks: the names of its notebooks.
        only: whose are read; everybody's by default.
    """
    wanted = list(notebooks)
    return (_taken(root, student, assignment, wanted) for student in students(root, only))


def _taken(root: Path, student: str, assignment: str, wanted: list[str]) -> HandIn:
    odd, path = tuple(odd_name(student)), root / student / assignment
    try:
        with (
            opened_folder(root / student, None) as home,
            opened_folder(Path(assignment), home) as folder,
        ):
            return _from_folder(student, path, folder, wanted, odd)
    except FileNotFoundError:
        message = f"Not handed in: there is no folder {shown(student)}/{assignment}."
        return HandIn(student, flags=(*odd, Flag("not-handed-in", "info", "", message)))
    except Refused as refusal:
        return HandIn(student, path, flags=(*odd, refusal.flag))


def _from_folder(
    student: str, path: Path, folder: int, wanted: list[str], flags: tuple[Flag, ...]
) -> HandIn:
    limits, told = Limits(), [*flags]
    names = _names(folder, wanted)
    if not (handed := [name for name in names if name not in OFFICIAL]):
        message = f"Not handed in: {shown(student)}/{path.name} is empty."
        return HandIn(student, flags=(*flags, Flag("not-handed-in", "info", "", message)))
    if not any(map(is_notebook, handed)):
        message = (
            f"Expected {listed(name + NOTEBOOK for name in wanted)}, found only {listed(handed)}. "
            "Ask for the notebook."
        )
        return HandIn(student, path, flags=(*flags, Flag("no-notebook", "attention", "", message)))
    books: dict[str, bytes] = {}
    for name, file in _matched(wanted, [one for one in names if is_notebook(one)], told).items():
        try:
            books[name] = content(folder, file, limits.max_bytes)
        except Refused as refusal:
            told.append(refusal.flag)
    beside = Beside(folder, [name for name in names if not is_notebook(name)], limits)
    beside.take_official()
    beside.take_others()
    found = (*told, *beside.flags)
    return HandIn(student, path, books, found, beside.files, beside.official)


def _names(folder: int, wanted: list[str]) -> list[str]:
    """Visible names in a folder; in a flood of files, those that are looked for alone."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, MOST_NAMES + 1)]
    if len(names) <= MOST_NAMES:
        return sorted(name for name in names if not name.startswith("."))
    looked_for = [*(name + NOTEBOOK for name in wanted), *OFFICIAL]
    return [name for name in looked_for if is_there(name, folder)]


def _matched(wanted: list[str], there: list[str], told: list[Flag]) -> dict[str, str]:
    """The file of each notebook; the only other one stands for the only one that is missing."""
    found = {name: name + NOTEBOOK for name in wanted if name + NOTEBOOK in there}
    missing = [name for name in wanted if name not in found]
    others = [name for name in there if name not in found.values()]
    if len(missing) == len(others) == 1:
        message = (
            f"The notebook is called {shown(others[0])}, expected {missing[0]}{NOTEBOOK}. "
            "It is taken."
        )
        told.append(Flag("wrong-file-name", "info", "", message))
        return {**found, missing[0]: others[0]}
    if missing:
        message = (
            f"Not handed in: {listed(name + NOTEBOOK for name in missing)}"
            f"{', but ' + listed(others) if others else ''}."
        )
        told.append(Flag("no-notebook", "attention" if others else "info", "", message))
    elif others:
        message = f"Further notebooks were handed in and not graded: {listed(others)}."
        told.append(Flag("extra-notebooks", "info", "", message))
    return found
