"""What a worker has for one grading: the course, one warm process, and the grader on them.

A worker knows nothing of the class and writes nothing. It gets one student's files at a time, and
gives back what came out. The course and its secrets it has already, in its own folder: nothing of
them travels. What it can't do it says in words, as a value, for an exception need not survive the
way back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

from autograde import tree
from autograde.errors import DesignedError
from autograde.marking.grader import Delayed, Grader, Marked
from autograde.marking.journal import Entry
from autograde.marking.pace import Round
from autograde.marking.schedulers.turns import MachineTurns
from autograde.marking.schedulers.versions import differences, versions
from autograde.sandbox import SandboxError, Warm, proven

IDLE_SECONDS = 300.0  # without work, as when the coordinator was killed: the warm process ends
MOST_LOST = 10  # warm processes that end one after the other, before a worker gives up
LOADED: dict[str, str] = {}
"""Versions of what this process has imported, from when it was first asked to grade."""


@dataclass(frozen=True)
class Refusal:
    """Why a worker does not grade.

    Attributes:
        message: for a person.
        exit_code: of the command.
    """

    message: str
    exit_code: int


@dataclass(frozen=True)
class Gone:
    """A worker's warm process ended beneath a student: of the student it says nothing."""

    message: str


@dataclass
class Holding:
    """A warm process that has proved its walls, and the grader on it."""

    warm: Warm
    grader: Grader[Any]


class Desk(WorkerPlugin):
    """What every worker gets when a grading begins, and loses when it ends.

    Args:
        root: the course's folder where the grading was begun; a worker's own ``COURSE_ROOT`` goes
            before it.
        lab: the lab's name.
        expected: the versions that a worker must have.
        make: makes a warm process.
        posting: makes the grader on it.
        own: whether workers are the coordinator's own, and of its terminal: it tells them to end.
    """

    def __init__(
        self,
        root: Path,
        lab: str,
        expected: Mapping[str, str],
        make: Callable[..., Warm],
        posting: Callable[..., Grader[Any]],
        own: bool = False,
    ) -> None:
        self._root, self._lab, self._expected = root, lab, dict(expected)
        self._make, self._posting, self._own = make, posting, own

    def setup(self, worker: Worker) -> None:
        """Take a seat; the warm process begins with the first work, in the worker's own thread."""
        if self._own:
            # Ctrl-C meets all processes of a terminal. Not SIG_IGN: what is begun would inherit it.
            signal.signal(signal.SIGINT, lambda *_: None)
        self._lock = threading.Lock()
        self._held: Holding | None = None
        self._closed, self._busy, self._lost = False, 0, 0
        self._rest: threading.Timer | None = None
        self._address = str(worker.address)
        self._hidden = [Path(worker.local_directory), *_keys(worker)]

    async def teardown(self, worker: Worker) -> None:
        """End the warm process, and with it what is still being graded."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            if self._rest:
                self._rest.cancel()
            self._drop()

    @contextmanager
    def working(self) -> Iterator[Holding | Refusal]:
        """The warm process, begun if there is none; it ends after a long time without work."""
        with self._lock:
            self._busy += 1
        try:
            yield self._open()
        finally:
            with self._lock:
                self._busy -= 1
                self._wait()

    def _open(self) -> Holding | Refusal:
        with self._lock:
            if self._held is None:
                try:
                    self._held = self._begun()
                except (DesignedError, OSError) as error:
                    code = error.exit_code if isinstance(error, DesignedError) else 2
                    return Refusal(f"the worker {self._address} refuses: {error}", code)
            return self._held

    def _wait(self) -> None:
        if self._rest:
            self._rest.cancel()
        self._rest = threading.Timer(IDLE_SECONDS, self._close_if_idle)
        self._rest.daemon = True
        self._rest.start()

    def _close_if_idle(self) -> None:
        with self._lock:
            if not self._busy:
                self._drop()

    def lost(self, held: Holding) -> None:
        """Forget a warm process that has ended; the next work begins another."""
        with self._lock:
            if self._held is held:
                self._lost += 1
                self._drop()

    def served(self) -> None:
        """Note that a student was graded."""
        self._lost = 0

    def _begun(self) -> Holding:
        if self._closed:
            raise DesignedError("this grading has ended.")
        if self._lost >= MOST_LOST:
            raise DesignedError(
                f"its warm process ended {self._lost} times, one after the other. See what the "
                "system says of it; most likely memory ran out."
            )
        os.environ.setdefault(tree.ROOT_VARIABLE, str(self._root))
        found = versions(tree.find(), self._lab)
        # Noted of a refused worker, too: it may be brought up to date, and not restarted.
        LOADED.update({name: version for name, version in found.items() if name not in LOADED})
        if told := differences(self._expected, found):
            raise DesignedError(
                f"it has another version of the course or of what runs it: {told}. Bring its "
                "folder and its environment up to date, and restart the worker."
            )
        if told := differences({name: LOADED[name] for name in found}, found):
            raise DesignedError(f"its files have changed since it began: {told}. Restart it.")
        hidden = [*self._make().hidden, *self._hidden]
        with ExitStack() as stack:
            warm = stack.enter_context(self._make(hidden=hidden))
            proven(warm)
            grader = self._posting(warm=warm, known={}, turns=MachineTurns())
            grader.prepare()  # the worker's threads come after it
            stack.pop_all()
        return Holding(warm, grader)

    def _drop(self) -> None:
        if self._held is not None:
            self._held.warm.close()
            self._held = None


def _keys(worker: Worker) -> list[Path]:
    """Files with which the worker shows who it is."""
    names = ("tls_ca_file", "tls_worker_cert", "tls_worker_key")
    found = (getattr(worker.security, name, None) for name in names)
    return [Path(one) for one in found if one and "\n" not in one]


def ready(name: str) -> Refusal | None:
    """Begin the warm process of a worker, and say why it can't.

    Args:
        name: of the worker's desk.
    """
    with _desk(name).working() as found:
        return found if isinstance(found, Refusal) else None


def mark(
    name: str, submission: Any, entry: Entry | None, lies: str, round_: Round
) -> Marked | Delayed | Refusal | Gone:
    """Grade one student on a worker.

    Args:
        name: of the worker's desk.
        submission: what was handed in.
        entry: what the journal has of the student.
        lies: hash of the graded notebook, as it lies where the class is.
        round_: see :meth:`autograde.marking.grader.Grader.mark`.
    """
    desk, student = _desk(name), submission.student
    with desk.working() as held:
        if isinstance(held, Refusal):
            return held
        known = {student: entry} if entry else {}
        grader = replace(held.grader, known=known, lying={student: lies})
        try:
            found = grader.mark(submission, round_)
        except SandboxError as error:
            desk.lost(held)
            return Gone(str(error))
        desk.served()
        return found


def _desk(name: str) -> Desk:
    desk = get_worker().plugins[name]
    assert isinstance(desk, Desk)
    return desk
