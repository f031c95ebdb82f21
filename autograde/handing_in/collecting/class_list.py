"""A class list: a CSV of a person's making, or what Moodle and Canvas export."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from autograde.errors import DesignedError
from autograde.handing_in.collecting.headers import OF_WORKSHEETS, from_canvas, meanings
from autograde.handing_in.collecting.lateness import Zone, extension, moment
from autograde.handing_in.collecting.names import is_usable, same
from autograde.handing_in.normalise.flags import listed, shown

MOST_BYTES = 20_000_000
IDS = ("id", "login", "sis_id", "mail", "lms_id")  # the first that is there names the folder
NO_PERSON = ("points possible", "student, test", "test student")


class ClassListError(DesignedError):
    """A class list can't be used; the message names the line and what to do."""


@dataclass(frozen=True)
class Person:
    """A student, as the class list has them; ``id`` names their folder."""

    id: str
    name: str = ""
    mail: str = ""
    section: str = ""
    login: str = ""
    github: str = ""
    lms_id: str = ""
    sis_id: str = ""
    extension: timedelta | datetime | None = None
    submitted: datetime | None = None

    @property
    def logins(self) -> set[str]:
        """What systems may call them, for comparing."""
        local = self.mail.partition("@")[0]
        every = (self.id, self.login, self.github, self.mail, local, self.sis_id)
        return {same(one) for one in every if one}


@dataclass(frozen=True)
class ClassList:
    """The students of a class, in the list's order, and remarks on how it was read."""

    people: tuple[Person, ...] = ()
    remarks: tuple[str, ...] = ()
    columns: frozenset[str] = frozenset()

    def named(self, student: str) -> Person | None:
        """The person of an id."""
        return next((one for one in self.people if same(one.id) == same(student)), None)


def read(path: Path, zone: Zone) -> ClassList:
    """The class list in a CSV file.

    Args:
        path: the file; commas, semicolons or tabs; UTF-8, UTF-16 or, said in a remark, Latin-1.
        zone: the time zone of times that name none.

    Raises:
        ClassListError: it has no header that is understood, or a line without an id, or two with
            the same.
    """
    rows, remarks = table(path)
    columns = _columns(rows, path)
    unknown = [head for i, head in enumerate(rows[0]) if i not in columns and head.strip()]
    if unknown:
        remarks.append(f"{path.name}: columns not used: {listed(unknown)}.")
    people = tuple(_people(rows[1:], columns, path, zone, remarks))
    if not people:
        raise ClassListError(f"{path} has no students: expected a line for each below the header.")
    return ClassList(people, tuple(remarks), frozenset(columns.values()))


def table(path: Path) -> tuple[list[list[str]], list[str]]:
    """The cells of a CSV file, its header first, and remarks on how it was read.

    Raises:
        ClassListError: it is not there, or is no text.
    """
    if not path.is_file():
        raise ClassListError(f"there is no file {path}: name a CSV file.")
    text, remarks = _text(path)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except csv.Error as error:
        raise ClassListError(f"{path} is no CSV file ({error}). Export it again.") from None
    while rows and not any(cell.strip() for cell in rows[0]):
        rows.pop(0)
    return rows, remarks


def _text(path: Path) -> tuple[str, list[str]]:
    data = path.read_bytes()
    if len(data) > MOST_BYTES:
        raise ClassListError(f"{path}: {len(data):,} bytes are no class list.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf16", "replace"), []
    try:
        return data.decode("utf_8_sig"), []
    except UnicodeDecodeError:
        remark = f"{path.name} is not UTF-8: read as Windows-1252 (Latin-1). Look at the names."
        return data.decode("cp1252", "replace"), [remark]


def _delimiter(text: str) -> str:
    head = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t|", key=head.count)


def _columns(rows: list[list[str]], path: Path) -> dict[int, str]:
    """Which column has what."""
    header = rows[0] if rows else []
    found = meanings(header, next((row for row in rows[1:] if any(row)), []))
    if not {"id", "login", "sis_id", "mail", "lms_id"} & set(found.values()):
        raise ClassListError(
            f"{path}: no column tells the students apart. Found: {listed(header, 12) or 'nothing'}."
            " Expected a header such as id, name, mail, section, extension; or what Moodle and "
            "Canvas export: ID number, Email address, SIS Login ID."
        )
    return {number: means for number, means in found.items() if means not in OF_WORKSHEETS}


def _people(
    rows: list[list[str]], columns: dict[int, str], path: Path, zone: Zone, remarks: list[str]
) -> Iterator[Person]:
    seen: dict[str, int] = {}
    for line, row in enumerate(rows, start=2):
        values = {columns[i]: cell.strip() for i, cell in enumerate(row) if i in columns}
        name = values.get("name") or f"{values.get('first', '')} {values.get('last', '')}".strip()
        last, comma, first = name.partition(",")
        if not any(cell.strip() for cell in row) or same(name).startswith(NO_PERSON):
            continue
        if from_canvas(columns) and not any(values.get(key) for key in (*IDS, "name")):
            continue  # Canvas says there which assignments are posted by hand
        lms_id = "".join(re.findall(r"\d+", values.get("lms_id", ""))[-1:])
        student = next(filter(None, (*(values.get(key, "") for key in IDS[:-1]), lms_id)), "")
        if "\n" in f"{student}{name}{values.get('mail', '')}":
            raise ClassListError(
                f"{path}, line {line}: '{shown(student)}', '{shown(name)}' goes over several "
                "lines, and may hold other students. Mend the quotation marks there."
            )
        if not is_usable(student):
            why = f"'{shown(student)}' can't name a folder" if student else "no student id"
            who = f" ({shown(name)})" if name else ""
            raise ClassListError(
                f"{path}, line {line}{who}: {why}. Give one of letters, digits and . _ -"
            )
        if (before := seen.setdefault(same(student), line)) != line:
            raise ClassListError(f"{path}: lines {before} and {line} are both {shown(student)}.")
        yield Person(
            student,
            f"{first.strip()} {last.strip()}" if comma else name,
            values.get("mail", ""),
            values.get("section", ""),
            values.get("login", ""),
            values.get("github", "").removeprefix("https://github.com/").strip("@/"),
            lms_id,
            values.get("sis_id", ""),
            _extension(values.get("extension", ""), path, line, zone),
            _submitted(values.get("submitted", ""), path, line, zone, remarks),
        )


def _extension(text: str, path: Path, line: int, zone: Zone) -> timedelta | datetime | None:
    try:
        return extension(text, zone)
    except ValueError as error:
        raise ClassListError(f"{path}, line {line}: {error}") from None


def _submitted(text: str, path: Path, line: int, zone: Zone, remarks: list[str]) -> datetime | None:
    if text in ("", "-"):
        return None
    try:
        return moment(text, zone)
    except ValueError:
        remarks.append(
            f"{path.name}, line {line}: {shown(text)} is no time that is understood; it is left "
            "out. Write it as 2026-10-01 23:59."
        )
        return None
