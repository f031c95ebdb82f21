"""How much is taken of one archive, whatever it says of itself."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass

from autograde.handing_in.collecting.bounds import Bounds, is_junk
from autograde.handing_in.files import NOTEBOOK

WORDS = frozenset(
    (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME,
     tarfile.GNUTYPE_LONGLINK)
)  # fmt: skip
LONGEST_WORDS = 100_000  # bytes


class Modest(tarfile.TarInfo):
    """A tar's member; its long name and other words about it, read whole, have a bound."""

    def _proc_member(self, file: tarfile.TarFile) -> tarfile.TarInfo:
        # No public way leads to where these are read.
        if self.type in WORDS and self.size > LONGEST_WORDS:
            raise tarfile.ReadError(f"a header of {self.size:,} bytes")
        return super()._proc_member(file)  # type: ignore[misc]


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
        if name.lower().endswith(NOTEBOOK):
            self.notebooks -= 1
            left = self.notebooks
        else:
            self.others -= 1
            left = self.others
        self.left_out += left < 0
        return left >= 0
