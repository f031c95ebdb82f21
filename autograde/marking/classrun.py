"""Grade a class: take in, normalise, run, judge, record. One writer, many sessions."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from itertools import islice
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograde.authoring import build
from autograde.errors import DesignedError
from autograde.gradebook import cells, changes, deadlines, late, scores
from autograde.gradebook.scores import Gradebook
from autograde.gradebook.sound import restore, sound
from autograde.gradebook.stored import Book, stored
from autograde.handing_in import intake, roster
from autograde.handing_in.beside import OFFICIAL
from autograde.handing_in.collecting import record
from autograde.handing_in.normalise import Flag
from autograde.marking import engine, hidden, journal, needs, seal
from autograde.marking.job import Job
from autograde.marking.marker import Marked, Marker
from autograde.nbgrader_settings import own
from autograde.results import ClassResult, Item, Move, StudentResult
from autograde.sandbox import Warm, proven

ENVIRONMENT = {"COURSE_PROFILE": "grade"}

OnResult = Callable[[StudentResult, int, int], None]


class GradeError(DesignedError):
    """Grading can't begin; the message says what was expected and what to do."""


def grade(job: Job, on_result: OnResult | None = None) -> ClassResult:
    """Grade every submission of a lab.

    Raises:
        GradeError: no submissions folder.
        GradebookError: the gradebook is locked, can't be written, or is something else's.
        autograde.sandbox.IsolationError: a wall is missing and ``isolation`` demands it.
    """
    begun = time.monotonic()
    students = _students(job)
    mended = sound(job.gradebook, datetime.now())
    # Nothing of the class may be seen from inside; all that notebooks may know is the profile.
    hidden = [job.work, job.submissions]
    warm = Warm(isolation=job.isolation, hidden=hidden, environment=ENVIRONMENT)
    with closing(warm.begin()):  # it warms up while the release is made
        release, changed = _release(job)
        checks = _check_keys(job.lab, release)
        expected = engine.expected_files(job.lab, checks)
        before = seal.handed_in(job, expected)
        marker = Marker(job, release, warm, journal.read(job.journal), checks)
        with warm, scores.opened(job.gradebook) as book:
            proven(warm)
            writer = Writer(job, book, checks, stored(job.gradebook, job.lab))
            results, moves, open_ = [], list[Move](), False
            for marked in _in_rounds(marker, job, expected):
                writer.record(marked)
                results.append(marked.result)
                moves += _moves(marker, marked)
                open_ |= bool(marked.open)
                if on_result:
                    on_result(marked.result, len(results), len(students))
            restore(book, job.gradebook, job.lab)
            if (known := record.read(job.work, job.lab)).rule:
                deadlines.applied(book, job.lab, known)
            else:
                late.penalise(book, job.lab, own(job.tree.root))
    results, common = _folded(sorted(results, key=lambda result: result.student))
    class_ = ClassResult(
        job.lab,
        tuple(results),
        job.isolation,
        tuple(sorted(moves)),
        (
            *_told("gradebook-rebuilt", mended),
            *_told("lab-changed", str(changed)),
            *common,
            *roster.gone(students, writer.before.students),
            *roster.strays(job.submissions),
        ),
        time.monotonic() - begun,
    )
    with _whole(job.results) as draft:
        draft.write_text(json.dumps(class_.as_json(), indent=1, ensure_ascii=False) + "\n", "utf-8")
    if not (open_ or mended or str(changed)):
        seal.put(job, expected, before)
    return class_


