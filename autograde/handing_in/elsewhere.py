"""Notebooks that lie below a student's folder, in another place than they should.

An archive's extra folder, ``Lab01_Activations/``, a clone of the whole course: whoever has any
notebook has handed something in. Nothing is followed, and few names are read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path, PurePath

from autograde.handing_in.files import Refused, is_notebook, opened_folder

DEEPEST = 4  # folders below the student's own
MOST_NAMES = 2_000  # in all; what lies beyond is not looked at
DEBRIS = {"__MACOSX", "__pycache__", "node_modules", "site-packages", ".ipynb_checkpoints"}
"""Folders in which nobody hands anything in."""


def notebooks(student: Path) -> list[PurePath]:
    """Paths of notebooks below a student's folder, relative to it."""
    left = [MOST_NAMES]
    try:
        with opened_folder(student, None) as folder:
            return sorted(_below(folder, PurePath(), left))
    except (Refused, FileNotFoundError):
        return []


def fitting(found: Iterable[PurePath], lab: str, others: Iterable[str]) -> list[PurePath]:
    """Those that may be a lab's: by its name if any is called so, else all that are not another's.

    Args:
        found: notebooks.
        lab: the lab's name.
        others: names of the other labs.
    """
    theirs = {_plain(one) for one in others} - {_plain(lab)}
    mine = [path for path in found if not theirs & {_plain(part) for part in _names(path)}]
    named = [path for path in mine if _plain(path.stem) == _plain(lab)]
    return named or mine


def _names(path: PurePath) -> tuple[str, ...]:
    return (*path.parts[:-1], path.stem)


def _plain(name: str) -> str:
    """A name without what browsers and people change in it: case, signs, what a copy adds."""
    name = re.sub(r"^copy of |[ _-]*(\(\d+\)|copy\d*)$", "", name.strip(), flags=re.IGNORECASE)
    return re.sub(r"[\W_]", "", name).casefold()


def _below(folder: int, place: PurePath, left: list[int]) -> Iterator[PurePath]:
    with os.scandir(folder) as entries:
        names = [(e.name, e.is_dir(follow_symlinks=False)) for e in islice(entries, left[0])]
    left[0] -= len(names)
    for name, is_folder in names:
        if not is_folder and is_notebook(name) and name[0] != ".":
            yield place / name
        if is_folder and name not in DEBRIS and name[0] != "." and len(place.parts) < DEEPEST:
            try:
                with opened_folder(Path(name), folder) as inner:
                    yield from _below(inner, place / name, left)
            except (Refused, FileNotFoundError):
                continue


@contextmanager
def folder_of(student: Path, path: PurePath) -> Iterator[int]:
    """A descriptor of the folder in which a notebook below a student's folder lies.

    Raises:
        Refused: part of the way is no plain folder any more.
    """
    with opened_folder(student, None) as folder:
        yield from _step(folder, path.parts[:-1])


def _step(folder: int, parts: tuple[str, ...]) -> Iterator[int]:
    if not parts:
        yield folder
        return
    with opened_folder(Path(parts[0]), folder) as inner:
        yield from _step(inner, parts[1:])
