"""One student's process, from the trusted side: requests go out, claims come back."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from autograde.sandbox import outputs
from autograde.sandbox.ahead import Line
from autograde.sandbox.bounds import Bounds, TransportError
from autograde.sandbox.channel import Channel, ChannelError, Closed, Late
from autograde.sandbox.errors import SandboxError, refusal
from autograde.sandbox.groups import Group
from autograde.sandbox.limits import Limits
from autograde.sandbox.watch import TooLong, TooMuchMemory, Watch, process_of

if TYPE_CHECKING:
    from course.checks.probes import Answer, Probe

Status = Literal["ok", "error", "timeout", "crashed", "limit"]
BIRTH_SECONDS = 30.0
DEATH_SECONDS = 10.0
FILES_SECONDS = 30.0
GRACE_SECONDS = 0.5  # for a cell that ran too long to show its outputs
CLOCK = 10  # times as long may a wait take by the clock, however busy the machine is
EXIT_SECONDS = 0.5  # a process that closed its channel ends within this time, or is killed
NOTHING: tuple[dict[str, Any], bytes] = ({}, b"")


@dataclass(frozen=True)
class CellRun:
    """What became of a cell.

    Attributes:
        status: ``ok``, ``error`` (it raised), ``timeout``, ``crashed`` (its process ended) or
            ``limit`` (it used more than it may). After the last three the session is over.
        outputs: nbformat v4 outputs, as the student's process claims them.
        seconds: wall time, measured outside.
        message: for people; empty when all went well.
    """

    status: Status
    outputs: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True)
class Tested(CellRun):
    """What became of a test cell, as the student's process claims it.

    Attributes:
        proof: the text that its last line holds.
        text: the value of its last expression, as a notebook shows it; None for none.
        line: where it raised; 0 for nowhere.
        restored: what the student's code had replaced and was put back first.
    """

    proof: str = ""
    text: str | None = None
    line: int = 0
    restored: tuple[str, ...] = ()


class _Ended(Exception):
    """A session is over."""

    def __init__(
        self, status: Status, message: str, rest: tuple[dict[str, Any], bytes] = NOTHING
    ) -> None:
        super().__init__(message)
        self.status: Status = status
        self.rest = rest  # what an interrupted cell still sent


class Session:
    """One student's process. Made by :meth:`Warm.session`; use it as a context manager.

    Calls never raise for what the student's code does: its end shows in their results, in
    :attr:`alive` and in :attr:`ending`. What they are given, and :attr:`spent`, are seconds of the
    processes' own: see :mod:`autograde.sandbox.watch`.

    Attributes:
        starved: whether it was ended because others left it too little of the processors.
        late: whether it was ended because it used its time.
        killed: whether the system killed it, and not for what it may use at most.
        took: seconds that the last call used, without what went on before it.
    """

    def __init__(
        self,
        channel: Channel,
        life: socket.socket,
        limits: Limits,
        memory: int,
        group: Group | None = None,
    ) -> None:
        self._channel, self._life, self.limits, self._group = channel, life, limits, group
        self._line = Line(channel)
        self._spent = self.took = 0.0
        self._handle = -1
        self.ending = ""
        self.alive = True
        self.starved = self.late = self.killed = False
        self._joined = False  # an empty group would say that nothing is used
        self._await_birth()
        self._watch = Watch(self._handle, limits.memory + memory, group if self._joined else None)

    @property
    def pid(self) -> int:
        """The process, as numbered outside; -1 when it is gone or the system has no pidfds."""
        return process_of(self._handle) if self._handle >= 0 else -1

    @property
    def spent(self) -> float:
        """Seconds that its exchanges have used, or its processor time, which between them goes on:
        what a cell has begun takes its time from others all along.
        """
        return max(self._spent, self._watch.total)

    def run(self, source: str, *, timeout: float = 30.0, grace: bool = True) -> CellRun:
        """Run one cell, for at most ``timeout`` seconds.

        Args:
            grace: ask one that takes longer to stop, so that its outputs are known.
        """
        return self._cell("run", source, timeout, grace)[0]

    def test(self, source: str, *, timeout: float = 30.0, grace: bool = True) -> Tested:
        """Run one test cell: see :mod:`autograde.sandbox.testing` for its last line."""
        found, reply = self._cell("test", source, timeout, grace)
        proof, text, line = reply.get("proof"), reply.get("text"), reply.get("line")
        restored = reply.get("restored")
        return Tested(
            found.status,
            found.outputs,
            found.seconds,
            found.message,
            proof if isinstance(proof, str) else "",
            text if isinstance(text, str) else None,
            line if type(line) is int else 0,
            tuple(str(one)[:100] for one in restored) if isinstance(restored, list) else (),
        )

    def _cell(
        self, op: str, source: str, timeout: float, grace: bool
    ) -> tuple[CellRun, dict[str, Any]]:
        """What became of a cell, and the reply if there is one."""
        start = time.monotonic()
        room = 4 * self.limits.output_bytes + 4096  # characters are counted inside, bytes here
        shown: list[dict[str, Any]] = []
        try:
            reply, body = self._exchange(
                {"op": op}, source.encode("utf-8", "replace"), timeout, room, grace=grace
            )
            shown = outputs.unpacked(reply.get("outputs"), body, self.limits.output_count)
        except TransportError as error:
            ending = self._end("crashed", f"sent no proper outputs ({error}) and was stopped")
        except _Ended as error:
            ending = error
            with contextlib.suppress(TransportError):
                reply, body = error.rest
                shown = outputs.unpacked(reply.get("outputs"), body, self.limits.output_count)
        else:
            status: Status = "ok" if reply.get("good") is True else "error"
            seconds = time.monotonic() - start
            return CellRun(status, shown, seconds, outputs.error_line(shown, status)), reply
        return CellRun(ending.status, shown, time.monotonic() - start, str(ending)), {}

    def ask(self, probe: Probe, *, timeout: float = 10.0, coming: Sequence[Probe] = ()) -> Answer:
        """Put a probe to the student's objects; the answer is a claim.

        Args:
            probe: what is asked now.
            timeout: seconds that it may take.
            coming: what is asked next, in this order, with nothing between: some of it may be sent
                already, so that the process need not wait. It may then be seen early, its answer
                is taken only when it is asked, with the time that it has then.
        """
        from autograde.sandbox import (
            transport,  # loads torch, which need not delay the warm process
        )
        from course.checks.probes import Answer

        bounds = Bounds(buffers=self.limits.answer_bytes)
        message = transport.encode_probe(probe)
        try:
            _, body = self._exchange(
                {"op": "ask"}, message, timeout, bounds.buffers + 2 * bounds.header, coming
            )
            self._look_after()
            return transport.decode_answer(body, bounds)
        except TransportError as error:
            return Answer("raised", error=f"gave no proper answer: {error}")
        except _Ended as error:
            return Answer("raised", error=str(error))

    def close(self) -> None:
        """Kill the process and everything that it started; returns when all are gone."""
        if self.alive:
            self._end("ok", "closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files into the working folder, before any of the student's code ran.

        Raises:
            ValueError: a name leads out of the folder, or they don't fit.
            SandboxError: they could not be written.
        """
        for name in files:
            _check_name(name)
        if not files:
            return
        size = sum(len(content) for content in files.values())
        if size > self.limits.folder_bytes or len(files) > self.limits.folder_files:
            raise ValueError(
                f"{len(files)} files of {size:,} bytes don't fit into a session's folder, which "
                f"holds {self.limits.folder_files} of {self.limits.folder_bytes:,}"
            )
        listed = [[name, len(content)] for name, content in files.items()]
        try:
            self._exchange(
                {"op": "files", "files": listed}, b"".join(files.values()), FILES_SECONDS, 0
            )
        except _Ended as error:
            raise SandboxError(f"the files of a submission could not be written: {error}") from None

    def _exchange(
        self,
        request: dict[str, Any],
        body: bytes,
        timeout: float,
        limit: int,
        coming: Sequence[Probe] = (),
        grace: bool = True,
    ) -> tuple[dict[str, Any], bytes]:
        if not self.alive:
            raise _Ended("crashed", self.ending)
        number, sent = self._line.next(body)
        start = time.monotonic()
        allowed = min(timeout, self.limits.session_seconds - self.spent)
        self._watch.begin(allowed)
        try:
            if not sent:
                request["number"] = number
                self._channel.send(request, body, deadline=start + allowed)
            self._line.send(coming, start + allowed)
            reply, content = self._channel.receive(
                body_limit=limit, deadline=start + CLOCK * allowed, tick=self._watch
            )
        except (Late, TooLong) as error:
            self.late = not isinstance(error, Late) or self._used_up(allowed)
            self.starved = not self.late
            asked = grace and request["op"] == "run"
            rest = self._interrupt(limit) if asked else NOTHING
            raise self._end("timeout", self._too_long(timeout, allowed), rest) from None
        except TooMuchMemory:
            raise self._end("limit", self._too_much_memory()) from None
        except Closed:
            raise self._died() from None
        except ChannelError as error:
            raise self._end("crashed", f"sent {error} and was stopped") from None
        finally:
            self.took = self._watch.used()
            self._spent += self.took
        if reply.get("number") != number:
            raise self._end("crashed", "sent a message that nobody asked for and was stopped")
        return reply, content

    def _look_after(self) -> None:
        """End a session that takes too much memory, perhaps for a question that was sent ahead: the
        answer that is there already stands.
        """
        try:
            self._watch()
        except TooLong:
            return
        except TooMuchMemory:
            self._end("limit", self._too_much_memory())

    def _used_up(self, allowed: float) -> bool:
        """Whether it is its own doing that it did not come to an end."""
        with contextlib.suppress(TooMuchMemory):
            self._watch.look()
        return self._watch.used() >= allowed

    def _interrupt(self, limit: int) -> tuple[dict[str, Any], bytes]:
        """Ask a cell politely to stop, so that its outputs and the place are known."""
        try:
            signal.pidfd_send_signal(self._handle, signal.SIGINT)
            deadline = time.monotonic() + GRACE_SECONDS
            reply, body = self._channel.receive(body_limit=limit, deadline=deadline)
        except (OSError, ChannelError):
            return NOTHING
        return (reply, body) if reply.get("number") == self._line.number else NOTHING

    def _too_long(self, timeout: float, allowed: float) -> str:
        if self.starved:
            return f"got too little of the processors to be done in {CLOCK * allowed:g} s"
        if allowed < timeout:
            whole = self.limits.session_seconds
            return f"the notebook took longer than {whole:g} s in all and was stopped"
        return f"took longer than {timeout:g} s and was stopped"

    def _too_much_memory(self) -> str:
        return f"used more than {self.limits.memory / (1 << 30):.3g} GiB of memory and was stopped"

    def _await_birth(self) -> None:
        self._life.settimeout(BIRTH_SECONDS)
        try:
            message, handles, _, _ = socket.recv_fds(self._life, 4096, 1)
            self._handle = handles[0] if handles else -1
            if self._group:  # before any of the student's code runs
                self._joined = self._group.add(self.pid)
            born = json.loads(message) if message else {"failed": "fork", "detail": "no reply"}
            if "born" in born:
                deadline = time.monotonic() + BIRTH_SECONDS
                born, _ = self._channel.receive(deadline=deadline)
        except (OSError, ValueError, ChannelError) as error:
            born = {"failed": "start", "detail": f"{type(error).__name__}: {error}"}
        if "ready" not in born:
            self._end("crashed", "never started")
            raise refusal(str(born.get("failed")), str(born.get("detail")))

    def _died(self) -> _Ended:
        """The process closed its channel: find out how it ended."""
        self._life.settimeout(EXIT_SECONDS)
        try:
            report = json.loads(self._life.recv(4096) or b"{}")
        except (OSError, ValueError):
            report = {}
        status, message = self._told(report)
        return self._end(status, message)

    def _told(self, report: Mapping[str, Any]) -> tuple[Status, str]:
        code, cpu = report.get("code"), report.get("cpu", 0.0)
        if code is None:
            return "crashed", "closed the connection to the grader and was stopped"
        if code in (-signal.SIGKILL, -signal.SIGXCPU):
            if cpu >= self.limits.cpu_seconds - 1:
                return "limit", f"used more than {self.limits.cpu_seconds} s of processor time"
            if self._group and self._group.is_full():
                return "limit", self._too_much_memory()
            self.killed = True
            return "limit", "was killed by the system, most likely because memory ran out"
        if code < 0:
            return "crashed", f"ended with {signal.Signals(-code).name}: the interpreter crashed"
        return "crashed", f"ended its own process (exit code {code})"

    def _end(
        self, status: Status, message: str, rest: tuple[dict[str, Any], bytes] = NOTHING
    ) -> _Ended:
        if self.alive:
            self.alive = False
            self.ending = message
            self._kill()
        return _Ended(status, message, rest)

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            if self._handle >= 0:
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._life.shutdown(socket.SHUT_WR)  # the warm process kills it too
            self._life.settimeout(DEATH_SECONDS)
            while self._life.recv(4096):
                pass
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        self._life.close()
        self._channel.close()
        if self._group:
            self._group.close()


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise ValueError(f"a file of a session needs a name inside its folder, found {name!r}")
