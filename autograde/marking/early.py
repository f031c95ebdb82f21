"""The warm process is begun before what grades is imported: each takes seconds, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial

from autograde.marking.job import Job
from autograde.sandbox import Warm

ENVIRONMENT = {"COURSE_PROFILE": "grade"}


def maker(job: Job) -> Callable[..., Warm]:
    """Makes warm processes for a lab's class; it can be sent to a worker. Nothing of the class may
    be seen from inside; all that notebooks may know is the profile.
    """
    hidden = [job.work, job.submissions]
    return partial(Warm, isolation=job.isolation, hidden=hidden, environment=ENVIRONMENT)


@contextmanager
def begun(job: Job) -> Iterator[Warm | None]:
    """A warm process that is getting warm; none where workers have their own.

    Raises:
        autograde.sandbox.SandboxError: it does not begin.
    """
    if job.scheduler is not None:
        yield None
        return
    with closing(maker(job)()) as warm:
        yield warm.begin()
