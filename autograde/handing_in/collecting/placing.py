"""Put hand-ins where they belong: what counts to be graded, every version aside, nothing lost."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from autograde.handing_in.beside import TIMESTAMP
from autograde.handing_in.collecting.bounds import Member
from autograde.handing_in.collecting.layouts import HandIn, chosen
from autograde.handing_in.collecting.names import usable
from autograde.handing_in.collecting.reading import content
from autograde.handing_in.collecting.record import Entry, Version, stamp

Outcome = Literal["new", "newer", "the same", "earlier one kept", "changed by hand: kept"]
NBGRADER = "%Y-%m-%d %H:%M:%S.%f UTC"  # nbgrader's timestamp.txt
MOST_COMPARED = 500  # files of a folder that a person may have changed


def digest(one: HandIn) -> str:
    """The same for the same files, whatever the archive around them."""
    lines = (f"{_digest(content(m))} {'/'.join(path)}" for path, m in sorted(one.files.items()))
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def keep(one: HandIn, folder: Path) -> None:
    """All of a hand-in as it came, below a folder of its own."""
    if not folder.exists():
        folders = {path[:depth] for path in one.files for depth in range(1, len(path))}
        _write_whole(
            folder,
            {
                # An archive that broke off in the middle is a file, and a folder.
                Path(*path[:-1], path[-1] + (" (file)" if path in folders else "")): member
                for path, member in one.files.items()
            },
        )


def place(
    one: HandIn, version: Version, entry: Entry, folder: Path, aside: Path, *, force: bool
) -> Outcome:
    """Put a student's last hand-in to be graded, unless a person has changed what lies there.

    Args:
        one: the hand-in.
        version: its entry in the record.
        entry: the student's; what was put there is recorded in it.
        folder: ``submitted/STUDENT/LAB``.
        aside: where what a person changed goes, if ``force`` says to replace it.
        force: replace it.
    """
    files: dict[Path, Member | bytes] = {
        Path(name): member for name, member in chosen(one, folder.name).items()
    }
    if version.time:
        when = datetime.fromisoformat(version.time)
        files[Path(TIMESTAMP)] = (when.strftime(NBGRADER) + "\n").encode()
    wanted = {str(path): _digest(_bytes(data)) for path, data in files.items()}
    there = found(folder)
    if there == wanted:
        entry.placed = wanted
        return "the same"
    if there and there != entry.placed:
        if not force:
            return "changed by hand: kept"
        aside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, aside, symlinks=True, dirs_exist_ok=True)
    _write_whole(folder, files)
    entry.placed = wanted
    return "newer" if there else "new"


def found(folder: Path) -> dict[str, str]:
    """A digest for each file that lies in a folder; None's worth where there is no folder."""
    every: dict[str, str] = {}
    if not folder.is_dir() or folder.is_symlink():
        return {".": "a link"} if os.path.lexists(folder) else every
    for path in sorted(folder.rglob("*"))[:MOST_COMPARED]:
        status = path.lstat()
        name = str(path.relative_to(folder))
        if not name.startswith(".") and not stat.S_ISDIR(status.st_mode):
            plain = stat.S_ISREG(status.st_mode)
            every[name] = _digest(path.read_bytes()) if plain else "no plain file"
    return every


def settle(entry: Entry, one: HandIn, mark: str) -> tuple[Version, bool]:
    """The version that a hand-in is, and whether it is the one that counts: the latest, by its
    time, or by what the archive says of its files; what says nothing is taken for later.
    """
    time, modified = stamp(one.time), stamp(one.modified)
    known = next((version for version in entry.versions if version.digest == mark), None)
    if known is None:
        label = one.time.strftime("%Y-%m-%dT%H%M%SZ") if one.time else "undated"
        known = Version(mark, f"{label}-{mark[:8]}", time, modified, one.claim.text)
        _insert(entry, known)
    elif time and not known.time:
        known.time = time
        entry.versions.remove(known)
        _insert(entry, known)
    return known, known is entry.versions[-1]


def _insert(entry: Entry, version: Version) -> None:
    when = version.time or version.modified
    later = (n for n, v in enumerate(entry.versions) if when and (v.time or v.modified) > when)
    entry.versions.insert(next(later, len(entry.versions)), version)


def set_aside(one: HandIn, mark: str, unmatched: Path) -> str:
    """A hand-in of nobody known, below ``unmatched/LAB``; the folder's name."""
    name = usable(one.claim.text)[:60] or "nameless"
    folder = f"{name}-{mark[:8]}"
    keep(one, unmatched / folder)
    return folder


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _bytes(one: Member | bytes) -> bytes:
    return one if isinstance(one, bytes) else content(one)


def _write_whole(folder: Path, files: Mapping[Path, Member | bytes]) -> None:
    """A folder with just these files: at once, or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft, old = (folder.with_name(f".{folder.name}.{end}") for end in ("part", "old"))
    for left in (draft, old):
        shutil.rmtree(left, ignore_errors=True)
    draft.mkdir()
    for path, data in files.items():
        (draft / path).parent.mkdir(parents=True, exist_ok=True)
        (draft / path).write_bytes(_bytes(data))
    if os.path.lexists(folder):
        os.replace(folder, old)
    os.replace(draft, folder)
    shutil.rmtree(old, ignore_errors=True)
