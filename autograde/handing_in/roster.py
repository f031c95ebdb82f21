"""Who is in a class, by the folders' names, and what lies among them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from autograde.handing_in.normalise.flags import Flag, listed, printable, shown

LONGEST_STUDENT = 100  # characters
GLOB_MARKS = frozenset("*?[]")  # nbgrader takes a student's name for a pattern


def students(root: Path) -> list[str]:
    """Names of the folders that could be students', in order."""
    with os.scandir(root) as entries:
        return sorted(entry.name for entry in entries if _is_student(entry))


def strays(root: Path) -> tuple[Flag, ...]:
    """What lies among the students' folders and is not taken: perhaps someone's work."""
    with os.scandir(root) as entries:
        found = sorted((e.name, _is_folder(e)) for e in entries if e.name[0] != ".")
    files = [name for name, folder in found if not folder]
    unusable = [name for name, folder in found if folder and not _is_usable(name)]
    return (*_stray_files(files), *_unusable(unusable))


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


def _stray_files(names: list[str]) -> Iterator[Flag]:
    if names:
        message = (
            f"{len(names)} entries beside the students' folders are no folders: {listed(names)}. "
            "If one is a submission, put it into STUDENT/LAB/."
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
    return entry.name[0] != "." and _is_folder(entry) and _is_usable(entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) or entry.is_symlink()


def _is_usable(name: str) -> bool:
    """Whether nbgrader can keep a student of this name: it reads names as patterns, and text."""
    unfit = GLOB_MARKS & set(name) or any(unicodedata.category(c) in ("Cc", "Cs") for c in name)
    return not unfit
