"""Grade a class: take in, normalise, run, judge, record. One writer, many sessions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograde import build, engine, gradebook, intake
from autograde.normalise import normalise
from autograde.results import ClassResult, StudentResult
from autograde.sandbox import Warm
from autograde.tree import Tree

OnResult = Callable[[StudentResult, int, int], None]


class GradeError(Exception):
    """Grading can't begin; the message says what was expected and what to do."""


@dataclass(frozen=True)
class Job:
    """One lab's grading: where things come from and go to."""

    tree: Tree
    lab: str
    submissions: Path
    work: Path
    isolation: str = "full"
    jobs: int = 2

    def autograded(self, student: str) -> Path:
        """Where the graded notebook of a student goes, in nbgrader's tree."""
        return self.work / "autograded" / student / self.lab / f"{self.lab}.ipynb"


def grade(job: Job, on_result: OnResult | None = None) -> ClassResult:
    """Grade every submission of a lab.

    Raises:
        GradeError: no submissions folder, or the lab changed under a gradebook with scores.
        autograde.sandbox.IsolationError: a wall is missing and ``isolation`` demands it.
    """
    begun = time.monotonic()
    submissions = _submissions(job)
    release = _release(job)
    results: list[StudentResult] = []
    with (
        Warm(isolation=job.isolation) as warm,
        gradebook.opened(job.work / "gradebook.db") as book,
    ):
        for result, notebook in _graded(job, submissions, release, warm):
            _write(job, result.student, notebook)
            gradebook.save(book, job.lab, result)
            results.append(result)
            if on_result:
                on_result(result, len(results), len(submissions))
    results.sort(key=lambda result: result.student)
    return ClassResult(job.lab, tuple(results), job.isolation, time.monotonic() - begun)


def _submissions(job: Job) -> list[intake.Submission]:
    if not job.submissions.is_dir():
        raise GradeError(
            f"no submissions folder {job.submissions}: expected STUDENT/{job.lab}/{job.lab}.ipynb "
            "in it. Name it with --submissions."
        )
    found = list(intake.collect(job.submissions, job.lab))
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
    build.release_with_nbgrader(job.lab, solution, job.work, database=True)
    return nbformat.read(job.work / "release" / job.lab / f"{job.lab}.ipynb", as_version=4)


def _graded(
    job: Job, submissions: list[intake.Submission], release: NotebookNode, warm: Warm
) -> Iterator[tuple[StudentResult, NotebookNode]]:
    """Results as they come, ``job.jobs`` students at a time."""
    with ThreadPoolExecutor(job.jobs) as pool:
        waiting: set[Future[tuple[StudentResult, NotebookNode]]] = {
            pool.submit(_one, job, submission, release, warm) for submission in submissions
        }
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _one(
    job: Job, submission: intake.Submission, release: NotebookNode, warm: Warm
) -> tuple[StudentResult, NotebookNode]:
    begun = time.monotonic()
    flags, notebook = list(submission.flags), None
    if submission.data is not None:
        normalised = normalise(submission.data, release)
        flags += normalised.flags
        notebook = normalised.notebook
    if notebook is None:
        outcome = "ungradable" if submission.path or submission.data else "not handed in"
        items, notebook = engine.ungraded(release), release
    else:
        graded = engine.grade(job.lab, notebook, warm, submission.extra_files)
        outcome, items, notebook = "graded", graded.items, graded.notebook
    seconds = time.monotonic() - begun
    result = StudentResult(submission.student, outcome, items, tuple(flags), seconds)
    return result, notebook


def _write(job: Job, student: str, notebook: NotebookNode) -> None:
    path = job.autograded(student)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # an earlier one may be read-only
    nbformat.write(notebook, path)
