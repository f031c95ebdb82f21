"""Open what was handed out: folders, zip and tar archives, and archives in them. None is trusted.

Files come to lie in a folder of ours under names of ours; what a member is called is only told. A
member that can't be taken is named, and the rest is taken.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

from autograde.handing_in.collecting.bounds import (
    NOT_TAKEN,
    Bounds,
    Member,
    Trouble,
    Unfit,
    is_junk,
    kind_of,
    parts,
)
from autograde.handing_in.collecting.reading import opened
from autograde.handing_in.collecting.room import Modest, Room, Shares
from autograde.handing_in.files import is_notebook

CHUNK = 1 << 20
ENCRYPTED = 1  # a zip member's flag
IN_UTF8 = 0x800
CENTRAL = b"PK\x01\x02"  # stands before each member in a zip's table of contents
READ_WHOLE = 200_000_000
OURS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.EFBIG)
PACKED: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
FOREIGN = {b"Rar!\x1a\x07": "RAR", b"7z\xbc\xaf\x27\x1c": "7z"}
SUFFIXES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".txz", ".rar", ".7z")
BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError,
    NotImplementedError, ValueError, RuntimeError, OverflowError, MemoryError,
)  # fmt: skip


def _raise_ours(error: Exception) -> None:
    """This machine's trouble is not the archive's."""
    if isinstance(error, OSError) and error.errno in OURS:
        raise error


def is_archive(name: str) -> bool:
    """Whether a file is called like one."""
    return name.lower().endswith(SUFFIXES)


@dataclass
class Opened:
    """All that was found in the sources, and what was not taken.

    Attributes:
        spool: a folder of ours, empty at first.
        members: by source.
        troubles: what was not taken, or under another name.
        junk: how many files of systems and editors were passed over.
        leave: what stays unread in a folder, by path: of a source that is still being filled.
    """

    spool: Path
    bounds: Bounds = field(default_factory=Bounds)
    members: dict[Path, list[Member]] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    junk: int = 0
    leave: Set[tuple[str, ...]] = frozenset()
    _seen: int = 0
    _bytes: int = 0
    _shares: Shares = field(init=False)
    _noted: set[str] = field(default_factory=set)  # who has a note beyond the bound
    _source: Path = Path()
    _taken: set[str] = field(default_factory=set)
    _alike: dict[str, int] = field(default_factory=dict)  # how many files had this name

    def take(self, source: Path) -> None:
        """Take in a folder, an archive or a single file that a person has named."""
        self._source = source
        self.members.setdefault(source, [])
        self._taken, self._alike, self._shares = set(), {}, Shares(self.bounds)
        if source.is_dir():
            self._folder(source, ())
        elif is_archive(source.name):
            self._archive(source, (), 0)
        else:
            self._add(Member((source.name,), source, source.stat().st_mtime))

    def _trouble(self, path: tuple[str, ...] | str, why: str) -> None:
        text = path if isinstance(path, str) else "/".join(path)
        self.troubles.append(Trouble(text or self._source.name, why))

    def _add(self, member: Member) -> None:
        """A file under a name that no other has, also where case does not count."""
        path, first = member.path, _key(member.path)
        while (key := _key(path)) in self._taken:
            number = self._alike[first] = self._alike.get(first, 1) + 1
            stem, dot, kind = member.path[-1].rpartition(".")
            end = f"{stem} ({number}){dot}{kind}" if stem else f"{kind}-{number}"
            path = (*member.path[:-1], end)
        if path != member.path:
            self._trouble(
                member.path, f"two files have this name; both are kept, one as {path[-1]}."
            )
        self._taken.add(key)
        self.members[self._source].append(Member(path, member.place, member.modified))

    def _folder(self, folder: Path, below: tuple[str, ...]) -> None:
        if len(below) > self.bounds.folders:
            raise Unfit(f"folders in {self.bounds.folders} folders. It was not opened.")
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        found = [entry for entry in found if (*below, entry.name) not in self.leave]
        if not below:
            self._shares.look(f"{entry.name}{'/' * entry.is_dir()}" for entry in found)
        for entry in found:
            path = (*below, entry.name)
            if is_junk(path):
                self.junk += 1
            elif entry.is_symlink():
                self._trouble(path, "it is a symbolic link. It was not followed.")
            elif entry.is_dir():
                self._guarded(path, partial(self._folder, Path(entry.path), path))
            elif not entry.is_file():
                self._trouble(path, "it is no plain file. It was not opened.")
            else:
                self._guarded(path, partial(self._of_folder, entry, path))

    def _of_folder(self, entry: os.DirEntry[str], path: tuple[str, ...]) -> None:
        status = entry.stat(follow_symlinks=False)
        self._count(status.st_size, path)
        parts("/".join(path), self.bounds)
        self._take_file(path, Path(entry.path), status.st_mtime, 0)

    def _take_file(
        self, path: tuple[str, ...], place: Path, modified: float | None, depth: int
    ) -> None:
        if not (is_archive(path[-1]) and self._archive(place, path, depth + 1)):
            self._add(Member(path, place, modified))

    def _guarded(self, path: tuple[str, ...] | str, work: Callable[[], None]) -> None:
        try:
            work()
        except Unfit as error:
            self._refuse(path, str(error))
        except BROKEN as error:
            _raise_ours(error)
            self._refuse(path, f"it can't be read ({type(error).__name__}). Ask for it again.")

    def _refuse(self, path: tuple[str, ...] | str, why: str) -> None:
        """Name it; where it may be someone's work, a note takes its place, so that nobody seems to
        have handed in nothing.
        """
        self._trouble(path, why)
        try:
            there = parts(path if isinstance(path, str) else "/".join(path), self.bounds)
        except Unfit:
            return
        is_work = is_notebook(there[-1]) or is_archive(there[-1])
        within = self._seen < self.bounds.members and self._shares.has_room(there)
        if is_work and (within or there[0] not in self._noted):
            self._noted.update(() if within else there[:1])
            note = self.spool / f"note-{os.urandom(8).hex()}"
            note.write_text(f"{there[-1]}: {why}\n", encoding="utf-8")
            self._add(Member((*there[:-1], there[-1] + NOT_TAKEN), note))

    def _count(self, size: int, path: tuple[str, ...]) -> None:
        """Count a file in, before it is taken.

        Raises:
            Unfit: it, or what was taken before it, is too much for one student or for all.
        """
        bounds = self.bounds
        if size < 0:
            raise Unfit("it says that it is smaller than nothing. Ask for it again.")
        self._shares.add_file(path)
        if self._seen >= bounds.members:
            raise Unfit(f"more than {bounds.members:,} files; this one was left out.")
        self._seen += 1
        if size > self.bounds.file_bytes:
            raise Unfit(
                f"{size:,} bytes, at most {self.bounds.file_bytes:,} are taken. Ask for it again "
                "without outputs, data or an environment in it."
            )
        self._shares.add_bytes(path, size)
        if self._bytes + size > bounds.total_bytes:
            raise Unfit(f"all files together exceed {bounds.total_bytes:,} bytes: left out.")
        self._bytes += size

    def _archive(self, file: Path, path: tuple[str, ...], depth: int) -> bool:
        """Whether an archive could be opened; if not, it was said why."""
        if depth > self.bounds.depth:
            self._trouble(path, "an archive in an archive in an archive. It was not opened.")
            return False
        try:
            with opened(file) as stream:
                head = stream.read(8)
                for mark, name in FOREIGN.items():
                    if head.startswith(mark):
                        self._trouble(
                            path,
                            f"a {name} archive, which is not opened here. Ask for the .ipynb file "
                            "or a zip with it, or unpack it yourself and collect the folder.",
                        )
                        return False
                if zipfile.is_zipfile(stream):
                    self._zip(stream, path, depth)
                else:
                    self._packed_tar(stream, head, path, depth)
        except Unfit as error:
            self._trouble(path, str(error))
            return False
        except BROKEN as error:
            _raise_ours(error)
            why = f"it is no archive that can be read ({type(error).__name__}). Ask for it again."
            self._trouble(path, why)
            return False
        return True

    def _zip(self, file: IO[bytes], below: tuple[str, ...], depth: int) -> None:
        if os.fstat(file.fileno()).st_size <= READ_WHOLE:  # opening it makes an object of each
            file.seek(0)
            self._check_flood(file.read().count(CENTRAL))
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            self._check_flood(len(infos))
            if not below:
                self._shares.look(zip_name(info) for info in infos)
            room = Room.of(below, self.bounds)
            for info in infos:
                name = zip_name(info)
                if info.is_dir() or room.has(name):
                    name = "/".join((*below, name))
                    self._guarded(name, partial(self._of_zip, archive, info, below, depth))
        self._crowded(below, room)

    def _of_zip(
        self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, below: tuple[str, ...], depth: int
    ) -> None:
        if info.orig_filename != info.filename and "\0" in info.orig_filename:
            raise Unfit("its name has control characters or is no text. It was not opened.")
        path = (*below, *parts(zip_name(info), self.bounds))
        if is_junk(path):
            self.junk += not info.is_dir()
            return
        kind = kind_of(info.external_attr >> 16)
        if info.is_dir() or kind == "something else":
            return
        if kind:
            raise Unfit(f"it is {kind}. It was not taken.")
        if info.flag_bits & ENCRYPTED:
            raise Unfit("it has a password. Ask for it without one.")
        self._check_ratio(info)
        self._count(info.file_size, path)
        with archive.open(info) as stream:
            place = self._spooled(stream, info.file_size)
        self._take_file(path, place, zip_time(info), depth)

    def _check_ratio(self, info: zipfile.ZipInfo) -> None:
        if info.file_size > self.bounds.free and info.file_size > self.bounds.ratio * max(
            info.compress_size, 1
        ):
            raise Unfit(
                f"it would unpack from {info.compress_size:,} to {info.file_size:,} bytes, which "
                "no honest file does. It was not unpacked."
            )

    def _check_flood(self, found: int) -> None:
        if found > self.bounds.members:
            raise Unfit(f"it has {found:,} files, at most {self.bounds.members:,} are looked at.")

    def _tar(self, file: IO[bytes], below: tuple[str, ...], depth: int) -> None:
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:", tarinfo=Modest) as archive:
            room, number = Room.of(below, self.bounds), 0
            while (info := archive.next()) is not None:
                vars(archive)[
                    "members"
                ] = []  # each with the words about it: nobody needs those before
                self._check_flood(number := number + 1)
                if info.isdir() or room.has(info.name):
                    name = "/".join((*below, info.name))
                    self._guarded(name, partial(self._of_tar, archive, info, below, depth))
        self._crowded(below, room)

    def _crowded(self, below: tuple[str, ...], room: Room) -> None:
        """Tell once, and with a number, that an archive holds more than anybody hands in."""
        if room.left_out:
            most = self.bounds.inner
            told = f"{room.left_out:,} of its files were left out: at most {most:,} are taken."
            self._trouble(below, told)

    def _of_tar(
        self, archive: tarfile.TarFile, info: tarfile.TarInfo, below: tuple[str, ...], depth: int
    ) -> None:
        path = (*below, *parts(info.name, self.bounds))
        if is_junk(path):
            self.junk += info.isreg()
            return
        if info.isdir():
            return
        if not info.isreg() or info.issparse():
            kind = "a link" if info.issym() or info.islnk() else "no plain file"
            raise Unfit(f"it is {kind}. It was not taken.")
        self._count(info.size, path)
        stream = archive.extractfile(info)
        if stream is not None:
            self._take_file(path, self._spooled(stream, info.size), float(info.mtime), depth)

    def _packed_tar(self, file: IO[bytes], head: bytes, below: tuple[str, ...], depth: int) -> None:
        """A tar archive, without its compression while it is read: never more of it than is allowed
        in all, or than an honest file of its size holds.
        """
        opener = next((one for mark, one in PACKED.items() if head.startswith(mark)), None)
        if opener is None:
            self._tar(file, below, depth)
            return
        honest = max(self.bounds.free, self.bounds.ratio * os.fstat(file.fileno()).st_size)
        file.seek(0)
        with opener(file) as stream:
            place = self._spooled(stream, min(honest, self.bounds.total_bytes - self._bytes))
        try:
            with place.open("rb") as plain:
                self._tar(plain, below, depth)
        finally:
            place.unlink()

    def _spooled(self, stream: IO[bytes], limit: int) -> Path:
        """A copy of ours; a member that is larger than it says is refused."""
        place = self.spool / f"{len(list(self.members)):03}-{self._seen:06}-{os.urandom(4).hex()}"
        left = limit + 1
        with place.open("xb") as file:
            while left > 0 and (chunk := stream.read(min(CHUNK, left))):
                file.write(chunk)
                left -= len(chunk)
        if left <= 0:
            place.unlink()
            raise Unfit("it is larger than it says. It was not taken.")
        return place


def _key(path: tuple[str, ...]) -> str:
    """The same for names that some systems take for one."""
    return unicodedata.normalize("NFC", "/".join(path)).casefold()


def zip_name(info: zipfile.ZipInfo) -> str:
    """A member's name; many programs write UTF-8 without saying so."""
    if info.flag_bits & IN_UTF8 or info.filename.isascii():
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def zip_time(info: zipfile.ZipInfo) -> float | None:
    """When a member was changed, as the archive says; it knows no time zone, so UTC is taken."""
    try:
        return datetime(*info.date_time, tzinfo=UTC).timestamp()
    except ValueError:
        return None
