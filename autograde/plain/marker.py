"""Grade one student's notebooks of an assignment."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nbformat import NotebookNode
from nbgrader.utils import is_solution

from autograde.gradebook import late
from autograde.handing_in.normalise import Flag, Normalised, normalise
from autograde.marking import journal
from autograde.marking.engine import Graded
from autograde.marking.grader import Grader, Marked, noticed, unknown
from autograde.marking.marker import answers_of
from autograde.plain.handed import HandIn
from autograde.plain.job import PlainJob
from autograde.plain.master import Master, untouched
from autograde.plain.sitting import sit
from autograde.plain.suspects import reached_for
from autograde.results import Handing, Item, StudentResult


@dataclass(frozen=True)
class Read:
    """A student's notebook, made well-formed; without one where nothing could be read."""

    master: Master
    notebook: NotebookNode | None
    flags: tuple[Flag, ...]


@dataclass(frozen=True)
class Marker(Grader[HandIn]):
    """Everything that grading one student needs besides the submission."""

    job: PlainJob
    masters: tuple[Master, ...]

    @property
    def paths(self) -> PlainJob:
        """Where things come from and go to."""
        return self.job

    def _blank(self) -> tuple[Item, ...]:
        return tuple(item for master in self.masters for item in master.blank())

    def _notices(self, flags: tuple[Flag, ...]) -> dict[str, NotebookNode]:
        return {master.name: noticed(master.release, flags) for master in self.masters}

    def _marked(self, submission: HandIn, within: float | None) -> Marked:
        books = [self._read(master, submission) for master in self.masters]
        timestamp, odd = late.handed_in(submission.official)
        told = (flag for one in books for flag in (*one.flags, *_reaching(one)))
        flags = (*submission.flags, *odd, *told)
        files = self._files(submission)
        key = self._key(books, flags, files)
        marked = self._known(submission, key)
        if marked is None:
            marked = self._graded(submission, books, flags, key, within)
            marked = replace(marked, beside=files if submission.path else {})
        digest = hashlib.sha256()
        for name, data in sorted(submission.notebooks.items()):
            digest.update(name.encode() + b"\0" + data)
        official = {} if odd else submission.official
        return replace(marked, timestamp=timestamp, official=official, handed=digest.hexdigest())

    def _read(self, master: Master, submission: HandIn) -> Read:
        data = submission.notebooks.get(master.name)
        found = normalise(data, master.release) if data is not None else Normalised(None, ())
        flags = tuple(
            replace(flag, cell=master.named(flag.cell)) if flag.cell else self._placed(master, flag)
            for flag in found.flags
        )
        book = master.filled(found.notebook) if found.notebook is not None else None
        return Read(master, book, (*flags, *_unanswered(master, book)))

    def _placed(self, master: Master, flag: Flag) -> Flag:
        several = len(self.masters) > 1
        return replace(flag, message=f"{master.name}: {flag.message}") if several else flag

    def _files(self, submission: HandIn) -> dict[str, bytes]:
        """What lies beside the notebooks: the assignment's own count, but for what is editable."""
        job = self.job
        first = {name: data for name, data in job.given.items() if name in job.editable}
        last = {name: data for name, data in job.given.items() if name not in job.editable}
        return {**first, **submission.files, **last}

    def _key(self, books: list[Read], flags: tuple[Flag, ...], files: dict[str, bytes]) -> str:
        facts = {
            "notebooks": {one.master.name: one.notebook for one in books},
            "masters": [master.key for master in self.masters],
            "limits": [self.job.timeout, *self.job.preload],
        }
        return journal.submission_key(facts, flags, files)  # type: ignore[arg-type]

    def _known(self, submission: HandIn, key: str) -> Marked | None:
        """What the journal has, where it holds."""
        entry = self.known.get(submission.student)
        if self.job.force or entry is None or entry.submission != key or entry.stale(self.checks):
            return None
        places = [self.job.autograded(submission.student, one.name) for one in self.masters]
        there = journal.notebooks_key(place for place in places if place.is_file())
        if entry.notebook != there:
            return None
        return Marked(entry.result, entry.submission, {}, answers=entry.answers)

    def _graded(
        self,
        submission: HandIn,
        books: list[Read],
        flags: tuple[Flag, ...],
        key: str,
        within: float | None,
    ) -> Marked:
        begun, name = time.monotonic(), submission.student
        readable = [one for one in books if one.notebook is not None]
        if not readable:
            outcome: Handing = "not handed in" if submission.path is None else "ungradable"
            return self._nothing(name, outcome, flags, key)
        with self.turns.shared():
            graded = self._run(submission, readable, within)
        self.pace.note(sum(one.seconds for one in graded.values()))
        if any(one.starved or one.killed for one in graded.values()):
            with self.turns.alone():
                graded = self._run(submission, readable, None)
        items, told = list[Item](), list[Flag]()
        for master in self.masters:
            found, more = unknown(graded[master.name]) if master.name in graded else ((), ())
            items += found or master.blank()
            told += (*(graded[master.name].flags if master.name in graded else ()), *more)
        result = StudentResult(
            name, "graded", tuple(items), (*flags, *told), time.monotonic() - begun
        )
        done = {name: one.notebook for name, one in graded.items()}
        open_ = frozenset[str]().union(*(one.starved for one in graded.values()))
        return Marked(result, key, done, open_, dict(_answers(readable)))

    def _run(
        self, submission: HandIn, books: list[Read], within: float | None
    ) -> dict[str, Graded]:
        files, seconds, left = self._files(submission), self.job.timeout, within
        found = dict[str, Graded]()
        for one in books:
            if one.notebook is not None:
                graded = sit(one.master, one.notebook.copy(), self.warm, files, seconds, left)
                found[one.master.name] = graded
                left = None if left is None else max(0.0, left - graded.seconds)
        return found


def _answers(books: list[Read]) -> Iterator[tuple[str, str]]:
    for one in books:
        if one.notebook is not None:
            for name, digest in answers_of(one.notebook).items():
                yield one.master.named(name), digest


def _reaching(one: Read) -> Iterator[Flag]:
    if one.notebook is None:
        return
    given = [cell.source for cell in one.master.release.cells]
    given += [source.source for source in one.master.sources.values()]
    if found := reached_for(one.notebook, given):
        told = "; ".join(f"{name} ({what})" for name, what in found.items())
        message = (
            f"{one.master.name}: the code names {told}. Tests run in the student's own process: "
            "look whether the points are earned."
        )
        yield Flag("reaches-out", "attention", "", message)


def _unanswered(master: Master, book: NotebookNode | None) -> Iterator[Flag]:
    """nbgrader's comment on answers that are as they were handed out."""
    for cell in book.cells if book is not None else ():
        if is_solution(cell) and untouched(cell):
            name = master.named(cell.metadata.nbgrader["grade_id"])
            yield Flag("no-response", "info", name, "No response.")
