"""Grade a class: take in, normalise, run, judge, record. One writer, many sessions."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from functools import partial

import nbformat
from nbformat import NotebookNode

from autograde.authoring import build
from autograde.errors import DesignedError
from autograde.gradebook import cells, changes, deadlines, late, scores
from autograde.gradebook.sound import restore, sound
from autograde.gradebook.stored import stored
from autograde.handing_in import intake, roster
from autograde.handing_in.collecting import record
from autograde.handing_in.normalise import Flag
from autograde.marking import early, engine, hidden, journal, needs, seal
from autograde.marking.crews import place
from autograde.marking.job import Job
from autograde.marking.marker import Marker
from autograde.marking.rounds import OnResult, Writer, grade_all, note
from autograde.nbgrader_settings import own
from autograde.results import ClassResult, StudentResult
from autograde.sandbox import Warm, proven


class GradeError(DesignedError):
    """Grading can't begin; the message says what was expected and what to do."""


def grade(job: Job, on_result: OnResult | None = None, warm: Warm | None = None) -> ClassResult:
    """Grade every submission of a lab.

    Args:
        job: which lab's, and how.
        on_result: is told of each student.
        warm: the job's, already begun or not; by default one is made.

    Raises:
        GradeError: no submissions folder.
        GradebookError: the gradebook is locked, can't be written, or is something else's.
        autograde.sandbox.IsolationError: a wall is missing and ``isolation`` demands it.
        autograde.marking.schedulers.address.SchedulerError: the job's scheduler, or a worker of it,
            can't be had.
    """
    begun = time.monotonic()
    students = _students(job)
    mended = sound(job.gradebook, datetime.now())
    make = early.maker(job)
    warm = warm or make()
    with closing(place(job, make, warm, proven)) as there:  # it warms up while the release is made
        release, changed = _release(job)
        checks = _check_keys(job.lab, release)
        expected = engine.expected_files(job.lab, checks)
        before = seal.handed_in(job, expected)
        known = journal.read(job.journal)
        posting = partial(Marker, checks=checks, job=job, release=release)
        marker = posting(warm=warm, known=known)
        collect = partial(
            intake.collect, job.submissions, job.lab, expected=expected, others=job.others
        )
        with there.crew(marker, posting) as crew, scores.opened(job.gradebook) as book:
            writer = Writer(job, book, checks, stored(job.gradebook, job.lab))
            graded = grade_all(marker, collect, writer, len(students), on_result, crew, students)
            restore(book, job.gradebook, job.lab, writer.anew)
            if (kept := record.read(job.work, job.lab)).rule:
                deadlines.applied(book, job.lab, kept)
            else:
                late.penalise(book, job.lab, own(job.tree.root))
    results, common = _folded(sorted(graded.results, key=lambda result: result.student))
    class_ = ClassResult(
        job.lab,
        tuple(results),
        job.isolation,
        tuple(sorted(graded.moves)),
        (
            *_told("gradebook-rebuilt", mended),
            *_told("lab-changed", str(changed)),
            *common,
            *roster.gone(students, writer.before.students),
            *roster.strays(job.submissions),
        ),
        time.monotonic() - begun,
    )
    note(job, class_)
    if not (graded.open or mended or str(changed)):
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
    solution = build.notebook(job.tree, build.parse(job.tree, job.lab))
    changed = changes.follow(job.gradebook, job.lab, solution)
    cells.record(job.lab, solution, job.work)
    path = job.work / "release" / job.lab / f"{job.lab}.ipynb"
    return nbformat.read(path, as_version=4), changed


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
