"""Take in a class's files from nbgrader's layout, ``STUDENT/LAB/LAB.ipynb``, without trusting them.

Nothing is followed, and nothing but a plain file is opened: a name is looked at first, opened
without following a link and without waiting, and looked at again through the descriptor that is
then read. So a file swapped in between is refused too. Nothing in the folder is changed. POSIX
only, like the sandbox.

Every folder that could be a student's gives a :class:`Submission`, also where nothing was handed
in or nothing could be read: no one is lost.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePath
from types import MappingProxyType

from autograde.normalise import Flag, Limits
from autograde.normalise.flags import listed, shown

NOTEBOOK = ".ipynb"
TIMESTAMP = "timestamp.txt"  # nbgrader's own
CHUNK = 1 << 20  # bytes a read
MOST_NAMES = 1_000  # of one student's folder; what lies beyond is not looked at
LONGEST_STUDENT = 100  # characters
GLOB_MARKS = frozenset("*?[]")  # nbgrader takes a student's name for a pattern
FOLDER_ONLY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
NO_FILES: Mapping[str, str] = MappingProxyType({})
KINDS = (
    (stat.S_ISREG, "a file"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


@dataclass(frozen=True)
class Submission:
    """What lies in a student's folder for one lab.

    Attributes:
        student: the folder's name, as it is on disk; show :attr:`label` instead.
        path: the notebook, or what stands in its place; None if nothing was handed in.
        data: the notebook's bytes; None if there are none, or a flag says why they were not read.
        flags: what a person may want to know.
        extra_files: small plain files handed in beside the notebook, by name.
        left_out: why a file that checks read was not taken, by name.
    """

    student: str
    path: Path | None = None
    data: bytes | None = None
    flags: tuple[Flag, ...] = ()
    extra_files: Mapping[str, bytes] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The student's name with control and direction marks escaped."""
        return shown(self.student)

    @property
    def handed_in(self) -> bool:
        """Whether there is anything to look at."""
        return self.path is not None


class Refused(Exception):
    """Something in a student's folder can't be read; ``flag`` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.flag = Flag(code, "ungradable", "", message)


def collect(
    root: Path,
    lab: str,
    *,
    limits: Limits | None = None,
    expected: Mapping[str, str] = NO_FILES,
) -> Iterator[Submission]:
    """Submissions of one lab, by student, each read when it is asked for.

    Args:
        root: the folder of the students' folders.
        lab: the lab's name, such as ``lab01_activations``.
        limits: ``max_bytes`` of a notebook, and how many further files are read.
        expected: further files that checks read, each with such a check; they are read first, and
            told of by name where they are not as they should be.

    Raises:
        NotADirectoryError: ``root`` is no folder.
        ValueError: ``lab`` is not a plain name.
    """
    if not lab or "/" in lab or "\0" in lab or lab.startswith("."):
        raise ValueError(f"{lab!r} is no name of a lab; expected one such as lab01_activations.")
    if not root.is_dir():
        raise NotADirectoryError(
            f"no submissions folder {root}: expected STUDENT/{lab}/{lab}{NOTEBOOK} in it."
        )
    return _collected(root, lab, limits or Limits(), expected)


def students(root: Path) -> list[str]:
    """Names of the folders that could be students', in order."""
    with os.scandir(root) as entries:
        return sorted(entry.name for entry in entries if _is_student(entry))


def strays(root: Path) -> tuple[Flag, ...]:
    """What lies among the students' folders and is not taken: perhaps someone's work."""
    with os.scandir(root) as entries:
        found = sorted((e.name, _is_folder(e)) for e in entries if e.name[0] != ".")
    files = [name for name, folder in found if not folder]
    unusable = [name for name, folder in found if folder and not _is_usable(name)]
    return (*_stray_files(files), *_unusable(unusable))


def _stray_files(names: list[str]) -> Iterator[Flag]:
    if names:
        message = (
            f"{len(names)} entries beside the students' folders are no folders: {listed(names)}. "
            "If one is a submission, put it into STUDENT/LAB/."
        )
        yield Flag("stray-file", "attention", "", message)


def _unusable(names: list[str]) -> Iterator[Flag]:
    if names:
        message = (
            f"{len(names)} folders were not graded, because nbgrader can't keep a student of such "
            f"a name (control characters, any of *?[], or not UTF-8): {listed(names)}. Rename "
            "them and grade again."
        )
        yield Flag("unusable-student-name", "attention", "", message)


