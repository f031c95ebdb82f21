"""Grade a class: take in, normalise, run, judge, record. One writer, many sessions."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograde.authoring import build
from autograde.authoring.source import ANSWER
from autograde.errors import DesignedError
from autograde.gradebook import cells, scores
from autograde.gradebook.scores import Gradebook
from autograde.gradebook.sound import restore, sound
from autograde.handing_in import intake, roster
from autograde.handing_in.normalise import Flag, normalise
from autograde.handing_in.normalise.flags import shown
from autograde.handing_in.normalise.to_student import in_markdown, to_student
from autograde.marking import engine, hidden, journal, needs
from autograde.marking.carried import carried, odd
from autograde.marking.evidence import CODE, evidence, merged
from autograde.marking.life import Later
from autograde.marking.turns import Turns
from autograde.results import ClassResult, Handing, Item, Move, StudentResult, results_of
from autograde.sandbox import Isolation, SandboxError, Warm, proven
from autograde.tree import Tree

ENVIRONMENT = {"COURSE_PROFILE": "grade"}

OnResult = Callable[[StudentResult, int, int], None]


class GradeError(DesignedError):
    """Grading can't begin; the message says what was expected and what to do."""


@dataclass(frozen=True)
class Job:
    """One lab's grading: where things come from and go to."""

    tree: Tree
    lab: str
    submissions: Path
    work: Path
    isolation: Isolation = "full"
    jobs: int = 2

    @property
    def journal(self) -> Path:
        """What is already graded."""
        return self.work / "journal" / f"{self.lab}.jsonl"

    @property
    def results(self) -> Path:
        """What the last grading that came to its end found, as JSON."""
        return results_of(self.work, self.lab)

    def autograded(self, student: str) -> Path:
        """Where the graded notebook of a student goes, in nbgrader's tree."""
        return self.work / "autograded" / student / self.lab / f"{self.lab}.ipynb"


def grade(job: Job, on_result: OnResult | None = None) -> ClassResult:
    """Grade every submission of a lab.

    Raises:
        GradeError: no submissions folder, or the lab changed under a gradebook with scores.
        GradebookError: the gradebook is locked, can't be written, or is something else's.
        autograde.sandbox.IsolationError: a wall is missing and ``isolation`` demands it.
    """
    begun = time.monotonic()
    students = _students(job)
    gradebook = job.work / "gradebook.db"
    mended = sound(gradebook, datetime.now())
    # Nothing of the class may be seen from inside; all that notebooks may know is the profile.
    hidden = [job.work, job.submissions]
    warm = Warm(isolation=job.isolation, hidden=hidden, environment=ENVIRONMENT)
    with closing(warm.begin()):  # it warms up while the release is made
        release = _release(job)
        checks = _check_keys(job.lab, release)
        expected = engine.expected_files(job.lab, checks)
        marker = Marker(job, release, warm, journal.read(job.journal), checks)
        with warm, scores.opened(gradebook) as book:
            proven(warm)
            results, moves = [], list[Move]()
            for marked in _in_rounds(marker, job, expected):
                _record(job, book, marked, marker.checks)
                results.append(marked.result)
                moves += _moves(marker.known.get(marked.result.student), marked.result)
                if on_result:
                    on_result(marked.result, len(results), len(students))
            restore(book, gradebook, job.lab)
    results.sort(key=lambda result: result.student)
    class_ = ClassResult(
        job.lab,
        tuple(results),
        job.isolation,
        tuple(sorted(moves)),
        (*_rebuilt(mended), *roster.strays(job.submissions)),
        time.monotonic() - begun,
    )
    with _whole(job.results) as draft:
        draft.write_text(json.dumps(class_.as_json(), indent=1, ensure_ascii=False) + "\n", "utf-8")
    return class_


def _rebuilt(mended: str) -> tuple[Flag, ...]:
    return (Flag("gradebook-rebuilt", "attention", "", mended),) if mended else ()