def _folded(results: list[StudentResult]) -> tuple[list[StudentResult], tuple[Flag, ...]]:
    """Marks that most of a class has changed alike were changed by the lab: told once."""
    graded = [one for one in results if one.outcome == "graded"]
    counts = Counter(flag for one in graded for flag in one.flags if flag.code == "marks-restored")
    common = {flag for flag, count in counts.items() if count > max(2, len(graded) // 2)}
    if not common:
        return results, ()
    message = (
        f"Most notebooks have other grading metadata than the lab for "
        f"{', '.join(sorted({flag.cell for flag in common}))}: it changed after it was handed out. "
        "The lab's counts for all."
    )
    folded = [
        replace(
            one,
            flags=tuple(
                replace(flag, severity="info") if flag in common else flag for flag in one.flags
            ),
        )
        for one in results
    ]
    return folded, _told("lab-changed", message)


def _told(code: str, message: str) -> tuple[Flag, ...]:
    return (Flag(code, "attention", "", message),) if message else ()


def _students(job: Job) -> list[str]:
    wanted = f"STUDENT/{job.lab}/{job.lab}.ipynb"
    if not job.submissions.is_dir():
        raise GradeError(
            f"no submissions folder {job.submissions}: expected {wanted} in it. Name it with "
            "--submissions."
        )
    if found := roster.students(job.submissions):
        return found
    flat = [flag.message for flag in roster.strays(job.submissions)]
    raise GradeError(
        " ".join([f"{job.submissions} has no student folders: expected {wanted} in it.", *flat])
    )


def _release(job: Job) -> tuple[NotebookNode, changes.Changes]:
    """The student notebook as released now; the gradebook learns the lab's cells."""
    job.work.mkdir(parents=True, exist_ok=True)
    solution = build.expected(job.tree, job.lab).solution
    changed = changes.follow(job.gradebook, job.lab, solution)
    cells.record(job.lab, solution, job.work)
    path = job.work / "release" / job.lab / f"{job.lab}.ipynb"
    return nbformat.read(path, as_version=4), changed


def _in_rounds(marker: Marker, job: Job, expected: Mapping[str, str]) -> Iterator[Marked]:
    """Results as they come; who takes long is graded when all the others are done."""
    late = set[str]()
    collect = partial(intake.collect, job.submissions, job.lab, others=job.others)
    submissions = collect(expected=expected)
    for found in _in_parallel(partial(marker.mark, hurried=True), submissions, job.jobs):
        if isinstance(found, Marked):
            yield found
        else:
            late.add(found)
    if late:
        again = collect(expected=expected)
        those = (one for one in again if one.student in late)
        results = _in_parallel(marker.mark, those, job.jobs)
        yield from (found for found in results if isinstance(found, Marked))


def _in_parallel(
    work: Callable[[intake.Submission], Marked | str],
    submissions: Iterator[intake.Submission],
    jobs: int,
) -> Iterator[Marked | str]:
    """Results as they come, ``jobs`` students at a time; few submissions are read ahead."""
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(work, one) for one in islice(submissions, 2 * jobs)}
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                waiting |= {pool.submit(work, one) for one in islice(submissions, len(done))}
                for future in done:
                    yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _check_keys(lab: str, release: NotebookNode) -> dict[str, str]:
    marks = [
        cell.metadata.get("nbgrader", {}) for cell in release.cells if cell.cell_type == "code"
    ]
    names = [mark["grade_id"] for mark in marks if mark.get("grade")]
    return {
        name: journal.check_key(
            hidden.check(lab, name), [*hidden.sources(lab, name), *needs.sources(lab, name)]
        )
        for name in names
    }


@dataclass
class Writer:
    """What grading writes of each student; ``before`` is what the gradebook had at the start."""

    job: Job
    book: Gradebook
    checks: Mapping[str, str]
    before: Book

    def record(self, marked: Marked) -> None:
        """Notebook, journal, gradebook, in this order: a kill between them loses nothing."""
        student = marked.result.student
        place = self.job.autograded(student)
        if marked.notebook is not None:
            _write(place, marked.notebook)
            written = journal.notebook_key(place)
            settled = {k: v for k, v in self.checks.items() if k not in marked.open}
            entry = journal.Entry(
                marked.submission, settled, marked.result, written, marked.answers, marked.handed
            )
            journal.append(self.job.journal, entry)
        _put_beside(place.parent, marked.official)
        self._save(marked)

    def _save(self, marked: Marked) -> None:
        student, lab, result = marked.result.student, self.job.lab, marked.result
        last = self._saved.get(student, marked.answers if marked.notebook is None else {})
        changed = {name for name, one in marked.answers.items() if last.get(name) != one}
        known = self.before.students.get(student)
        if not scores.is_saved(known, result, changed, marked.timestamp):
            scores.save(self.book, lab, result, changed, marked.timestamp)
        if self._saved.get(student) != marked.answers:
            journal.note_saved(self.job.saved, student, marked.answers)

    @cached_property
    def _saved(self) -> dict[str, dict[str, str]]:
        return journal.saved(self.job.saved)


def _put_beside(folder: Path, official: Mapping[str, bytes]) -> None:
    """nbgrader's own files beside a graded notebook, as its own grading leaves them there."""
    for name in OFFICIAL:
        place = folder / name
        if name not in official:
            place.unlink(missing_ok=True)
        elif not place.is_file() or place.read_bytes() != official[name]:
            place.write_bytes(official[name])


def _moves(marker: Marker, marked: Marked) -> list[Move]:
    result = marked.result
    entry = marker.known.get(result.student)
    if entry is None:
        return []
    before = {item.grade_id: item.points for item in entry.result.items}
    return [
        Move(result.student, name, before[name], item.points, _why(marker, entry, marked, item))
        for item in result.items
        if (name := item.grade_id) in before and before[name] != item.points
    ]


def _why(marker: Marker, entry: journal.Entry, marked: Marked, item: Item) -> str:
    """Why a score moved, as far as keys tell."""
    if item.status == "grader_error":
        return "it could not be asked this time"
    if entry.handed != marked.handed:
        return "handed in anew"
    if marker.job.force:
        return "graded anew"
    if entry.submission != marked.submission:
        return "the lab's notebook or the grader changed"
    if item.grade_id in entry.stale(marker.checks):
        return "its check changed"
    return "the check of an exercise that it uses changed"


def _write(path: Path, notebook: NotebookNode) -> None:
    with _whole(path) as draft:
        nbformat.write(notebook, draft)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A draft that takes the file's place when it is written: at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    yield draft
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)
