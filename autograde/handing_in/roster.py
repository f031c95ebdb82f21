"""Who is in a class, by the folders' names, and what lies among them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from autograde.handing_in.normalise.flags import Flag, listed, printable, shown
from autograde.wording import counted

LONGEST_STUDENT = 100  # characters
GLOB_MARKS = frozenset("*?[]")  # nbgrader takes a student's name for a pattern


def students(root: Path, only: Collection[str] | None = None) -> list[str]:
    """Names of the folders that could be students', in order; of these, where they are given."""
    with os.scandir(root) as entries:
        names = sorted(entry.name for entry in entries if _is_student(entry))
    return names if only is None else [name for name in names if name in only]


def strays(root: Path) -> tuple[Flag, ...]:
    """What lies among the students' folders and is not taken: perhaps someone's work."""
    with os.scandir(root) as entries:
        found = sorted((e.name, _is_folder(e)) for e in entries if not _is_debris(e.name))
    files = [name for name, folder in found if not folder]
    unusable = [name for name, folder in found if folder and not _is_usable(name)]
    return (*_stray_files(files), *_unusable(unusable))


def gone(here: Iterable[str], recorded: Iterable[str]) -> tuple[Flag, ...]:
    """Who has grades and no folder any more, or one whose name differs in case alone."""
    folders = {name.casefold(): name for name in here}
    lost = sorted(set(recorded) - set(folders.values()))
    renamed = [(name, folders[name.casefold()]) for name in lost if name.casefold() in folders]
    missing = [name for name in lost if name.casefold() not in folders]
    return (*_renamed(renamed), *_missing(missing))


def odd_name(student: str) -> Iterator[Flag]:
    """A remark on a name that other tools may stumble over."""
    odd = printable(student) != student or student != student.strip()
    if odd or len(student) > LONGEST_STUDENT:
        yield Flag(
            "odd-student-name",
            "attention",
            "",
            f"The student's folder has an unusual name ({shown(student)}, {len(student)} "
            "characters). Graded under this name; rename it if other tools stumble over it.",
        )


def _renamed(names: list[tuple[str, str]]) -> Iterator[Flag]:
    for old, new in names:
        message = (
            f"{shown(new)} is called {shown(old)} in the gradebook, which takes them for two: a "
            f"person's marks are still {shown(old)}'s. Give the folder its old name and grade "
            "again, or move the marks with `autograde mark`."
        )
        yield Flag("student-renamed", "attention", "", message)


def _missing(names: list[str]) -> Iterator[Flag]:
    if names:
        message = (
            f"Grades for this lab and no folder any more ({counted(len(names), 'student')}): "
            f"{listed(names)}. The grades stay as they were; put the folders back, or take the "
            "students out with `nbgrader db student remove`."
        )
        yield Flag("student-gone", "attention", "", message)


def _stray_files(names: list[str]) -> Iterator[Flag]:
    if names:
        message = (
            f"{len(names)} entries beside the students' folders are no folders: {listed(names)}. "
            "If one is a submission, put it into STUDENT/LAB/; `autograde collect` does that with "
            "what Canvas or Moodle gives."
        )
        yield Flag("stray-file", "attention", "", message)


def _unusable(names: list[str]) -> Iterator[Flag]:
    if names:
        message = (
            f"{len(names)} folders were not graded, because nbgrader can't keep a student of such "
            f"a name (control characters, any of *?[], or not UTF-8): {listed(names)}. Rename "
            "them and grade again."
        )
        yield Flag("unusable-student-name", "attention", "", message)


def _is_student(entry: os.DirEntry[str]) -> bool:
    return not _is_debris(entry.name) and _is_folder(entry) and _is_usable(entry.name)


def _is_debris(name: str) -> bool:
    """Whether a program left it there: hidden files, what macOS puts into archives."""
    return name[0] == "." or name == "__MACOSX"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) or entry.is_symlink()


def _is_usable(name: str) -> bool:
    """Whether nbgrader can keep a student of this name: it reads names as patterns, and text."""
    unfit = GLOB_MARKS & set(name) or any(unicodedata.category(c) in ("Cc", "Cs") for c in name)
    return not unfit
