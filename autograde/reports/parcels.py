"""Feedback pages in one zip, named as the LMS wants them back."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal, get_args

from autograde.handing_in.collecting.record import Entry, Record

Target = Literal["moodle", "canvas", "plain"]


@dataclass(frozen=True)
class Parcel:
    """A zip that was made; ``left_out`` have a page, and no name that the LMS knows."""

    path: Path
    students: tuple[str, ...]
    left_out: tuple[str, ...]


def pack(target: Target, known: Record, found: dict[str, Path], place: Path, lab: str) -> Parcel:
    """Make the zip."""
    packed, left = list[str](), list[str]()
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_suffix(".part")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for student, page in found.items():
            names = list(_names(target, known.students.get(student, Entry()), student, lab))
            (packed if names else left).append(student)
            for name in names:
                archive.write(page, name)
    draft.replace(place)
    return Parcel(place, tuple(packed), tuple(left))


def homes(known: Record, found: Iterable[str]) -> list[Target]:
    """Where these students' pages can go: each LMS that knows some of them, and a plain zip."""
    students = list(found)
    return [
        target
        for target in get_args(Target)
        if any(any(_names(target, known.students.get(one, Entry()), one, "")) for one in students)
    ]


def _names(target: Target, entry: Entry, student: str, lab: str) -> Iterator[str]:
    """What a student's page is called; nothing where the LMS would not know it."""
    if target == "plain":
        yield f"{student}/{lab}.html"
    elif target == "moodle":
        # Moodle reads the name, the participant's number and the plugin from the folder.
        yield from (f"{folder}/feedback.html" for folder in entry.naming.get("moodle", ())[:1])
    else:
        # Canvas reads the student's and the file's number: the file's own name, as a page.
        names = entry.naming.get("canvas", ())
        ours = [name for name in names if name.lower().endswith(".ipynb")] or names
        yield from (f"{PurePath(name).stem}.html" for name in ours[:1])
