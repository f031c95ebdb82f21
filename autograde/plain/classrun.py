"""Grade a class's hand-ins of an assignment that is not the course's."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import datetime
from functools import partial

from autograde.gradebook import late, scores
from autograde.gradebook.sound import restore, sound
from autograde.gradebook.stored import stored
from autograde.handing_in import roster
from autograde.handing_in.normalise import Flag
from autograde.marking import journal
from autograde.marking.rounds import OnResult, Writer, grade_all, note
from autograde.plain.handed import collect
from autograde.plain.job import PRELOAD, PlainError, PlainJob
from autograde.plain.marker import Marker
from autograde.plain.master import masters
from autograde.plain.sitting import limits
from autograde.results import ClassResult
from autograde.sandbox import Warm, proven

ENVIRONMENT = {"NBGRADER_EXECUTION": "autograde"}  # as nbgrader's own grading sets it


def grade(job: PlainJob, on_result: OnResult | None = None) -> ClassResult:
    """Grade every submission of an assignment.

    Raises:
        PlainError: there are no submissions, or nbgrader refuses the assignment.
        GradebookError: the gradebook is locked, can't be written, or is something else's.
        autograde.sandbox.IsolationError: a wall is missing and ``isolation`` demands it.
    """
    begun, students = time.monotonic(), _students(job)
    mended = sound(job.gradebook, datetime.now())
    warm = Warm(
        limits(job.timeout),
        isolation=job.isolation,
        preload=dict.fromkeys([*PRELOAD, *job.preload]),
        hidden=[job.folder, job.work, job.submissions],
        environment=ENVIRONMENT,
    )
    with closing(warm.begin()):  # it warms up while the release is made
        books = masters(job)
        checks = {name: key for book in books for name, key in book.tests.items()}
        marker = Marker(warm, journal.read(job.journal), checks, job=job, masters=books)
        names = [book.name for book in books]
        hand_ins = partial(collect, job.submissions, job.lab, names)
        with warm, scores.opened(job.gradebook) as book:
            proven(warm)
            writer = Writer(job, book, checks, stored(job.gradebook, job.lab))
            graded = grade_all(marker, hand_ins, writer, len(students), on_result, names=students)
            restore(book, job.gradebook, job.lab, writer.anew)
            late.penalise(book, job.lab, job.config)
    flags = (Flag("gradebook-rebuilt", "attention", "", mended),) if mended else ()
    class_ = ClassResult(
        job.lab,
        tuple(sorted(graded.results, key=lambda result: result.student)),
        job.isolation,
        tuple(sorted(graded.moves)),
        (
            *flags,
            *roster.gone(students, writer.before.students),
            *roster.strays(job.submissions),
        ),
        time.monotonic() - begun,
    )
    note(job, class_)
    return class_


def _students(job: PlainJob) -> list[str]:
    found = roster.students(job.submissions) if job.submissions.is_dir() else []
    if not found:
        raise PlainError(
            f"{job.submissions}: expected STUDENT/{job.lab}/*.ipynb in it. Name the folder with "
            "--submissions."
        )
    return found
