"""Each trial in a forked process of its own: what loops, eats memory or ends itself harms none.

Time is counted on the processor: a busy machine makes no answer wrong.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import resource
import selectors
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from course.device import one_thread

PATIENCE = 20.0  # wall time over processor time, for a process that sleeps or waits its turn
ROOM = 4 << 30  # bytes that a trial may take beyond what it begins with


@dataclass(frozen=True)
class Trial:
    """Something to try in a process of its own.

    Attributes:
        key: digest of everything that its result depends on.
        work: gives the result, which must be fit for JSON.
        prepare: what several trials share; it is done once, here, before they begin, and gives the
            seconds of processor time that one may take.
    """

    key: str
    work: Callable[[], Any]
    prepare: Callable[[], float] = lambda: 10.0


@dataclass(frozen=True)
class Outcome:
    """What became of a trial: its result; or how it ended without; or an error of our own."""

    result: Any = None
    died: str = ""
    broken: str = ""


@dataclass(frozen=True)
class Child:
    """A process at work."""

    trial: Trial
    seconds: float
    pid: int
    pipe: int
    until: float
    said: bytearray


def run(trials: Iterable[Trial], jobs: int) -> Iterator[tuple[Trial, Outcome]]:
    """Outcomes as they come, ``jobs`` trials at a time; whoever stops listening ends them all."""
    waiting, working = iter(trials), dict[int, Child]()
    with one_thread(), selectors.DefaultSelector() as selector:
        try:
            while True:
                for trial in islice(waiting, jobs - len(working)):
                    child = _begun(trial)
                    working[child.pipe] = child
                    selector.register(child.pipe, selectors.EVENT_READ)
                if not working:
                    return
                for child in _done(selector, working):
                    selector.unregister(child.pipe)
                    del working[child.pipe]
                    yield child.trial, _ended(child)
        finally:
            for child in working.values():
                _ended(child, killed=True)


def _done(selector: selectors.BaseSelector, working: dict[int, Child]) -> list[Child]:
    """Children that have said all, or whose time is up."""
    first = min(child.until for child in working.values())
    done = []
    for key, _ in selector.select(max(0.0, first - time.monotonic())):
        child = working[key.fd]
        text = os.read(key.fd, 1 << 16)
        child.said.extend(text)
        if not text:
            done.append(child)
    now = time.monotonic()
    late = [one for one in working.values() if one.until < now and one not in done]
    for child in late:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
    return done + late


def _begun(trial: Trial) -> Child:
    sys.stdout.flush()
    sys.stderr.flush()
    seconds = trial.prepare()
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        _work(trial, seconds, writing)
    os.close(writing)
    until = time.monotonic() + PATIENCE * seconds
    return Child(trial, seconds, pid, reading, until, bytearray())


def _work(trial: Trial, seconds: float, pipe: int) -> None:
    """The child's whole life."""
    try:
        _limited(seconds)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            said = json.dumps({"result": trial.work()})
    except BaseException as error:
        said = json.dumps({"broken": f"{type(error).__name__}: {error}"})
    try:
        with open(pipe, "wb") as out:
            out.write(said.encode())
    finally:
        os._exit(0)


def _limited(seconds: float) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its children
    used = resource.getrusage(resource.RUSAGE_SELF)
    whole = math.ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    statm = Path("/proc/self/statm")
    if statm.is_file():
        held = int(statm.read_text("utf-8").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + ROOM, held + ROOM))


def _ended(child: Child, *, killed: bool = False) -> Outcome:
    if killed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
    os.close(child.pipe)
    _, status = os.waitpid(child.pid, 0)
    try:
        return Outcome(**json.loads(child.said))
    except ValueError:
        number = os.waitstatus_to_exitcode(status)
        if number in (-signal.SIGXCPU, -signal.SIGKILL):
            return Outcome(died=f"took longer than {child.seconds:g} s")
        return Outcome(died=f"the process ended itself ({number})")
