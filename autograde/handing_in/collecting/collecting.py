"""Collect a class's hand-ins: open, recognise, match, place; say all that did not work."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from autograde.errors import DesignedError
from autograde.handing_in.collecting import placing, record
from autograde.handing_in.collecting.archives import Opened
from autograde.handing_in.collecting.bounds import Bounds, Trouble
from autograde.handing_in.collecting.class_list import ClassList, Person
from autograde.handing_in.collecting.lateness import extra, in_words, seconds_late
from autograde.handing_in.collecting.layouts import Format, HandIn, hand_ins
from autograde.handing_in.collecting.matching import Matched, Matcher, MatchError
from autograde.handing_in.collecting.reading import content
from autograde.handing_in.collecting.record import Entry, Record, Version, stamp
from autograde.handing_in.normalise.flags import listed, shown
from autograde.wording import counted

UNMATCHED = "unmatched"
RECEIPT = "receipt.json"
MOST_TOLD = 6  # values of a receipt
LARGEST_RECEIPT = 100_000
MOST_TROUBLES = 3  # of an archive in which there is nothing


class CollectError(DesignedError):
    """Nothing can be collected; the message says why."""


@dataclass(frozen=True)
class Order:
    """What to collect, by what rules, and where it goes."""

    lab: str
    sources: Sequence[Path]
    work: Path
    into: Path
    people: ClassList | None = None
    said: Mapping[str, str] = field(default_factory=dict)
    form: Format | None = None
    due: datetime | None = None
    rule: str = ""
    file_times: bool = False
    force: bool = False
    labs: Sequence[str] = ()
    zone: str = ""
    bounds: Bounds = field(default_factory=Bounds)
    leave: Set[tuple[str, ...]] = frozenset()  # paths in a folder that are not looked at


@dataclass(frozen=True)
class Row:
    """What became of one student's hand-in."""

    student: str
    name: str
    outcome: placing.Outcome
    source: str
    time: str
    late: float | None  # seconds; None where nobody knows
    lms_late: bool
    versions: int
    claimed: str  # what a receipt says


@dataclass(frozen=True)
class Collected:
    """What was collected, and what a person has to see to."""

    lab: str
    rows: tuple[Row, ...]
    unmatched: tuple[tuple[str, str, str], ...]  # name, why, folder
    troubles: tuple[Trouble, ...]
    remarks: tuple[str, ...]
    missing: tuple[str, ...]  # of the class list
    due: str = ""
    rules: str = ""  # deadline, zone and penalty that hold now, in words

    @property
    def needs_a_person(self) -> bool:
        """Whether something could not be collected."""
        by_hand = any(row.outcome == "changed by hand: kept" for row in self.rows)
        return bool(self.unmatched or self.troubles) or by_hand

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "lab": self.lab,
            "students": [vars(row) for row in self.rows],
            "unmatched": [
                dict(zip(("name", "why", "folder"), one, strict=True)) for one in self.unmatched
            ],
            "troubles": [vars(one) for one in self.troubles],
            "remarks": list(self.remarks),
            "missing": list(self.missing),
            "due": self.due,
            "rules": self.rules,
        }


def collect(order: Order) -> Collected:
    """Collect a lab.

    Raises:
        CollectError: a source is not there, or there is nothing in any.
        MatchError: ``--as`` names a student or a file that is not there.
    """
    for source in order.sources:
        if not source.exists():
            raise CollectError(f"no archive or folder {source}: name what the LMS gave you.")
    order.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=order.work, prefix=".collecting-") as spool:
        opened = Opened(Path(spool).resolve(), order.bounds, leave=order.leave)
        for source in order.sources:
            opened.take(source.resolve())
        return _collected(order, opened)


def _collected(order: Order, opened: Opened) -> Collected:
    known = record.read(order.work, order.lab)
    if order.people is None:
        order = replace(order, people=_remembered(known))
    matcher, matched = Matcher(order.people, order.said), list[Matched]()
    troubles = list(opened.troubles)
    for source, members in opened.members.items():
        found, lost = hand_ins(members, order.lab, source.name, order.form, order.labs)
        if not found and all(one.where != source.name for one in troubles):
            told = f"nothing handed in for {order.lab} was found in it."
            lost = [*lost, Trouble(source.name, told)]
        troubles += lost
        matched += [_as_before(one, order, known) for one in matcher.all(found)]
    if not matched:
        why = "\n".join(f"  {one}" for one in troubles[:MOST_TROUBLES])
        raise CollectError(f"nothing to collect for {order.lab}.\n{why}")
    if unused := matcher.unused():
        names = listed(sorted({one.hand_in.claim.text for one in matched}))
        raise MatchError(f"--as: nothing is called {listed(unused)}. There are: {names}.")
    _rules(order, known)
    collector = _Collector(order, known)
    rows = collector.students([one for one in matched if one.student])
    unmatched = collector.nobodies([one for one in matched if not one.student])
    record.write(order.work, known)
    return Collected(
        order.lab,
        tuple(rows),
        tuple(unmatched),
        tuple(troubles),
        (*collector.remarks, *_remarks(order, known, opened, rows)),
        tuple(_missing(order, known)),
        known.due,
        in_words(known.deadline, known.zone, known.rule),
    )


