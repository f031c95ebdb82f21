"""Who grades: threads of this process, or the workers of a cluster, behind one face."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import islice
from typing import Protocol, TypeVar

from autograde.marking.grader import Delayed, Grader, Handed, Marked, S
from autograde.marking.job import Job
from autograde.marking.pace import Round
from autograde.marking.schedulers.address import SchedulerError
from autograde.sandbox import Warm

T = TypeVar("T", bound=Handed, contravariant=True)

Posting = Callable[..., Grader[S]]
"""Makes a class's grader from a warm process and what is known; it can be sent to a worker."""


class Crew(Protocol[T]):
    """Grades submissions, in the order in which they get done."""

    def through(self, submissions: Iterator[T], round_: Round) -> Iterator[Marked | Delayed]:
        """What came out, of one after the other; few submissions are read ahead.

        Args:
            submissions: of a class.
            round_: which it is; before the last, who takes long comes later.
        """


class Place(Protocol):
    """Where a class is graded; it begins to get ready as soon as it is made."""

    def crew(self, grader: Grader[S], posting: Posting[S]) -> AbstractContextManager[Crew[S]]:
        """Those who grade, when all of them have proved their walls.

        Raises:
            autograde.sandbox.IsolationError: a wall is missing.
        """

    def close(self) -> None:
        """End all that was begun."""


class Pool(Crew[S]):
    """Threads of this process, which share its warm one."""

    def __init__(self, grader: Grader[S]) -> None:
        self._grader = grader

    def through(self, submissions: Iterator[S], round_: Round) -> Iterator[Marked | Delayed]:
        """Results as they come, as many students at a time as there are jobs."""
        work, jobs = partial(self._grader.mark, round_=round_), self._grader.paths.jobs
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


class Here(Place):
    """This process and one warm process.

    Args:
        warm: begun or not.
        prove: what its walls must pass.
    """

    def __init__(self, warm: Warm, prove: Callable[[Warm], object]) -> None:
        self._warm, self._prove = warm.begin(), prove

    @contextmanager
    def crew(self, grader: Grader[S], posting: Posting[S]) -> Iterator[Crew[S]]:
        """Threads, when the warm process is warm."""
        with self._warm as warm:
            self._prove(warm)
            yield Pool(grader)

    def close(self) -> None:
        """End the warm process."""
        self._warm.close()


def place(
    job: Job, make: Callable[..., Warm], warm: Warm, prove: Callable[[Warm], object]
) -> Place:
    """Where a job is to be done: here, or where its scheduler is.

    Args:
        job: of a class.
        make: makes warm processes, with further folders to hide; it can be sent to a worker.
        warm: one of them, for here.
        prove: what its walls must pass.

    Raises:
        SchedulerError: there is none at that address.
    """
    if job.scheduler is None:
        return Here(warm, prove)
    try:
        from autograde.marking.schedulers.cluster import Cluster
    except ImportError as error:
        raise SchedulerError(
            f"--scheduler wants Dask, and {error.name} is not installed: "
            "pip install 'convnet-course[cluster]'."
        ) from None
    return Cluster(job.scheduler, job.tree, job.lab, job.jobs, make)
