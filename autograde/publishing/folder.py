"""A folder that was published before: what is written, updated, removed, and what is left alone.

``.published.json`` in it has a digest of each file as publishing wrote it. A file that still has
it is ours, to be updated or removed. Any other was changed or added by somebody, and stays: what
would have been written in its place lies beside it, as ``NAME.new.ipynb``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from autograde.errors import DesignedError
from autograde.publishing.contents import Publication, place

MANIFEST = ".published.json"
PASSED_OVER = (".git", ".venv", "__pycache__", ".ipynb_checkpoints")
TEXTS = ("repository", "branch", "profile", "language")
Fate = Literal["written", "updated", "removed", "kept", "beside", "replaced"]


class FolderError(DesignedError):
    """Nothing can be published to this folder; the message says why, and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What an earlier publishing left."""

    labs: tuple[str, ...] = ()
    repository: str = ""
    branch: str = ""
    profile: str = ""
    language: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> Manifest:
        """Read it; empty where nothing was published.

        Raises:
            FolderError: it is damaged.
        """
        path = folder / MANIFEST
        if not path.is_file():
            return cls()
        try:
            stored = json.loads(path.read_text("utf-8"))
            files = {str(name): str(digest) for name, digest in stored["files"].items()}
            for name in files:
                place(name)
            texts = {key: str(stored[key]) for key in TEXTS}
            return cls(tuple(map(str, stored["labs"])), files=files, **texts)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FolderError(
                f"{path} is damaged ({type(error).__name__}: {error}). Delete it and publish "
                "again: then every file that differs is kept, and its new version lies beside it."
            ) from None


@dataclass(frozen=True)
class Change:
    """What happens to one file."""

    path: str
    fate: Fate
    data: bytes | None = None
    beside: str = ""
    """The path of the new version, where the file itself is kept."""


def plan(folder: Path, new: Publication, *, overwrite: bool = False) -> list[Change]:
    """What publishing will do to the folder; nothing is touched.

    Args:
        folder: an earlier publication, something else, or nothing yet.
        new: what students get now.
        overwrite: put ours in the place of what somebody changed.

    Raises:
        FolderError: the manifest is damaged, or a file of ours would go through a link.
    """
    before = Manifest.of(folder).files
    found = [
        one
        for path, data in new.files.items()
        for one in _put(folder, before, path, data, overwrite)
    ]
    coming = {*new.files, *(one.beside for one in found)}
    found += [one for path in before if path not in coming for one in _drop(folder, before, path)]
    return found


def apply(folder: Path, new: Publication, changes: list[Change]) -> None:
    """Do it, and write the manifest."""
    files = {path: digest(data) for path, data in new.files.items()}
    for change in changes:
        target = folder / place(change.beside or change.path)
        if change.fate == "removed":
            target.unlink()
            _prune(target.parent, folder)
        elif change.data is not None:
            _write(target, change.data)
        if change.beside:
            files[change.beside] = digest(new.files[change.path])
    address = new.address
    manifest: dict[str, Any] = {
        "version": new.version,
        "labs": list(new.labs),
        "repository": address.repository if address else "",
        "branch": address.branch if address else "",
        "profile": new.profile,
        "language": new.language,
        "files": dict(sorted(files.items())),
    }
    _write(folder / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())


def everything(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All files in a folder by path, but not what git, Python and Jupyter keep in it."""
    for home, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in PASSED_OVER)
        for name in sorted(names):
            path = Path(home, name)
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path.read_bytes()


def digest(data: bytes) -> str:
    """What tells one content from another."""
    return hashlib.sha256(data).hexdigest()


def _put(
    folder: Path, before: Mapping[str, str], path: str, data: bytes, overwrite: bool
) -> Iterator[Change]:
    there = _read(folder, path)
    if there == data:
        return
    base = before.get(path)
    if there is None:
        yield Change(path, "written", data)
    elif digest(there) == base:
        yield Change(path, "updated", data)
    elif overwrite:
        yield Change(path, "replaced", data)
    elif base == digest(data):  # changed here alone; what was offered before stays
        beside = _beside(path)
        offered = _read(folder, beside) == data
        yield Change(path, "kept", beside=beside if offered and beside in before else "")
    else:
        beside = _free(folder, before, path)
        yield Change(path, "beside", data, beside)


def _drop(folder: Path, before: Mapping[str, str], path: str) -> Iterator[Change]:
    there = _read(folder, path)
    if there is not None:
        yield Change(path, "removed" if digest(there) == before[path] else "kept")


def _beside(path: str, number: int = 0) -> str:
    """``lab.new.ipynb``, ``lab.new2.ipynb``; ``.gitignore.new``."""
    name = PurePosixPath(path)
    word = f".new{number or ''}"
    return str(name.with_name(f"{name.stem}{word}{name.suffix}"))


def _free(folder: Path, before: Mapping[str, str], path: str) -> str:
    """A name beside that is not taken, or is an offer of ours that nobody touched."""
    for number in (0, *range(2, 100)):
        beside = _beside(path, number)
        there = _read(folder, beside)
        if there is None or digest(there) == before.get(beside):
            return beside
    raise FolderError(f"{folder / path}: a hundred new versions lie beside it. Delete some.")


def _read(folder: Path, path: str) -> bytes | None:
    target = folder / place(path)
    for one in (target, *target.parents):
        if one == folder:
            break
        if one.is_symlink():
            raise FolderError(f"{one} is a link: publishing writes through none. Remove it.")
    if target.is_dir() or any(one.is_file() for one in target.parents if one != folder):
        raise FolderError(f"{target}: a folder and a file are in each other's place. Move it away.")
    return target.read_bytes() if target.is_file() else None


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(data)
    draft.replace(path)


def _prune(folder: Path, top: Path) -> None:
    """Remove folders that became empty."""
    while folder != top and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
