"""What an archive may hold at most, and what in it is nobody's work."""

from __future__ import annotations

import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from autograde.handing_in.normalise.flags import shown

JUNK = frozenset(
    (".git", ".github", ".idea", ".ipynb_checkpoints", ".venv", ".vscode", "__MACOSX",
     "__pycache__", "node_modules", "venv", ".DS_Store", "Thumbs.db", "desktop.ini")
)  # fmt: skip
NOT_TAKEN = ".not-taken.txt"  # after the name of work that was refused: who it is from is told
LONGEST = 100  # characters of a name that is kept as it is
KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


@dataclass(frozen=True)
class Bounds:
    """What a class's archive never exceeds."""

    file_bytes: int = 50_000_000
    total_bytes: int = 4_000_000_000
    members: int = 100_000
    ratio: int = 100  # of a file over ``free`` bytes; deflate reaches 1,000 on nothing but zeros
    free: int = 25_000_000
    depth: int = 2  # archives in archives
    inner: int = 3_000  # notebooks, and other files, of an archive in an archive or folder
    path: int = 1_000  # characters
    folders: int = 40  # in folders
    share: int = 4  # whoever is one of a class has at most this part of all

    @property
    def share_files(self) -> int:
        """Files of one student, or of one archive in a folder."""
        return self.members // self.share

    @property
    def share_bytes(self) -> int:
        """Bytes of one student, or of one archive in a folder."""
        return self.total_bytes // self.share


@dataclass(frozen=True)
class Member:
    """A file in an archive or folder: its path in there, and where its bytes lie now."""

    path: tuple[str, ...]
    place: Path
    modified: float | None = None  # seconds; what the archive says


@dataclass(frozen=True)
class Trouble:
    """Something that was not taken, or not as it was; in words."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{shown(self.where)}: {self.why}"


class Unfit(Exception):
    """A member can't be taken; the message says why."""


def parts(name: str, bounds: Bounds) -> tuple[str, ...]:
    """A member's path, if it is one that stays where it is put.

    Raises:
        Unfit: it does not, or can't be a name.
    """
    if len(name) > bounds.path:
        raise Unfit(f"its name has {len(name):,} characters; at most {bounds.path:,} are taken.")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        raise Unfit("its name has control characters or is no text. It was not opened.")
    path = visible(name).replace("\\", "/")
    if path.startswith("/") or path[1:2] == ":":
        raise Unfit("its name is an absolute path. It was not opened.")
    found = tuple(part for part in path.split("/") if part not in ("", "."))
    if ".." in found:
        raise Unfit("its name leads out of the archive. It was not opened.")
    if not found:
        raise Unfit("it has no name.")
    return tuple(short(part) for part in found)


def visible(name: str) -> str:
    """A name without marks of direction and width, and with plain spaces: people's names have such,
    and tricks with names do.
    """
    kinds = ((c, unicodedata.category(c)) for c in name)
    return "".join(" " if kind == "Zs" else c for c, kind in kinds if kind != "Cf")


def short(part: str) -> str:
    """A name that a file system takes; the end, which tells the kind, is kept."""
    if len(part) <= LONGEST and len(part.encode()) <= 2 * LONGEST:
        return part
    stem, dot, kind = part.rpartition(".")
    tail = dot + kind if len(kind) <= 12 else ""
    stem = (stem if tail else part)[: LONGEST - len(tail)]
    while len(stem.encode()) + len(tail.encode()) > 2 * LONGEST:
        stem = stem[:-1]
    return stem + tail


def is_junk(path: tuple[str, ...]) -> bool:
    """Whether no person made it: of a system, an editor, or a version control's."""
    return any(part in JUNK or part.startswith("._") for part in path)


def kind_of(mode: int) -> str:
    """What an archive says a member is; empty for a plain file."""
    form = stat.S_IFMT(mode)
    return "" if form in (0, stat.S_IFREG) else KINDS.get(form, "something else")
