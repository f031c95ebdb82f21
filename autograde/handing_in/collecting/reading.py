"""Read a file where others may write."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

from autograde.handing_in.collecting.bounds import Member


def content(member: Member) -> bytes:
    """A file's bytes.

    Raises:
        OSError: it can't be read.
    """
    with opened(member.place) as file:
        return file.read()


def opened(place: Path) -> IO[bytes]:
    """A file for reading. Whoever fills the folder may change it meanwhile: a link that has come
    into its place, or into that of a folder above it, is not followed, and a pipe not waited for.

    Raises:
        OSError: it can't be read, or is no plain file.
    """
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode) or not _lies_at(descriptor, place):
        file.close()
        raise OSError("no plain file")
    return file


def _lies_at(descriptor: int, place: Path) -> bool:
    """Whether an open file is the one at this place, where the system tells: sources and spools
    are named without links.
    """
    try:
        there = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return True
    return str(place) in (there, there.removesuffix(" (deleted)"))