def _collected(
    root: Path, lab: str, limits: Limits, expected: Mapping[str, str]
) -> Iterator[Submission]:
    for student in students(root):
        submission = _taken(root, student, lab, limits, expected)
        yield replace(submission, flags=(*_odd_name(student), *submission.flags))


def _is_student(entry: os.DirEntry[str]) -> bool:
    return entry.name[0] != "." and _is_folder(entry) and _is_usable(entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) or entry.is_symlink()


def _is_usable(name: str) -> bool:
    """Whether nbgrader can keep a student of this name: it reads names as patterns, and text."""
    unfit = GLOB_MARKS & set(name) or any(unicodedata.category(c) in ("Cc", "Cs") for c in name)
    return not unfit


def _odd_name(student: str) -> Iterator[Flag]:
    odd = not student.isprintable() or student != student.strip()
    if odd or len(student) > LONGEST_STUDENT:
        yield Flag(
            "odd-student-name",
            "attention",
            "",
            f"The student's folder has an unusual name ({shown(student)}, {len(student)} "
            "characters). Graded under this name; rename it if other tools stumble over it.",
        )


def _taken(
    root: Path, student: str, lab: str, limits: Limits, expected: Mapping[str, str]
) -> Submission:
    path = root / student / lab
    try:
        with _folder(root / student, None) as home, _folder(Path(lab), home) as folder:
            return _from_folder(student, path, folder, limits, expected)
    except FileNotFoundError:
        return Submission(student, flags=(_not_handed_in(root, student, lab),))
    except Refused as refusal:
        return Submission(student, path, flags=(refusal.flag,))


def _not_handed_in(root: Path, student: str, lab: str) -> Flag:
    if os.path.lexists(root / student / f"{lab}{NOTEBOOK}"):
        message = (
            f"Not handed in: {lab}{NOTEBOOK} lies directly in the student's folder. "
            f"Move it into {shown(student)}/{lab}/ to grade it."
        )
        return Flag("not-handed-in", "attention", "", message)
    message = f"Not handed in: there is no folder {shown(student)}/{lab}."
    return Flag("not-handed-in", "info", "", message)


def _from_folder(
    student: str, path: Path, folder: int, limits: Limits, expected: Mapping[str, str]
) -> Submission:
    wanted = path.name + NOTEBOOK
    flags: tuple[Flag, ...] = ()
    try:
        names = _names(folder, wanted, expected)
        if not names:
            flag = Flag("not-handed-in", "info", "", f"Not handed in: {path.name} is empty.")
            return Submission(student, flags=(flag,))
        chosen, flags = _chosen(names, wanted)
        path = path / chosen
        data = _content(folder, chosen, limits.max_bytes)
    except Refused as refusal:
        return Submission(student, path, flags=(*flags, refusal.flag))
    beside = Beside(folder, [name for name in names if not _is_notebook(name)], limits)
    beside.take_expected(expected)
    beside.take_others()
    found = (*flags, *beside.flags)
    return Submission(student, path, data, found, beside.files, beside.left_out)


def _names(folder: int, wanted: str, expected: Iterable[str] = ()) -> list[str]:
    """Visible names in a folder, sorted; in a flood of files, those that are looked for alone.

    Raises:
        Refused: a flood without it.
    """
    with os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, MOST_NAMES + 1)]
    if len(names) <= MOST_NAMES:
        return sorted(name for name in names if not name.startswith("."))
    there = [name for name in (wanted, *expected) if _is_there(name, folder)]
    if wanted in there:
        return there
    raise Refused(
        "too-many-files",
        f"More than {MOST_NAMES:,} files were handed in, and none is called {wanted}. "
        "Ask for the notebook alone.",
    )


def _chosen(names: list[str], wanted: str) -> tuple[str, tuple[Flag, ...]]:
    """Which file is the notebook.

    Raises:
        Refused: none is, or several could be.
    """
    notebooks = [name for name in names if _is_notebook(name)]
    others = [name for name in notebooks if name != wanted]
    if wanted in notebooks:
        message = f"Further notebooks were handed in and not graded: {listed(others)}."
        return wanted, (Flag("extra-notebooks", "attention", "", message),) if others else ()
    if len(others) == 1:
        message = f"The notebook is called {shown(others[0])}, expected {wanted}. It is taken."
        return others[0], (Flag("wrong-file-name", "info", "", message),)
    if others:
        raise Refused(
            "several-notebooks",
            f"Expected {wanted}, found several others: {listed(others)}. "
            "Rename the right one and grade again.",
        )
    raise Refused(
        "no-notebook", f"Expected {wanted}, found only {listed(names)}. Ask for the notebook."
    )


