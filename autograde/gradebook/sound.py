"""Is the gradebook file one that can be written to? A damaged one is set aside, and what a person
wrote into it is kept where it can be read.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from autograde import stored_json
from autograde.gradebook.files import GRADEBOOK, GradebookError, see_plain
from autograde.gradebook.naming import named
from autograde.handing_in.normalise.flags import shown

if TYPE_CHECKING:
    from nbgrader.api import Gradebook  # a second to load

PATIENCE = 30.0
"""Seconds for which another program may have the gradebook."""

MACHINE = re.compile(r"(?:\(sqlite3\.OperationalError\)|\w+: \[Errno \d+\]) (.+)")
"""In what nbgrader tells: what the machine refused."""

LOCK = ".grading"
"""In the class's folder: held by the process that grades."""

WATCH = ".watching"
"""Likewise: held as long as a service watches for it."""

BUSY = {
    LOCK: "another grading is at work here ({}). Wait until it is done, then run this again; or "
    "name another --workdir.",
    WATCH: "another `autograde watch` is at work here ({}). It grades what arrives; end it first, "
    "or name another --workdir.",
}

LARGEST_MARK = 1e9
"""Points; nobody gives so many, and NaN is not below it."""

KEPT = "manual-marks.json"
"""Beside the gradebook: a person's marks that wait for their lab to be graded again."""

MARKS = """
    SELECT assignment.name, submitted_assignment.student_id, base_cell.name,
           grade.manual_score, grade.extra_credit, NULL, grade.needs_manual_grade
    FROM grade JOIN base_cell ON base_cell.id = grade.cell_id
    JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
    JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
    JOIN assignment ON assignment.id = submitted_assignment.assignment_id
    WHERE grade.manual_score IS NOT NULL OR grade.extra_credit IS NOT NULL
"""
COMMENTS = """
    SELECT assignment.name, submitted_assignment.student_id, base_cell.name,
           NULL, NULL, comment.manual_comment
    FROM comment JOIN base_cell ON base_cell.id = comment.cell_id
    JOIN submitted_notebook ON submitted_notebook.id = comment.notebook_id
    JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
    JOIN assignment ON assignment.id = submitted_assignment.assignment_id
    WHERE comment.manual_comment IS NOT NULL
"""


class BusyError(GradebookError):
    """Somebody else is at work in the class's folder."""


@dataclass(frozen=True)
class Mark:
    """What a person gave or wrote for one cell; ``waits`` where it is to be read again.

    Raises:
        TypeError: a part is of another kind, as in a damaged file.
    """

    lab: str
    student: str
    cell: str
    score: float | None = None
    extra: float | None = None
    comment: str | None = None
    waits: bool | int | None = False

    def __post_init__(self) -> None:
        texts, numbers = (self.lab, self.student, self.cell), (self.score, self.extra)
        fit = all(isinstance(one, str) for one in texts)
        fit &= isinstance(self.comment, str | None)
        fit &= isinstance(self.waits, int | None)
        fit &= all(one is None or is_mark(one) for one in numbers)
        if not fit:
            raise TypeError(f"no mark: {self}")

    @property
    def place(self) -> tuple[str, str, str, bool]:
        """Where it belongs: one score and one comment a cell."""
        return self.lab, self.student, self.cell, self.comment is not None


def unusable(path: object, why: object) -> GradebookError:
    """The error for a gradebook that the machine does not let us use."""
    return GradebookError(
        f"{path}: the gradebook can't be used ({shown(str(why))}). What is graded is kept: close "
        "what else may have it open, free some space if the disk is full, and run this again."
    )


def damaged(path: Path, why: object) -> GradebookError:
    """The error for a file that is no database, or no longer."""
    return GradebookError(
        f"{path}: the gradebook is damaged ({shown(str(why))}). Run `autograde grade LAB --workdir "
        f"{path.parent}`, for each lab: it sets the file aside, makes a new one of what is graded "
        "already, and puts in it a person's marks that can be read. Then run this again."
    )


def check(path: Path) -> None:
    """See whether a gradebook is whole, once something has failed on it.

    Raises:
        GradebookError: it is damaged.
    """
    try:
        _tables(path)
    except sqlite3.OperationalError:  # it is locked, or can't be written: not this
        return
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from None


