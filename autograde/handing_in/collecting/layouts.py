"""Which files are whose, by how LMSs, drives and nbgrader lay them out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath

from nbgrader.utils import parse_utc

from autograde.handing_in.beside import TIMESTAMP
from autograde.handing_in.collecting.archives import is_archive
from autograde.handing_in.collecting.bounds import NOT_TAKEN, Member, Trouble
from autograde.handing_in.collecting.lateness import from_seconds, near
from autograde.handing_in.collecting.levels import (
    CANVAS,
    EXCHANGE,
    MOODLE,
    PATTERNS,
    Format,
    lab_level,
    level_of,
    prefix_of,
    recognised,
    wrapped_in,
)
from autograde.handing_in.collecting.names import bare, beside_lab, is_lab, is_labs_file, same
from autograde.handing_in.collecting.reading import content
from autograde.handing_in.files import is_notebook, undisguised

SECRET = "submission_secret.txt"  # of nbgrader's exchange; feedback is returned by it
ANYWHERE = frozenset({"network.safetensors", "receipt.json"})  # wherever in a hand-in they lie


@dataclass(frozen=True)
class Claim:
    """Whom a hand-in is from, as its names say.

    Attributes:
        text: what the archive shows: a folder's or a file's name.
        name: a person's name.
        lms_id: the LMS's number for them.
        login: what may be a login, an id or a name.
    """

    text: str
    name: str = ""
    lms_id: str = ""
    login: str = ""

    @property
    def key(self) -> str:
        """The same for all files of one person in one archive."""
        return same(f"{self.lms_id}|{self.login or self.name or self.text}")


@dataclass
class HandIn:
    """What one person handed in once.

    Attributes:
        files: by their path below the person's folder.
        time: when, in UTC, if something trustworthy says so.
        late: whether the LMS itself calls it late.
        naming: the names that the LMS wants back, by LMS.
        source: the archive's name.
    """

    claim: Claim
    files: dict[tuple[str, ...], Member] = field(default_factory=dict)
    time: datetime | None = None
    late: bool = False
    naming: dict[str, list[str]] = field(default_factory=dict)
    source: str = ""

    @property
    def modified(self) -> datetime | None:
        """The latest time of its files, as the archive says; a download may have set it."""
        told = (one.modified for one in self.files.values() if one.modified is not None)
        return max(filter(None, map(from_seconds, told)), default=None)


Place = tuple[Claim, tuple[str, ...], dict[str, list[str]], bool]


@dataclass(frozen=True)
class Layout:
    """How one source is laid out, for one lab.

    Whose a file is stands at one level of the source, the same for all. What lies below it was
    named by a student, and says nothing of others.
    """

    lab: str
    prefix: str = ""  # of the folders of a classroom's clones
    wrapped: int = 0  # folders around all of it: the level of the students' names
    lab_at: int = 0  # the level of the lab's folders, in nbgrader's tree; 0 where there are none

    def moodle(self, path: tuple[str, ...]) -> Place | None:
        """``Name Surname_123_assignsubmission_file_/lab.ipynb``, or one flat name."""
        found = self._at_level(MOODLE, path)
        if found is None:
            return None
        below = path[self.wrapped + 1 :] or (found["rest"] or f"{found['kind']}.html",)
        text = f"{found['name']}_{found['id']}"
        # Moodle reads name, number and plugin back; it wants no further underscore in the name.
        naming = {"moodle": [f"{text}_assignsubmission_file_"]}
        return Claim(text, found["name"].replace("_", " "), found["id"]), below, naming, False

    def canvas(self, path: tuple[str, ...]) -> Place | None:
        """``lastnamefirstname_LATE_123_456_lab.ipynb``; what was unpacked there lies below it."""
        found = self._at_level(CANVAS, path)
        if found is None:
            return None
        below = path[self.wrapped + 1 :] or (found["rest"] or found["text"],)
        claim = Claim(f"{found['name']}_{found['id']}", found["name"], found["id"])
        naming = {"canvas": [path[self.wrapped].removesuffix(NOT_TAKEN)]} if found["file"] else {}
        return claim, below, naming, bool(found["late"])

    def exchange(self, path: tuple[str, ...]) -> Place | None:
        """``user+LAB+timestamp+random/lab.ipynb``."""
        found = self._at_level(EXCHANGE, path[:-1])
        if found is None or found["lab"] != self.lab:
            return None
        return Claim(found[0], login=found["user"]), path[self.wrapped + 1 :], {}, False

    def _at_level(self, pattern: re.Pattern[str], path: tuple[str, ...]) -> re.Match[str] | None:
        return pattern.fullmatch(path[self.wrapped]) if len(path) > self.wrapped else None

    def classroom(self, path: tuple[str, ...]) -> Place | None:
        """``assignment-username/labs/LAB/lab.ipynb``, or without the inner folders."""
        path = path[self.wrapped :]
        if len(path) < 2:
            return None
        login = path[0].removeprefix(self.prefix)
        return Claim(path[0], login=login), path[1:], {}, False

    def folder(self, path: tuple[str, ...]) -> Place | None:
        """``STUDENT/LAB/lab.ipynb``, ``STUDENT/lab.ipynb``, or a notebook named by the student; an
        archive that is named so, too, and could not be opened: somebody's work is in it.
        """
        depth = self.lab_at
        if depth and is_lab("".join(path[:-1][depth : depth + 1]), self.lab):
            inner = path[depth - 1] == "labs" and depth > 1
            who = path[depth - 2 if inner else depth - 1]
            return Claim(who, login=who), path[depth + 1 :], {}, False
        path = path[self.wrapped :]
        if not path:
            return None
        if len(path) > 2 and is_lab(path[0], self.lab):
            path = path[1:]
        if len(path) > 1 and not is_lab(path[0], self.lab):
            return Claim(path[0], login=_whose(path[0], self.lab)), path[1:], {}, False
        name = undisguised(path[-1].removesuffix(NOT_TAKEN))
        if is_archive(name):
            return Claim(name, login=_whose(name, self.lab)), path, {}, False
        if not is_notebook(name):
            return None
        return Claim(name, login=beside_lab(PurePath(name).stem, self.lab)), path, {}, False


def number_in(name: str) -> str:
    """The LMS's number of a student in the name that it gave to their work; empty if none."""
    found = MOODLE.fullmatch(name) or CANVAS.fullmatch(name)
    return found["id"] if found else ""


