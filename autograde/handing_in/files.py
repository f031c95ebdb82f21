"""A file or folder of a student's, opened without trusting it.

Nothing is followed, and nothing but a plain file is opened: a name is looked at first, opened
without following a link and without waiting, and looked at again through the descriptor that is
then read. So a file swapped in between is refused too. POSIX only, like the sandbox.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograde.handing_in.normalise.flags import Flag, shown
from autograde.handing_in.normalise.parse import SMALLER

NOTEBOOK = ".ipynb"
ADDED = re.compile(r"(\.ipynb)(\.(txt|json))+$", re.IGNORECASE)  # by browsers and mail programs
CHUNK = 1 << 20  # bytes a read
FOLDER_ONLY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
KINDS = (
    (stat.S_ISREG, "a file"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


class Refused(Exception):
    """Something in a student's folder can't be read; ``flag`` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.flag = Flag(code, "ungradable", "", message)


def kind_of(mode: int) -> str:
    """What lies there, in words."""
    return next((kind for is_kind, kind in KINDS if is_kind(mode)), "something else")


def undisguised(name: str) -> str:
    """A file's name without what a browser put after a notebook's: ``lab.ipynb.txt``."""
    return ADDED.sub(r"\1", name)


def is_notebook(name: str) -> bool:
    """Whether a file is called like one."""
    return undisguised(name).lower().endswith(NOTEBOOK)


def content(folder: int, name: str, limit: int) -> bytes:
    """A plain file's bytes, at most ``limit``.

    Raises:
        Refused: it is no plain file, is empty or too large, or can't be read.
    """
    try:
        _check_file(name, _status(name, folder), limit)  # opening a device can do something
        descriptor = _opened(name, FILE_ONLY, folder)
    except FileNotFoundError:
        raise Refused("unreadable-file", f"{shown(name)}: vanished. Grade again.") from None
    try:
        _check_file(name, os.fstat(descriptor), limit)
        data = _read(descriptor, name, limit)
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise _too_large(name, "more than", limit)
    return data


@contextmanager
def opened_folder(path: Path, parent: int | None) -> Iterator[int]:
    """A descriptor of a folder; a link to one is refused."""
    status = _status(path, parent)
    if not stat.S_ISDIR(status.st_mode):
        raise _wrong_kind(path.name, status, "a folder")
    descriptor = _opened(path, FOLDER_ONLY, parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def is_there(name: str, folder: int) -> bool:
    """Whether a folder has anything of this name."""
    try:
        _status(name, folder)
    except FileNotFoundError:
        return False
    return True


def _read(descriptor: int, name: str, limit: int) -> bytes:
    """To the end, or one byte past the limit: the file may grow meanwhile."""
    parts, left = [], limit + 1
    try:
        while left and (part := os.read(descriptor, min(left, CHUNK))):
            parts.append(part)
            left -= len(part)
    except OSError as error:
        raise _unreadable(name, error) from None
    return b"".join(parts)


def _check_file(name: str, status: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _wrong_kind(name, status)
    if status.st_size == 0:
        raise Refused("empty-file", f"{shown(name)}: the file is empty. Ask for it again.")
    if status.st_size > limit:
        raise _too_large(name, f"{status.st_size:,} bytes,", limit)


def _status(path: Path | str, parent: int | None) -> os.stat_result:
    try:
        return os.stat(path, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(Path(path).name, error) from None


def _opened(path: Path | str, flags: int, parent: int | None) -> int:
    try:
        return os.open(path, flags, dir_fd=parent)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(Path(path).name, error) from None


def _wrong_kind(name: str, status: os.stat_result, expected: str = "a file") -> Refused:
    found = kind_of(status.st_mode)
    code = "symlink-refused" if stat.S_ISLNK(status.st_mode) else "wrong-kind"
    return Refused(
        code, f"{shown(name)}: expected {expected}, found {found}; it was not opened. Replace it."
    )


def _too_large(name: str, size: str, limit: int) -> Refused:
    advice = "Ask for a smaller one."
    if is_notebook(name):
        advice = SMALLER
    return Refused(
        "too-large",
        f"{shown(name)}: {size} at most {limit:,} are read. {advice}",
    )


def _unreadable(name: str, error: OSError) -> Refused:
    why = error.strerror or type(error).__name__
    return Refused(
        "unreadable-file", f"{shown(name)}: can't be read ({why}). Mend that and grade again."
    )