@dataclass(frozen=True)
class Marked:
    """A student's result; ``notebook`` is None when the earlier grading still holds. ``open`` are
    checks that the next run puts again.
    """

    result: StudentResult
    submission: str
    notebook: NotebookNode | None
    open: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Marker:
    """Everything that grading one student needs besides the submission."""

    job: Job
    release: NotebookNode
    warm: Warm
    known: dict[str, journal.Entry]
    checks: dict[str, str]
    turns: Turns = field(default_factory=Turns)

    def mark(self, submission: intake.Submission, hurried: bool = False) -> Marked | str:
        """Grade one student, as far as the journal does not have it. What goes wrong with one
        never stops the class, unless the sandbox itself is gone.

        Returns:
            What came out; or, where it is hurried and takes long, only the student's name.
        """
        try:
            marked = self._marked(submission, hurried)
            self.warm.check()  # or its end was taken for the end of the student's process
            return marked
        except Later:
            return submission.student
        except SandboxError:
            raise
        except Exception as error:
            return self._broken(submission, error)

    def _broken(self, submission: intake.Submission, error: Exception) -> Marked:
        """The grader's own failure: no points are known, and the next run tries again."""
        told = (
            f"The grader itself failed ({type(error).__name__}: {shown(str(error))}). "
            "No points are lost: grade by hand, or grade again."
        )
        items = tuple(
            replace(item, status="grader_error", points=None)
            for item in engine.ungraded(self.release)
        )
        flags = (*submission.flags, Flag("grader-failed", "ungradable", "", told))
        result = StudentResult(submission.student, "graded", items, flags)
        return Marked(result, "", _noticed(self.release, flags))

    def _marked(self, submission: intake.Submission, hurried: bool) -> Marked:
        flags, notebook = list(submission.flags), None
        if submission.data is not None:
            normalised = normalise(submission.data, self.release)
            flags += normalised.flags
            notebook = normalised.notebook
        key = journal.submission_key(notebook, flags, submission.extra_files)
        entry = self.known.get(submission.student)
        if entry is None or entry.submission != key:
            return self._graded(submission, notebook, tuple(flags), key, hurried, {})
        stale = entry.stale(self.checks)
        place = self.job.autograded(submission.student)
        if not stale and entry.notebook == journal.notebook_key(place):
            return Marked(entry.result, key, None)
        kept = {item.grade_id: item for item in entry.result.items if item.grade_id not in stale}
        return self._graded(
            submission, notebook, tuple(flags), key, hurried, kept, _seen(entry, kept)
        )

    def _graded(
        self,
        submission: intake.Submission,
        notebook: NotebookNode | None,
        flags: tuple[Flag, ...],
        key: str,
        hurried: bool,
        kept: dict[str, Item],
        seen: tuple[Flag, ...] = (),
    ) -> Marked:
        begun = time.monotonic()
        name = submission.student
        if notebook is None:
            outcome: Handing = "not handed in" if submission.path is None else "ungradable"
            result = StudentResult(name, outcome, engine.ungraded(self.release), flags)
            return Marked(result, key, _noticed(self.release, flags))
        with self.turns.shared():
            graded = self._run(submission, notebook, kept, hurried)
        if graded.starved:
            settled = {one.grade_id: one for one in graded.items if one.report}
            settled = {name: one for name, one in settled.items() if name not in graded.starved}
            seen = (*seen, *graded.seen)
            with self.turns.alone():
                graded = self._run(submission, notebook, settled)
        told = merged(evidence(self.job.lab, notebook), dict.fromkeys((*seen, *graded.seen)))
        flags = (*flags, *graded.flags, *told, *carried(self.job.lab, notebook), *odd(graded.items))
        items, busy = _waiting(graded)
        seconds = time.monotonic() - begun
        result = StudentResult(name, "graded", items, (*flags, *busy), seconds)
        return Marked(result, key, graded.notebook, graded.starved)

    def _run(
        self,
        submission: intake.Submission,
        notebook: NotebookNode,
        kept: dict[str, Item],
        hurried: bool = False,
    ) -> engine.Graded:
        return engine.grade(
            self.job.lab,
            notebook,
            self.warm,
            submission.extra_files,
            left_out=submission.left_out,
            release=self.release,
            kept=kept,
            hurried=hurried,
        )