def hand_ins(
    members: Sequence[Member],
    lab: str,
    source: str,
    wanted: Format | None = None,
    others: Sequence[str] = (),
) -> tuple[list[HandIn], list[Trouble]]:
    """The hand-ins in one source, and the files that its layout has no place for.

    Args:
        members: what is in it.
        lab: the lab that is collected.
        source: the name of the archive or folder.
        wanted: its layout, if a person says so.
        others: the course's labs: what lies in another lab's folder is not this one's.
    """
    form = wanted or recognised(members, lab)
    if form in ("folder", "classroom"):
        foreign = {other for other in others if other != lab}
        members = [one for one in members if not _of_another(one.path[:-1], lab, foreign)]
        if whole := _whole(members, lab, source):
            return [whole], []
    paths = [one.path for one in members]
    pattern = PATTERNS.get(form)
    wrapped = level_of(paths, pattern)[1] if pattern else wrapped_in(paths, lab)
    heads = sorted({path[wrapped] for path in paths if len(path) > wrapped + 1})
    prefix = prefix_of(heads, paths, wrapped, lab) if form == "classroom" else ""
    layout = Layout(lab, prefix, wrapped, lab_level(paths, wrapped, lab))
    place: Callable[[tuple[str, ...]], Place | None] = getattr(layout, form)
    found: dict[str, HandIn] = {}
    lost: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        placed = place(member.path)
        if placed is None:
            lost[member.path[0]].append(member)
            continue
        claim, below, naming, late = placed
        key = claim.text if form == "exchange" else claim.key
        one = found.setdefault(key, HandIn(claim, source=source))
        while below in one.files:
            below = ("again", *below)
        one.files[below] = member
        one.late |= late
        for lms, names in naming.items():
            known = one.naming.setdefault(lms, [])
            known += [name for name in names if name not in known]
    for one in found.values():
        _settle(one, form, lab)
    strays, troubles = _lost(lost, form, lab, source)
    return [*found.values(), *strays], troubles