def _remembered(known: Record) -> ClassList | None:
    """The class list of an earlier time; None where there was none."""
    keys = ("name", "mail", "section", "login", "github", "lms_id", "sis_id")
    people = tuple(
        Person(student, **{key: getattr(entry, key) for key in keys})
        for student, entry in known.students.items()
        if entry.listed
    )
    told = (
        f"The class list of before holds, with {counted(len(people), 'student')}; --roster names "
        "another."
    )
    return ClassList(people, (told,)) if people else None


def _as_before(one: Matched, order: Order, known: Record) -> Matched:
    """Whose the same file was before, as a person said, where nothing else tells."""
    if one.student:
        return one
    mark, text = placing.digest(one.hand_in), one.hand_in.claim.text
    for student, entry in known.students.items():
        ours = order.people is None or order.people.named(student) is not None
        if ours and any(v.digest == mark and v.source == text for v in entry.versions):
            return Matched(one.hand_in, student)
    return one


def _rules(order: Order, known: Record) -> None:
    """What is said now takes the place of what was said before; what is not said stays."""
    known.due = stamp(order.due) or known.due
    known.rule = order.rule or known.rule
    known.zone = order.zone or known.zone
    people = order.people or ClassList()
    for person in people.people:
        entry = known.entry(person.id)
        entry.listed = True
        for key in ("name", "mail", "section", "login", "github", "lms_id", "sis_id"):
            setattr(entry, key, getattr(person, key) or getattr(entry, key))
        if "extension" in people.columns:
            entry.extension = extra(person.extension, known.deadline).total_seconds()


@dataclass
class _Collector:
    order: Order
    record: Record
    remarks: list[str] = field(default_factory=list)

    def students(self, matched: Sequence[Matched]) -> list[Row]:
        """Place everyone's last one; earlier ones are kept."""
        work, lab = self.order.work, self.order.lab
        rows: dict[str, Row] = {}
        for one in matched:
            hand_in, entry = one.hand_in, self.record.entry(one.student)
            aside = work / record.FOLDER / one.student / lab
            mark = placing.digest(hand_in)
            self._take_back(one, mark)
            self._told(one, entry)
            version, counts = placing.settle(entry, hand_in, mark)
            placing.keep(hand_in, aside / version.folder)
            self._forget(hand_in, mark)
            outcome: placing.Outcome = "earlier one kept"
            if counts:
                self._timed(hand_in, one.student, version, entry)
                outcome = placing.place(
                    hand_in,
                    version,
                    entry,
                    self.order.into / one.student / lab,
                    aside / f"by-hand-before-{mark[:8]}",
                    force=self.order.force,
                )
            if counts or one.student not in rows:
                rows[one.student] = self._row(one, entry, outcome)
        return sorted(rows.values(), key=lambda row: row.student)

    def nobodies(self, matched: Sequence[Matched]) -> list[tuple[str, str, str]]:
        """Keep what is nobody's."""
        folder = self.order.work / UNMATCHED / self.order.lab
        found = []
        for one in matched:
            mark = placing.digest(one.hand_in)
            name = placing.set_aside(one.hand_in, mark, folder)
            self.record.unmatched[name] = mark
            found.append((one.hand_in.claim.text, one.why, str(folder / name)))
        return found

    def _told(self, one: Matched, entry: Entry) -> None:
        """What the LMS calls the student and their files."""
        claim = one.hand_in.claim
        entry.name = entry.name or claim.name
        entry.lms_id = entry.lms_id or claim.lms_id
        entry.naming.update(one.hand_in.naming)

    def _timed(self, hand_in: HandIn, student: str, version: Version, entry: Entry) -> None:
        """The time that counts: the exchange's, the class list's, or the files' own."""
        person = self.order.people.named(student) if self.order.people else None
        when = hand_in.time or (person.submitted if person else None)
        if when is None and self.order.file_times:
            when = hand_in.modified
        version.time = stamp(when) or version.time
        entry.time, entry.late = version.time, hand_in.late

    def _take_back(self, one: Matched, mark: str) -> None:
        """A hand-in that was another's until now, by a mistake or for want of a class list."""
        text, lab, work = one.hand_in.claim.text, self.order.lab, self.order.work
        for student, entry in self.record.students.items():
            wrong = [v for v in entry.versions if v.digest == mark and v.source == text]
            if student == one.student or not wrong:
                continue
            for version in wrong:
                entry.versions.remove(version)
                shutil.rmtree(
                    work / record.FOLDER / student / lab / version.folder, ignore_errors=True
                )
            told = f"{shown(text)} is {shown(one.student)}'s now and no longer {shown(student)}'s"
            folder = self.order.into / student / lab
            if entry.placed and placing.found(folder) == entry.placed:
                shutil.rmtree(folder)
                entry.placed, entry.naming, entry.time = {}, {}, ""
                told += (
                    f". Collect the archive of {shown(student)}'s own once more."
                    if entry.versions
                    else "."
                )
            else:
                told += f": look into {folder}, which was changed by hand and is kept."
            self.remarks.append(told)

    def _forget(self, hand_in: HandIn, mark: str) -> None:
        """What was nobody's and is somebody's now leaves the unmatched."""
        for name, known in list(self.record.unmatched.items()):
            if known == mark:
                shutil.rmtree(
                    self.order.work / UNMATCHED / self.order.lab / name, ignore_errors=True
                )
                del self.record.unmatched[name]

    def _row(self, one: Matched, entry: Entry, outcome: placing.Outcome) -> Row:
        return Row(
            one.student,
            entry.name,
            outcome,
            one.hand_in.claim.text,
            entry.time,
            seconds_late(entry.when, self.record.deadline, entry.more),
            entry.late,
            len(entry.versions),
            receipt(one.hand_in),
        )