def foreign(path: object, error: Exception) -> GradebookError:
    """The error for a gradebook that is read, and has something in it that can't be."""
    return GradebookError(
        f"{path}: the gradebook holds what nbgrader did not write ({type(error).__name__}: "
        f"{shown(str(error))}). Move it away and grade again: what is graded is kept. A person's "
        "marks are in it still, and in its copy, gradebook.before."
    )


@contextmanager
def legible(book: Gradebook) -> Iterator[None]:
    """What nbgrader raises inside where a value is none of its own is a GradebookError."""
    try:
        yield
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        if refused := MACHINE.search(str(error)):  # nbgrader has it in an error of its own
            raise unusable(book.engine.url.database, refused[1]) from None
        raise foreign(book.engine.url.database, error) from None


def is_mark(one: object) -> bool:
    """Whether it is a number of points that somebody may have given."""
    return isinstance(one, int | float) and abs(one) < LARGEST_MARK


@contextmanager
def alone(work: Path, lock: str = LOCK) -> Iterator[None]:
    """Nobody else grades in this folder meanwhile, or watches; a killed one's hold ends with it.

    Raises:
        BusyError: somebody does.
        GradebookError: a pipe, a device or a folder is where a file is kept.
    """
    work.mkdir(parents=True, exist_ok=True)
    see_plain(work, (lock, GRADEBOOK, KEPT))
    with (work / lock).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = shown(file.read().strip())
            raise BusyError(f"{work}: {BUSY[lock].format(holder)}") from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        yield


def sound(path: Path, now: datetime) -> str:
    """See that the gradebook can be read and written, before anything is graded.

    Args:
        path: of ``gradebook.db``; none there is fine, it is made.
        now: for the name of a damaged one.

    Returns:
        What was done about a damaged one, for a person; empty where all is well.

    Raises:
        GradebookError: it is locked, can't be written, or is a database of something else.
    """
    told = (_kept_sound(path, now), _gradebook_sound(path, now))
    return " ".join(text for text in told if text)


def _gradebook_sound(path: Path, now: datetime) -> str:
    if not path.exists():
        return ""
    try:
        tables = _tables(path)
        unfinished = _unfinished(path, tables)
    except sqlite3.OperationalError as error:
        raise GradebookError(f"{path}: {_why(error)}") from None
    except sqlite3.DatabaseError as error:
        return _set_aside(path, now, str(error))
    if unfinished:
        path.unlink()
        return ""
    if not tables:  # nor may its copy be written over
        return _set_aside(path, now, "it is empty")
    if "submitted_assignment" not in tables:
        raise GradebookError(
            f"{path} is a database, but not nbgrader's. Move it away, or name another --workdir."
        )
    _back_up(path)
    return ""


def _aside(path: Path, now: datetime) -> Path:
    """A name for a damaged file that no other has, whatever the clock says."""
    stem = f"{path.stem}.broken-{now:%Y%m%d-%H%M%S}"
    aside, number = path.with_name(stem + path.suffix), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{stem}-{number}{path.suffix}")
    return aside


def _kept_sound(path: Path, now: datetime) -> str:
    try:
        _kept(path)
    except ValueError:
        aside = _aside(path.with_name(KEPT), now)
        os.replace(path.with_name(KEPT), aside)
        return (
            f"{KEPT} was damaged and is set aside as {aside.name}: marks of a person's in it that "
            "were not yet given back are not in the gradebook. Look into it, and enter them there."
        )
    return ""


def _tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as base:
        base.execute("BEGIN IMMEDIATE")
        base.execute("ROLLBACK")
        (verdict,) = base.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        return {name for (name,) in base.execute(query)}


def _unfinished(path: Path, tables: set[str]) -> bool:
    """Whether it is one that nbgrader was still making when it was killed, or the disk was full:
    part of its tables, with nothing in them, and none before it.
    """
    from nbgrader.api import Base

    if path.with_suffix(".before").exists() or not tables < {
        *Base.metadata.tables,
        "alembic_version",
    }:
        return False
    with closing(sqlite3.connect(path)) as base:
        filled = (base.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in tables)
        return not any(filled)