def _settle(one: HandIn, form: Format, lab: str) -> None:
    """What the files themselves say of the time; and of a clone, only the lab's own folder."""
    if form == "exchange":
        found = EXCHANGE.fullmatch(one.claim.text)
        one.time = found and _time(found["time"])
    elif (stamp := one.files.get((TIMESTAMP,))) and form == "folder":
        folders = stamp.path[:-1]
        # nbgrader's own tree; one that a student handed in says what the student likes.
        its_own = len(folders) > 1 and is_lab(folders[-1], lab)
        if its_own and not any(map(is_archive, folders)):
            one.time = _time(content(stamp)[:100].decode("utf-8", "replace").strip())
    if form == "classroom":
        inner = {
            path[depth + 2 :]: member
            for path, member in one.files.items()
            for depth in range(len(path) - 2)
            if path[depth] == "labs" and is_lab(path[depth + 1], lab)
        }
        one.files = inner or one.files


def _time(text: str) -> datetime | None:
    try:
        return near(parse_utc(text).replace(tzinfo=UTC))
    except (ValueError, OverflowError, AttributeError):
        return None


def _lost(
    lost: dict[str, list[Member]], form: Format, lab: str, source: str
) -> tuple[list[HandIn], list[Trouble]]:
    """Work among what has no place is a hand-in from nobody known; the rest is named."""
    strays, troubles = [], []
    for head, members in lost.items():
        if form == "exchange" and (other := EXCHANGE.fullmatch(head)) and other["lab"] != lab:
            continue  # of another lab
        if any(is_notebook(one.path[-1]) for one in members):
            files = {one.path: one for one in members}
            strays.append(HandIn(Claim(head), files, source=source))
        else:
            troubles.append(
                Trouble(head, f"it is not named as {form.capitalize()} names files: left out.")
            )
    return strays, troubles


def _whose(name: str, lab: str) -> str:
    """Whose folder or archive this is, by its name."""
    if not is_archive(name):
        return name
    stem = name.split(".tar")[0] if ".tar" in name else PurePath(name).stem
    return beside_lab(stem, lab)


def _of_another(folders: tuple[str, ...], lab: str, others: set[str]) -> bool:
    """Whether a file lies in another lab's folder."""
    if any(is_lab(one, lab) for one in folders):
        return False
    return any(is_lab(one, other) for one in folders for other in others)


def _whole(members: Sequence[Member], lab: str, source: str) -> HandIn | None:
    """The one hand-in that a source is, if it is what one student handed in."""
    books = [one.path for one in members if is_notebook(one.path[-1])]
    if len(books) != 1 or not is_labs_file(books[0][-1], lab):
        return None
    (path,) = books
    if len(path) > 2 or (len(path) == 2 and not is_lab(path[0], lab)):
        return None
    if len(members) == 1 and path[-1] == source:
        return None  # a loose file, named by the student
    found = HandIn(Claim(source, login=_whose(source, lab)), source=source)
    found.files = {one.path: one for one in members}
    _settle(found, "folder", lab)
    return found


def chosen(one: HandIn, lab: str) -> dict[str, Member]:
    """What of a hand-in goes beside each other to be graded, by name.

    The notebook gets its own name where it is certain which it is; files beside it come along,
    and such as a check reads, wherever they lie. What is left stays where all is kept.
    """
    books = [path for path in one.files if is_notebook(path[-1])]
    ours = [path for path in books if is_labs_file(path[-1], lab)] or books
    homes = {path[:-1] for path in ours} or {path[:-1] for path in one.files}
    found: dict[str, Member] = {}
    for path, member in sorted(one.files.items()):
        beside = path[:-1] in homes or path[-1] in ANYWHERE
        if beside and path[-1] != TIMESTAMP:
            found[_free(path[-1], found)] = member
    if len(ours) == 1 and _is_certain(ours[0][-1], one.claim, lab):
        member = one.files[ours[0]]
        found = {name: other for name, other in found.items() if other is not member}
        found[f"{lab}.ipynb"] = member
    return found


def _is_certain(name: str, claim: Claim, lab: str) -> bool:
    """Whether the one notebook is the lab's: by its name, or because that is the student's."""
    stem = PurePath(undisguised(name)).stem
    return is_labs_file(name, lab) or claim.text == name or beside_lab(stem, lab) != bare(stem)


def _free(name: str, taken: dict[str, Member]) -> str:
    number, new = 1, name
    while new in taken:
        number += 1
        path = PurePath(name)
        new = f"{path.stem} ({number}){path.suffix}"
    return new