def _waiting(graded: engine.Graded) -> tuple[tuple[Item, ...], tuple[Flag, ...]]:
    """The items; those wait for which the machine was too busy, even with nobody beside."""
    if not graded.starved:
        return graded.items, ()
    told = (
        f"this machine was too busy to put {', '.join(sorted(graded.starved))}. No points are "
        "lost: run the command again when it is less busy."
    )
    items = tuple(
        replace(item, status="grader_error", points=None)
        if item.grade_id in graded.starved
        else item
        for item in graded.items
    )
    return items, (Flag("machine-busy", "attention", "", told),)


def _seen(entry: journal.Entry, kept: dict[str, Item]) -> tuple[Flag, ...]:
    """What was told of calls, earlier, of answers whose checks are not put again."""
    cells = {ANSWER.format(name) for name in kept}
    return tuple(flag for flag in entry.result.flags if flag.code == CODE and flag.cell in cells)


def _students(job: Job) -> list[str]:
    if not job.submissions.is_dir():
        raise GradeError(
            f"no submissions folder {job.submissions}: expected STUDENT/{job.lab}/{job.lab}.ipynb "
            "in it. Name it with --submissions."
        )
    found = roster.students(job.submissions)
    if not found:
        raise GradeError(
            f"{job.submissions} has no student folders: expected "
            f"STUDENT/{job.lab}/{job.lab}.ipynb in it."
        )
    return found


def _release(job: Job) -> NotebookNode:
    """The student notebook as released now; the gradebook learns the lab's cells."""
    job.work.mkdir(parents=True, exist_ok=True)
    solution = build.expected(job.tree, job.lab).solution
    cells.record(job.lab, solution, job.work)
    return nbformat.read(job.work / "release" / job.lab / f"{job.lab}.ipynb", as_version=4)


def _in_rounds(marker: Marker, job: Job, expected: Mapping[str, str]) -> Iterator[Marked]:
    """Results as they come; who takes long is graded when all the others are done."""
    late = set[str]()
    submissions = intake.collect(job.submissions, job.lab, expected=expected)
    for found in _in_parallel(partial(marker.mark, hurried=True), submissions, job.jobs):
        if isinstance(found, Marked):
            yield found
        else:
            late.add(found)
    if late:
        again = intake.collect(job.submissions, job.lab, expected=expected)
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


def _record(job: Job, book: Gradebook, marked: Marked, checks: dict[str, str]) -> None:
    """Notebook, journal, gradebook, in this order: a kill between them loses nothing."""
    if marked.notebook is not None:
        place = job.autograded(marked.result.student)
        _write(place, marked.notebook)
        written = journal.notebook_key(place)
        settled = {name: key for name, key in checks.items() if name not in marked.open}
        entry = journal.Entry(marked.submission, settled, marked.result, written)
        journal.append(job.journal, entry)
    scores.save(book, job.lab, marked.result)


def _moves(entry: journal.Entry | None, result: StudentResult) -> list[Move]:
    before = {item.grade_id: item.points for item in entry.result.items} if entry else {}
    return [
        Move(result.student, item.grade_id, before[item.grade_id], item.points)
        for item in result.items
        if item.grade_id in before and before[item.grade_id] != item.points
    ]


def _noticed(release: NotebookNode, flags: tuple[Flag, ...]) -> NotebookNode:
    """The release with a first cell that tells the student why nothing was graded."""
    book = nbformat.from_dict(release)
    told = dict.fromkeys(filter(None, map(to_student, flags)))
    reasons = "\n".join(f"- {in_markdown(one)}" for one in told) or "- nothing was handed in"
    text = f"**Nothing could be graded.**\n\n{reasons}"
    # Students' own cells have no metadata: by its own, a page knows that this one is ours.
    book.cells.insert(0, nbformat.v4.new_markdown_cell(text, metadata={"course": {"notice": True}}))
    return book


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
