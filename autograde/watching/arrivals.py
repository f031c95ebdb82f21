"""What has arrived in a folder, and what is still being written: by looking twice."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from autograde.handing_in.collecting.bounds import Bounds
from autograde.handing_in.collecting.levels import EXCHANGE
from autograde.handing_in.collecting.names import EDGES, bare, beside_lab, is_lab

Place = tuple[str, ...]
"""A path below the folder that is watched."""

Look = Mapping[Place, tuple[tuple[str, int, int, int], ...]]
"""Each entry with its files: name, bytes, time of the last change, and which file it is."""

GROWING = re.compile(r".*\.(part|partial|filepart|crdownload|download|tmp|temp|swp)|\..*|.*~")
"""Names under which programs keep what they are still writing; they rename it when it is whole."""


DEEPEST = Bounds.folders  # in folders, as `collect` opens them
MOST = 20_000  # files of one entry


@dataclass
class Arrivals:
    """A folder that others fill.

    An entry counts as written when two looks in a row find the same: names, sizes, times and
    files. What stalls longer than that is taken as it is, and taken again when it has changed.
    """

    folder: Path
    _last: Look = field(default_factory=dict)

    def look(self) -> tuple[Look, frozenset[Place]]:
        """What is there and written, and the paths of what is not.

        Raises:
            OSError: the folder can't be read.
        """
        now, before = seen(self.folder), self._last
        self._last = now
        growing = {place for place, files in now.items() if before.get(place) != files}
        growing |= {place for place in now if GROWING.fullmatch(place[-1])}
        settled = {place: files for place, files in now.items() if place not in growing}
        return settled, frozenset(growing)


def seen(folder: Path) -> Look:
    """The entries of a folder, or of the one folder in it, in which all lies.

    Raises:
        OSError: the folder can't be read.
    """
    below: Place = ()
    found = _entries(folder)
    while list(found.values()) == [True] and len(below) < DEEPEST:
        within = (*below, *found)
        try:
            below, found = within, _entries(folder.joinpath(*within))
        except OSError:
            break
    return {(*below, name): _files(folder.joinpath(*below), name) for name in sorted(found)}


def _entries(folder: Path) -> dict[str, bool]:
    """The names in a folder, and whether each is a folder; a link is none."""
    with os.scandir(folder) as entries:
        return {entry.name: entry.is_dir(follow_symlinks=False) for entry in entries}


def _files(folder: Path, name: str) -> tuple[tuple[str, int, int, int], ...]:
    """A file, or those below a folder; what vanishes meanwhile is not there.

    No link is followed: it may lead round in a circle, or through the whole machine. Of a folder
    that is deeper, or holds more, than anybody hands in, the rest is not looked at.
    """
    found, waiting = list[tuple[str, int, int, int]](), [(name, 0)]
    while waiting and len(found) < MOST:
        path, depth = waiting.pop()
        try:
            status = (folder / path).lstat()
            if stat.S_ISDIR(status.st_mode) and depth < DEEPEST:
                names = sorted(_entries(folder / path), reverse=True)
                waiting += [(os.path.join(path, one), depth + 1) for one in names]
                continue
        except OSError:
            continue
        found.append((path, status.st_size, status.st_mtime_ns, status.st_ino))
    return tuple(found)


def labs_of(place: Place, files: Sequence[tuple[str, int, int, int]], labs: Sequence[str]) -> set:
    """The labs that an entry is of, as the names of it and of what is in it say."""
    parts = {*place, *(part for name, *_ in files for part in PurePath(name).parts)}
    exchanged = {found["lab"] for one in parts if (found := EXCHANGE.fullmatch(one))}
    return {lab for lab in labs if lab in exchanged or any(_names(one, lab) for one in parts)}


def _names(part: str, lab: str) -> bool:
    """Whether a name says that something is of a lab, as people write it."""
    stem = PurePath(part).stem
    plain = bare(stem).strip(EDGES)
    return is_lab(part, lab) or is_lab(stem, lab) or beside_lab(stem, lab) != plain