def _why(error: sqlite3.OperationalError) -> str:
    text = str(error)
    if "locked" in text:
        return (
            f"another program has had the gradebook for {PATIENCE:.0f} s. Close it (another "
            "grading? `autograde mark`?) and run this again; what is graded is kept."
        )
    if "readonly" in text or "unable to open" in text:
        return f"the gradebook can't be written ({text}). See who owns it and its folder."
    return f"the gradebook can't be written ({text}). What is graded is kept; run this again."


def _back_up(path: Path) -> None:
    """A copy as it was before this grading; for a person's marks, should the file break."""
    draft = path.with_suffix(".before.part")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as base, closing(sqlite3.connect(draft)) as copy:
        base.backup(copy)
    os.replace(draft, path.with_suffix(".before"))


def _set_aside(path: Path, now: datetime, why: str) -> str:
    aside = _aside(path, now)
    os.replace(path, aside)
    for journal in ("-journal", "-wal", "-shm"):  # sqlite's own belong to the file
        with suppress(FileNotFoundError):
            os.replace(f"{path}{journal}", f"{aside}{journal}")
    marks = {one.place: one for one in _kept(path)}
    for source in (path.with_suffix(".before"), aside):
        marks |= {one.place: one for one in _read(source)}
    _keep(path, marks.values())
    return (
        f"the gradebook was damaged ({why}) and is set aside as {aside.name}. A new one has this "
        f"lab's scores; grade the other labs again, too. Marks and comments of a person's that "
        f"could be read: {len(marks)}."
    )


def _read(path: Path) -> Iterator[Mark]:
    """As many marks and comments as can be read of a gradebook, damaged or not."""
    if not path.is_file():
        return
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as base:
        for query in (MARKS, COMMENTS):
            with suppress(sqlite3.Error):
                for row in base.execute(query):
                    with suppress(TypeError):
                        yield Mark(*row)


def keep(path: Path, marks: Iterable[Mark]) -> None:
    """Put marks beside the gradebook, with those that wait there, until :func:`restore`."""
    found = {one.place: one for one in _kept(path)} | {one.place: one for one in marks}
    _keep(path, found.values())


def _keep(path: Path, marks: Iterable[Mark]) -> None:
    text = json.dumps([asdict(one) for one in marks], indent=1)
    draft = path.with_name(f"{KEPT}.part")
    draft.write_text(text, "utf-8")
    os.replace(draft, path.with_name(KEPT))


def _kept(path: Path) -> list[Mark]:
    """Marks that wait.

    Raises:
        ValueError: the file is damaged.
    """
    place = path.with_name(KEPT)
    if not place.is_file():
        return []
    try:
        return [Mark(**one) for one in stored_json.load(place)]
    except TypeError as error:
        raise ValueError(f"{place}: {error}") from None


def restore(book: Gradebook, path: Path, lab: str, anew: Collection[tuple[str, str]] = ()) -> None:
    """Give back a person's marks of a lab, where the gradebook has none.

    Args:
        anew: students and their cells whose answers have changed since: to be read again.
    """
    waiting = _kept(path)
    mine = {one.place: one for one in waiting if one.lab == lab}
    if not mine:
        return
    with legible(book):
        _give_back(book, lab, mine, anew)
    _keep(path, [*(one for one in waiting if one.lab != lab), *mine.values()])


def _give_back(
    book: Gradebook,
    lab: str,
    mine: dict[tuple[str, str, str, bool], Mark],
    anew: Collection[tuple[str, str]],
) -> None:
    from autograde.gradebook.pieces import submissions  # nbgrader takes a second to load

    for submission in submissions(book, lab):
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                one = mine.pop((lab, submission.student.id, grade.cell.name, False), None)
                if one and grade.manual_score is None:
                    grade.manual_score, grade.extra_credit = one.score, one.extra
                    answer = one.student, named(lab, notebook.name, grade.cell.name)
                    unread = bool(one.waits) or one.score is None or answer in anew
                    grade.needs_manual_grade = unread
            for comment in notebook.comments:
                one = mine.pop((lab, submission.student.id, comment.cell.name, True), None)
                if one and comment.manual_comment is None:
                    comment.manual_comment = one.comment
    book.db.commit()
