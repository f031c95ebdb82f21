"""How much is taken of one archive, whatever it says of itself."""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any

from autograde.handing_in.collecting.bounds import Bounds, Unfit, is_junk
from autograde.handing_in.files import is_notebook
from autograde.handing_in.normalise.flags import shown

WORDS = frozenset(
    (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME,
     tarfile.GNUTYPE_LONGLINK)
)  # fmt: skip
LONGEST_WORDS = 20_000  # bytes; of those about all members, together
LONGEST_MAP = (
    100  # blocks that say where a file has holes; each is read before the file is looked at
)
FURTHER = 504  # the byte of such a block that says whether one more follows


class Modest(tarfile.TarInfo):
    """A tar's member; its long name and other words about it, read whole, have a bound. So has the
    map of a file with holes, which is refused anyway.
    """

    def _proc_member(self, file: tarfile.TarFile) -> tarfile.TarInfo:
        # No public way leads to where these are read.
        size = self.size if self.type in WORDS else 0
        if self.type == tarfile.XGLTYPE:  # every member that follows has a copy
            size = file.words = getattr(file, "words", 0) + size  # type: ignore[attr-defined]
        if not 0 <= size <= LONGEST_WORDS:
            raise tarfile.ReadError(f"headers of {size:,} bytes")
        return super()._proc_member(file)  # type: ignore[misc]

    def _proc_sparse(self, file: Any) -> tarfile.TarInfo:
        stream: IO[bytes] = file.fileobj
        begin, blocks, further = stream.tell(), 0, self._sparse_structs[1]  # type: ignore[attr-defined]
        while further:
            block = stream.read(tarfile.BLOCKSIZE)
            further, blocks = any(block[FURTHER : FURTHER + 1]), blocks + 1
            if blocks > LONGEST_MAP:
                raise tarfile.ReadError("a map without end")
        stream.seek(begin)
        return super()._proc_sparse(file)  # type: ignore[misc]

    def _proc_gnusparse_10(self, member: Any, *_: object) -> None:
        member.sparse = []  # it has holes; where, nobody asks


class Shares:
    """What was taken of each student: of what stands at the top, or below the one folder there."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds, self._above = bounds, 0
        self._files, self._bytes = Counter[str](), Counter[str]()

    def look(self, names: Iterable[str]) -> None:
        """See whether everything lies in one folder; names of folders end with a slash."""
        paths = [name.split("/") for name in names]
        tops = {one[0] if one[1:] else "" for one in paths if not is_junk(tuple(one))}
        self._above = int(len(tops) == 1 and "" not in tops)

    def has_room(self, path: tuple[str, ...]) -> bool:
        """Whether one file more would be counted."""
        return self._files[self._whose(path)] < self._bounds.share_files

    def add_file(self, path: tuple[str, ...]) -> None:
        """Count a file.

        Raises:
            Unfit: there are too many of this student's.
        """
        if not self.has_room(path):
            who = shown(self._whose(path))
            raise Unfit(f"more than {self._bounds.share_files:,} files of {who}: left out.")
        self._files[self._whose(path)] += 1

    def add_bytes(self, path: tuple[str, ...], size: int) -> None:
        """Count bytes.

        Raises:
            Unfit: there are too many of this student's.
        """
        who, most = self._whose(path), self._bounds.share_bytes
        if self._bytes[who] + size > most:
            raise Unfit(f"all files of {shown(who)} exceed {most:,} bytes: left out.")
        self._bytes[who] += size

    def _whose(self, path: tuple[str, ...]) -> str:
        return path[min(self._above, len(path) - 1)]


@dataclass
class Room:
    """How much more is taken of one archive. Notebooks have room of their own: nothing that lies
    beside them takes it.
    """

    notebooks: int
    others: int
    left_out: int = 0

    @classmethod
    def of(cls, below: tuple[str, ...], bounds: Bounds) -> Room:
        """For an archive; one in another, or in a folder, is a student's, and has less."""
        most = bounds.inner if below else bounds.members
        return cls(most, most)

    def has(self, name: str) -> bool:
        """Whether there is room for a file, which then takes it."""
        if is_junk(tuple(name.split("/"))):
            return True  # it is passed over, and counted, elsewhere
        if is_notebook(name):
            self.notebooks -= 1
            left = self.notebooks
        else:
            self.others -= 1
            left = self.others
        self.left_out += left < 0
        return left >= 0