def receipt(one: HandIn) -> str:
    """What a receipt claims, in a line; nothing of it is believed."""
    for path, member in one.files.items():
        if path[-1] == RECEIPT:
            try:
                data = content(member)
                found = json.loads(data) if len(data) <= LARGEST_RECEIPT else None
            except (ValueError, RecursionError, OSError):
                found = None
            if not isinstance(found, dict):
                return "a receipt that can't be read"
            plain = [(k, v) for k, v in found.items() if isinstance(v, str | int | float | bool)]
            return ", ".join(f"{shown(k)} {shown(v)}" for k, v in plain[:MOST_TOLD]) or "a receipt"
    return ""


def _missing(order: Order, known: Record) -> list[str]:
    if order.people is None:
        return []
    have = {student for student, entry in known.students.items() if entry.versions}
    return [one.id for one in order.people.people if one.id not in have]


def _no_longer(people: ClassList, known: Record) -> list[str]:
    """Who was in a class list, handed in, and is in the list no more."""
    return [
        student
        for student, entry in known.students.items()
        if entry.listed and entry.versions and people.named(student) is None
    ]


def _remarks(order: Order, known: Record, opened: Opened, rows: Sequence[Row]) -> list[str]:
    told = list(order.people.remarks) if order.people else []
    if opened.junk:
        told.append(f"{opened.junk} files of systems, editors and version control passed over.")
    if not known.zone and any(one.submitted for one in (order.people or ClassList()).people):
        told.append(
            "Times that name no zone were read as UTC: if they are another's, pass --timezone "
            "Europe/Berlin, once."
        )
    if order.people and (gone := _no_longer(order.people, known)):
        told.append(
            f"collected before, and not in this class list ({len(gone)}): {listed(gone, 30)}. "
            "Files and grades stay; to take out who has left the course, delete their folder in "
            f"{order.into}."
        )
    without = [row.student for row in rows if not row.time]
    if known.due and without:
        told.append(
            f"The time of {len(without)} of {len(rows)} is not known, and they count as on time: "
            f"{listed(without)}. Give the times in a class list's column `submitted` "
            "(Moodle's grading worksheet has them), or pass --file-times where the files' own are "
            "right."
        )
    told += [
        f"{shown(row.student)}: the LMS calls it late; "
        + ("by its time it is not." if row.time else "when it came is not known.")
        for row in rows
        if row.lms_late and not row.late and known.due
    ]
    if known.rule and not known.due:
        told.append("A penalty needs a --deadline; there is none.")
    return told
