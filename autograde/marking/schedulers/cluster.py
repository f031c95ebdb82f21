"""The coordinator's side of a cluster: shares a class out, and takes in what comes back.

Only the coordinator writes. It has a bounded number of students under way, so that neither side
ever holds a whole class, and gets their results one by one.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from typing import Any, Generic

from distributed import CancelledError, Client, Future, KilledWorker, wait
from distributed.client import ClosedClientError

from autograde.marking.grader import Delayed, Grader, Marked, S
from autograde.marking.pace import LAST, Round
from autograde.marking.schedulers import desk
from autograde.marking.schedulers.address import Scheduler, SchedulerError
from autograde.marking.schedulers.begin import connected
from autograde.marking.schedulers.versions import versions
from autograde.sandbox import Warm
from autograde.tree import Tree

AHEAD = 2  # students sent for each thread of a worker
POLL_SECONDS = 1.0
WORKER_SECONDS = 60.0  # how long there may be no worker at all
READY_SECONDS = 180.0  # how long workers may take to begin
LOST = (CancelledError, ClosedClientError, OSError, RuntimeError)
AGAIN = "What is graded is kept: run the same command again, and it goes on from there."
GIVEN_UP = (
    "Workers were lost again and again while they graded this notebook, at last with nobody beside "
    "it ({}). No points are lost: look what it does, and grade by hand, or again with --force."
)


class Cluster:
    """Where a class is graded by the workers of a scheduler.

    Args:
        scheduler: which one.
        tree: the course here.
        lab: the lab's name.
        jobs: how many workers an own scheduler has, if it does not say.
        make: makes a warm process; it is sent to the workers.

    Raises:
        SchedulerError: it can't be reached, or begun.
    """

    def __init__(
        self, scheduler: Scheduler, tree: Tree, lab: str, jobs: int, make: Callable[..., Warm]
    ) -> None:
        self._tree, self._lab, self._make, self._own = tree, lab, make, scheduler.own
        self._name = f"autograde-{uuid.uuid4().hex}"
        self._wanted = (scheduler.workers or jobs) if scheduler.own else 1
        self._stack = ExitStack()
        self._client = self._stack.enter_context(connected(scheduler, jobs))

    @contextmanager
    def crew(self, grader: Grader[S], posting: Callable[..., Grader[S]]) -> Iterator[Crew[S]]:
        """The workers, when each has the course and walls.

        Raises:
            SchedulerError: one refuses, or there is none.
        """
        expected = versions(self._tree, self._lab)
        seat = desk.Desk(self._tree.root, self._lab, expected, self._make, posting, self._own)
        with self._seated(seat):
            crew = Crew(self._client, self._name, grader)
            crew.prove(self._wanted)
            yield crew

    def close(self) -> None:
        """Leave the scheduler; end it, if it was begun here."""
        self._stack.close()

    @contextmanager
    def _seated(self, seat: desk.Desk) -> Iterator[None]:
        try:
            self._client.register_plugin(seat, name=self._name)
        except OSError as error:
            raise SchedulerError(
                f"a worker ended while it loaded the grader, or the scheduler did ({error}). See "
                "what they log; most likely a worker has too little memory (--memory-limit)."
            ) from None
        except Exception as error:  # whatever a worker makes of it
            raise SchedulerError(
                f"a worker can't load the grader ({type(error).__name__}: {error}). Install this "
                "course on every worker, in the same version."
            ) from None
        try:
            yield
        finally:
            with suppress(Exception):  # the scheduler may be gone
                if self._client.status == "running":
                    self._client.unregister_worker_plugin(self._name)


class Crew(Generic[S]):
    """The workers of a scheduler."""

    def __init__(self, client: Client, name: str, grader: Grader[S]) -> None:
        self._client, self._name, self._grader = client, name, grader
        self._threads, self._looked = 0, 0.0
        self._deserted = time.monotonic()

    def prove(self, wanted: int) -> None:
        """See that every worker has the course, and walls.

        Args:
            wanted: how many workers are to come, if they do so soon.

        Raises:
            SchedulerError: one has not; or it does not say in time.
        """
        end = time.monotonic() + WORKER_SECONDS
        while len(self._workers()) < wanted and time.monotonic() < end:
            time.sleep(POLL_SECONDS / 4)
        self._await_workers()
        asked = {
            self._client.submit(
                desk.ready, self._name, workers=[one], allow_other_workers=False, pure=False
            ): one
            for one in self._workers()
        }
        end = time.monotonic() + READY_SECONDS
        waiting = set(asked)
        while waiting:
            done = self._done(waiting)
            for future in done:
                if isinstance(found := self._found(future), desk.Refusal):
                    raise refused(found)
            here = self._workers()
            waiting = {one for one in waiting - done if asked[one] in here}  # not those that ended
            if waiting and time.monotonic() > end:
                raise SchedulerError(
                    f"workers are not ready after {READY_SECONDS:g} s: "
                    f"{', '.join(sorted(asked[one] for one in waiting))}. See what they log."
                )

    def through(self, submissions: Iterator[S], round_: Round) -> Iterator[Marked | Delayed]:
        """Results as they come. Who was on a worker that was lost is graded once more: after the
        others, and then alone.

        Raises:
            SchedulerError: the scheduler or all workers are gone, or a worker refuses.
        """
        suspects = list[S]()
        for one, found in self._shared_out(submissions, round_):
            if not isinstance(found, desk.Gone):
                yield found
            elif round_ < LAST:
                yield Delayed(one.student)
            else:
                suspects.append(one)
        for one in suspects:
            for _, found in self._shared_out(iter([one]), round_):
                if isinstance(found, desk.Gone):
                    found = self._grader.given_up(one, GIVEN_UP.format(found.message))
                yield found

    def _shared_out(
        self, submissions: Iterator[S], round_: Round
    ) -> Iterator[tuple[S, Marked | Delayed | desk.Gone]]:
        waiting = dict[Future, S]()
        try:
            while True:
                room = self._window() if waiting else self._await_workers()
                for one in islice(submissions, max(0, room - len(waiting))):
                    waiting[self._sent(one, round_)] = one
                if not waiting:
                    return
                for future in self._done(waiting):
                    one, found = waiting.pop(future), self._found(future)
                    future.release()
                    if isinstance(found, desk.Refusal):
                        raise refused(found)
                    yield one, found
        finally:
            if waiting:
                with suppress(Exception):  # the scheduler may be gone
                    self._client.cancel(list(waiting), force=True)

    def _sent(self, one: S, round_: Round) -> Future:
        entry = self._grader.known.get(one.student)
        lies = self._grader.lies(one.student) if entry else ""
        return self._client.submit(
            desk.mark, self._name, one, entry, lies, round_, pure=False, key=f"mark-{uuid.uuid4()}"
        )

    def _done(self, waiting: Collection[Future]) -> set[Future]:
        """Those that are done; after a while, even if there are none.

        Raises:
            SchedulerError: the scheduler is gone.
        """
        try:
            done: set[Future] = wait(
                list(waiting), timeout=POLL_SECONDS, return_when="FIRST_COMPLETED"
            ).done
            return done
        except TimeoutError:
            return set()
        except LOST as error:
            raise lost(error) from None

    def _found(self, future: Future) -> Any:
        """What a worker gave back.

        Raises:
            SchedulerError: nothing, and it was not lost.
        """
        try:
            if future.status != "error":
                return future.result()
            error = future.exception()
        except LOST as gone:
            raise lost(gone) from None
        if isinstance(error, KilledWorker):
            return desk.Gone("its worker was killed each time")
        raise SchedulerError(f"a worker failed: {type(error).__name__}: {error}. {AGAIN}")

    def _window(self) -> int:
        """How many students may be under way: so many that no worker waits for the next one.

        Raises:
            SchedulerError: there is no scheduler, or for long no worker.
        """
        now = time.monotonic()
        if now - self._looked > POLL_SECONDS or not self._threads:
            self._threads, self._looked = sum(self._workers().values()), now
        if self._threads:
            self._deserted = now
        elif now - self._deserted > WORKER_SECONDS:
            raise SchedulerError(
                f"there was no worker for {WORKER_SECONDS:g} s. Start some, and see why the others "
                f"ended. {AGAIN}"
            )
        return AHEAD * self._threads

    def _workers(self) -> dict[str, int]:
        """The workers that there are, with how many threads."""
        try:
            return dict(self._client.nthreads())
        except LOST as error:
            raise lost(error) from None

    def _await_workers(self) -> int:
        while not (found := self._window()):
            time.sleep(POLL_SECONDS / 4)
        return found


def refused(found: desk.Refusal) -> SchedulerError:
    """The error for a worker that does not grade."""
    error = SchedulerError(found.message)
    error.exit_code = found.exit_code
    return error


def lost(error: BaseException) -> SchedulerError:
    """The error for a scheduler that is gone."""
    return SchedulerError(
        f"the connection to the scheduler is lost ({type(error).__name__}). See whether it runs, "
        f"and start it again. {AGAIN}"
    )