def _is_notebook(name: str) -> bool:
    return name.lower().endswith(NOTEBOOK)


def _is_there(name: str, folder: int) -> bool:
    try:
        _status(name, folder)
    except FileNotFoundError:
        return False
    return True


@dataclass
class Beside:
    """Files beside a notebook, taken as far as the limits go; what is left out is named."""

    folder: int
    names: list[str]
    limits: Limits
    files: dict[str, bytes] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def take_expected(self, expected: Mapping[str, str]) -> None:
        """Those that a check reads, each by name."""
        for name, check in expected.items():
            try:
                self._take_one(name, check, expected)
            except Refused as refusal:
                flag = refusal.flag
                self.left_out[name] = flag.message
                self.flags.append(Flag(flag.code, "attention", check, flag.message))

    def _take_one(self, name: str, check: str, expected: Mapping[str, str]) -> None:
        there = name if name in self.names else self._renamed(name, expected)
        if there is None:
            message = f"Not handed in: {name}, which the check {check} reads."
            self.flags.append(Flag("file-missing", "info", check, message))
            return
        self.names.remove(there)
        self._take(there, name)

    def take_others(self) -> None:
        """All that the notebook's own cells may want."""
        skipped = []
        for name in self.names:
            if name == TIMESTAMP:
                continue
            try:
                self._take(name, name)
            except Refused:
                skipped.append(name)
        if skipped:
            message = (
                "Left out, because they are no plain files, are empty, unreadable, too large or "
                f"too many: {listed(skipped)}. If the notebook needs one, its cells fail; look "
                "there."
            )
            self.flags.append(Flag("extra-files-skipped", "info", "", message))

    def _take(self, name: str, called: str) -> None:
        full = len(self.files) == self.limits.max_extra_files
        if full or not name.isprintable() or called in self.files:
            raise Refused("extra-files-skipped", f"{shown(name)}: not read.")
        left = self.limits.max_extra_bytes - sum(map(len, self.files.values()))
        self.files[called] = _content(self.folder, name, left)

    def _renamed(self, name: str, expected: Mapping[str, str]) -> str | None:
        """The one file that is this one but for what browsers add to a name downloaded twice.

        Raises:
            Refused: there is none or several, and files of the same kind that a person may take.
        """
        stem, kind = PurePath(name).stem, PurePath(name).suffix
        copies = re.compile(
            rf"(copy of )?{re.escape(stem)}[ _-]*(\(?\d*\)?|copy){re.escape(kind)}", re.IGNORECASE
        )
        others = [one for one in self.names if one not in expected]
        found = [one for one in others if copies.fullmatch(one)]
        if len(found) == 1:
            message = f"{name} is called {shown(found[0])} here. It is taken."
            self.flags.append(Flag("wrong-file-name", "info", "", message))
            return found[0]
        if alike := [one for one in others if one.lower().endswith(kind.lower())]:
            raise Refused(
                "other-file-name",
                f"Expected {name}, found {listed(alike)}. Rename the right one and grade again.",
            )
        return None


def _content(folder: int, name: str, limit: int) -> bytes:
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


@contextmanager
def _folder(path: Path, parent: int | None) -> Iterator[int]:
    """A descriptor of a folder; a link to one is refused."""
    status = _status(path, parent)
    if not stat.S_ISDIR(status.st_mode):
        raise _wrong_kind(path.name, status, "a folder")
    descriptor = _opened(path, FOLDER_ONLY, parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


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
    found = next((kind for is_kind, kind in KINDS if is_kind(status.st_mode)), "something else")
    code = "symlink-refused" if stat.S_ISLNK(status.st_mode) else "wrong-kind"
    return Refused(
        code, f"{shown(name)}: expected {expected}, found {found}; it was not opened. Replace it."
    )


def _too_large(name: str, size: str, limit: int) -> Refused:
    advice = "Ask for a smaller one."
    if _is_notebook(name):
        advice = "Ask for it again without outputs: Edit, Clear Outputs of All Cells, Save."
    return Refused(
        "too-large",
        f"{shown(name)}: {size} at most {limit:,} are read. {advice}",
    )


def _unreadable(name: str, error: OSError) -> Refused:
    why = error.strerror or type(error).__name__
    return Refused(
        "unreadable-file", f"{shown(name)}: can't be read ({why}). Mend that and grade again."
    )
