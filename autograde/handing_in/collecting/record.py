"""What is known of a lab's hand-ins: ``collected/LAB.json``, read by return and export."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from autograde import stored_json
from autograde.errors import DesignedError
from autograde.handing_in.collecting import lateness

FOLDER = "collected"


class RecordError(DesignedError):
    """The record is damaged; the message says what to do."""


@dataclass
class Version:
    """One hand-in of a student, kept in ``collected/STUDENT/LAB/FOLDER``."""

    digest: str
    folder: str
    time: str = ""
    modified: str = ""  # what the archive says of its files
    source: str = ""  # what the archive calls it


@dataclass
class Entry:
    """One student. ``versions`` is in order, the last one counts; ``placed`` has a digest for each
    file that was put to be graded.
    """

    name: str = ""
    mail: str = ""
    section: str = ""
    login: str = ""
    lms_id: str = ""
    sis_id: str = ""
    github: str = ""
    listed: bool = False  # in the class list
    extension: float = 0.0  # seconds
    time: str = ""
    late: bool = False  # the LMS says so
    naming: dict[str, list[str]] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    placed: dict[str, str] = field(default_factory=dict)

    @property
    def when(self) -> datetime | None:
        """When the last one was handed in, in UTC."""
        return datetime.fromisoformat(self.time) if self.time else None

    @property
    def more(self) -> timedelta:
        """The extension."""
        return timedelta(seconds=self.extension)


@dataclass
class Record:
    """A lab's hand-ins; ``unmatched`` has the digest of each that nobody is known for, ``zone`` the
    time zone of times that name none.
    """

    lab: str
    due: str = ""
    rule: str = ""
    students: dict[str, Entry] = field(default_factory=dict)
    unmatched: dict[str, str] = field(default_factory=dict)
    zone: str = ""

    @property
    def deadline(self) -> datetime | None:
        """The deadline, in UTC."""
        return datetime.fromisoformat(self.due) if self.due else None

    def entry(self, student: str) -> Entry:
        """A student's, made where there is none."""
        return self.students.setdefault(student, Entry())


def stamp(when: datetime | None) -> str:
    """A time as the record has it."""
    return when.astimezone(UTC).isoformat() if when else ""


def path_of(work: Path, lab: str) -> Path:
    """Where a class's folder has it."""
    return work / FOLDER / f"{lab}.json"


def read(work: Path, lab: str) -> Record:
    """The record; an empty one where nothing was collected.

    Raises:
        RecordError: it is damaged.
    """
    path = path_of(work, lab)
    if not path.is_file():
        return Record(lab)
    try:
        found: dict[str, Any] = stored_json.load(path)
        students = {
            student: Entry(**{**one, "versions": [Version(**v) for v in one["versions"]]})
            for student, one in found.pop("students").items()
        }
        record = Record(**found, students=students)
        _check(record)
        return record
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        DesignedError,  # of a rule or a zone
    ) as error:
        raise RecordError(
            f"{path} is damaged ({type(error).__name__}). Move it away and collect again from the "
            "archives: what lies in submitted/ is compared and kept."
        ) from None


def _check(record: Record) -> None:
    """See that every value is of the kind that it should be.

    Raises:
        ValueError, TypeError, OverflowError: one is not.
    """
    model, version = Entry(), Version("", "")
    for entry in record.students.values():
        kinds = [(entry, model), *((one, version) for one in entry.versions)]
        for one, like in kinds:
            for key, value in vars(like).items():
                kind = (int, float) if isinstance(value, float) else type(value)
                if not isinstance(getattr(one, key), kind):
                    raise TypeError(key)
        texts = [
            *entry.placed.values(),
            *(name for every in entry.naming.values() for name in every),
        ]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("texts")
        _see_time(entry.when)
        if entry.more > lateness.LONGEST * 2:  # a date's is counted from the deadline of then
            raise OverflowError("extension")
    if not isinstance(record.rule, str) or not isinstance(record.zone, str):
        raise TypeError("rule")
    if not isinstance(record.unmatched, dict):
        raise TypeError("unmatched")
    _see_time(record.deadline)
    lateness.rule(record.rule)
    lateness.kept_zone(record.zone)


def _see_time(when: datetime | None) -> None:
    if when is not None and lateness.near(when).tzinfo is None:
        raise ValueError("no zone")


def write(work: Path, record: Record) -> bool:
    """Keep it; whether anything in it is new."""
    path = path_of(work, record.lab)
    text = json.dumps(asdict(record), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if path.is_file() and path.read_text("utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(text, "utf-8")
    os.replace(draft, path)
    return True
