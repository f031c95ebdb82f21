"""Grade student by student, in rounds, and write down what came out: one writer."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

import nbformat
from nbformat import NotebookNode

from autograde.gradebook import scores
from autograde.gradebook.scores import Gradebook
from autograde.gradebook.sound import GradebookError
from autograde.gradebook.stored import Book
from autograde.handing_in.beside import OFFICIAL
from autograde.marking import journal
from autograde.marking.crews import Crew, Pool
from autograde.marking.grader import Delayed, Grader, Handed, Marked, S
from autograde.marking.job import Paths
from autograde.marking.pace import LAST, Round
from autograde.results import ClassResult, Item, Move, StudentResult

OnResult = Callable[[StudentResult, int, int], None]


S_co = TypeVar("S_co", bound=Handed, covariant=True)


class Collect(Protocol[S_co]):
    """Gives submissions, each read when it is asked for."""

    def __call__(self, *, only: Collection[str] | None = None) -> Iterator[S_co]:
        """By student; of these alone, where they are named."""


TOGETHER = 32
"""Students of whom the gradebook is told at once, at most."""

LONGEST = 2.0
"""Seconds after which it is told of fewer, when the next one is done."""


DRAWS = 64
"""How often the folder is read to draw an order, at most: a large class is drawn in groups."""


@dataclass
class Graded:
    """A class, as far as it is graded; ``open``: something is to be asked again."""

    results: list[StudentResult] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    open: bool = False


def grade_all(
    grader: Grader[S],
    collect: Collect[S],
    writer: Writer,
    total: int,
    on_result: OnResult | None = None,
    crew: Crew[S] | None = None,
    names: Sequence[str] = (),
) -> Graded:
    """Grade everybody; each is written down when done.

    Args:
        grader: of one student.
        collect: gives the submissions, each time from the first, each read when it is asked for.
        writer: of what comes out.
        total: how many submissions there are.
        on_result: told of each.
        crew: who grades; threads of this process if not said.
        names: everybody's, to be graded in an order that is drawn; without them, as they come.
    """
    graded, share = Graded(), journal.Shared()
    with writer:
        for marked in _in_rounds(crew or Pool(grader), collect, names):
            writer.record(marked)
            graded.results.append(share(marked.result))
            graded.moves += _moves(grader, marked)
            graded.open |= bool(marked.open)
            if on_result:
                on_result(marked.result, len(graded.results), total)
    return graded


def _in_rounds(crew: Crew[S], collect: Collect[S], names: Sequence[str] = ()) -> Iterator[Marked]:
    """Results as they come. Who takes long is graded when the others are done, and before the rest
    whoever may have been nearly done.
    """
    late = yield from _through(crew, _drawn(collect, names) if names else collect(), 0)
    for round_ in range(1, LAST + 1):
        waiting, late = late, []
        for steady in (True, False):
            some = {one.student for one in waiting if one.steady is steady}
            if some:
                late += yield from _through(crew, collect(only=some), round_)


def _drawn(collect: Collect[S], names: Sequence[str]) -> Iterator[S]:
    """Everybody, in an order that nobody knows: who comes first in the roster decides neither what
    the class is taken to need (:mod:`autograde.marking.pace`) nor whom all others wait for.
    """
    order = random.SystemRandom().sample(names, len(names))  # a lab's code may seed the other ones
    size = max(1, len(order) // DRAWS)
    for at in range(0, len(order), size):
        yield from collect(only={*order[at : at + size]})


def _through(
    crew: Crew[S], submissions: Iterator[S], round_: Round
) -> Generator[Marked, None, list[Delayed]]:
    late = list[Delayed]()
    for found in crew.through(submissions, round_):
        if isinstance(found, Marked):
            yield found
        else:
            late.append(found)
    return late


@dataclass
class Writer:
    """What grading writes of each student; ``before`` is what the gradebook had at the start.

    The gradebook is told of several students at once, since what a commit costs the disk grows with
    the rows that are there, not with the new ones: nbgrader's keys lie anywhere among them.
    """

    job: Paths
    book: Gradebook
    checks: Mapping[str, str]
    before: Book
    anew: set[tuple[str, str]] = field(default_factory=set)
    _waiting: dict[str, tuple[Marked, set[str]]] = field(default_factory=dict)
    _since: float = 0.0

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if not isinstance(error, GradebookError):  # it would only be refused once more
            self._tell()

    def record(self, marked: Marked) -> None:
        """Notebook, journal, gradebook, in this order: a kill between them loses nothing."""
        student = marked.result.student
        places = {self.job.autograded(student, name): one for name, one in marked.notebooks.items()}
        for place, notebook in places.items():
            _write(place, notebook)
        if places:
            written = journal.notebooks_key(places)
            settled = {k: v for k, v in self.checks.items() if k not in marked.open}
            entry = journal.Entry(
                marked.submission, settled, marked.result, written, marked.answers, marked.handed
            )
            journal.append(self.job.journal, entry)
        _put_beside(self.job.autograded(student).parent, marked.official, marked.beside)
        self._save(marked)

    def _save(self, marked: Marked) -> None:
        student, result = marked.result.student, marked.result
        last = self._saved.get(student, {} if marked.notebooks else marked.answers)
        changed = {name for name, one in marked.answers.items() if last.get(name) != one}
        self.anew |= {(student, name) for name in changed & last.keys()}
        known = self.before.students.get(student)
        if scores.is_saved(known, result, changed, marked.timestamp):
            self._note([marked])
            return
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting[student] = marked, changed
        if len(self._waiting) >= TOGETHER or time.monotonic() - self._since > LONGEST:
            self._tell()

    def _tell(self) -> None:
        """Write those that wait into the gradebook, then that it knows them."""
        told = [*self._waiting.values()]
        if told:
            every = (scores.Scored(one.result, new, one.timestamp) for one, new in told)
            scores.save(self.book, self.job.lab, *every)
            self._waiting = {}  # not before: Ctrl-C amid a commit takes it back
            self._note([one for one, _ in told])

    def _note(self, told: Iterable[Marked]) -> None:
        answers = {one.result.student: one.answers for one in told}
        new = {name: one for name, one in answers.items() if self._saved.get(name) != one}
        if new:
            journal.note_saved(self.job.saved, new)

    @cached_property
    def _saved(self) -> dict[str, dict[str, str]]:
        return journal.saved(self.job.saved)


def _put_beside(folder: Path, official: Mapping[str, bytes], beside: Mapping[str, bytes]) -> None:
    """nbgrader's own files beside a graded notebook, as its own grading leaves them there, and
    others that go with it.
    """
    for name, data in beside.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    for name in OFFICIAL:
        place = folder / name
        if name not in official:
            place.unlink(missing_ok=True)
        elif not place.is_file() or place.read_bytes() != official[name]:
            place.write_bytes(official[name])


def _moves(grader: Grader[Any], marked: Marked) -> list[Move]:
    result = marked.result
    entry = grader.known.get(result.student)
    if entry is None:
        return []
    before = {item.grade_id: item.points for item in entry.result.items}
    return [
        Move(result.student, name, before[name], item.points, _why(grader, entry, marked, item))
        for item in result.items
        if (name := item.grade_id) in before and before[name] != item.points
    ]


def _why(grader: Grader[Any], entry: journal.Entry, marked: Marked, item: Item) -> str:
    """Why a score moved, as far as keys tell."""
    if item.status == "grader_error":
        return "it could not be asked this time"
    if entry.handed != marked.handed:
        return "handed in anew"
    if grader.paths.force:
        return "graded anew"
    if entry.submission != marked.submission:
        return "the lab's notebook or the grader changed"
    if item.grade_id in entry.stale(grader.checks):
        return "its check changed"
    return "the check of an exercise that it uses changed"


def note(paths: Paths, found: ClassResult) -> None:
    """Write what a grading found that came to its end."""
    with _whole(paths.results) as draft:
        draft.write_text(json.dumps(found.as_json(), indent=1, ensure_ascii=False) + "\n", "utf-8")


def _write(path: Path, notebook: NotebookNode) -> None:
    with _whole(path) as draft:  # valid since it was normalised: nbformat.write looks once more
        draft.write_text(nbformat.v4.writes(notebook) + "\n", "utf-8")


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A draft that takes the file's place when it is written: at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    yield draft
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)
