"""The trusted side of the warm process: starts it, asks it to fork, ends it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, get_args

from autograde.sandbox import clearing, filters, launch, walls
from autograde.sandbox.channel import AHEAD, Channel, ChannelError, Late
from autograde.sandbox.errors import NAMESPACES, IsolationError, SandboxError, refusal
from autograde.sandbox.groups import Groups
from autograde.sandbox.limits import Limits
from autograde.sandbox.session import DEATH_SECONDS, Session
from autograde.sandbox.walls import FOLDER
from autograde.sandbox.watch import memory_of

Isolation = Literal["full", "user", "none"]
PRELOAD = ("torch", "torchvision", "numpy", "matplotlib.pyplot", "course")
START_SECONDS = 120.0


class Warm:
    """The warm process. One serves a whole class; sessions may be open at the same time.

    Args:
        limits: bounds of each session.
        isolation: ``"full"``; ``"user"``, for root in a container that allows no namespaces, one
            session at a time: another user, Landlock where the kernel has it, seccomp, limits; or
            ``"none"`` for notebooks that are trusted.
        preload: modules that are imported before the first fork, packages of the course with all
            that is in them.
        readable: further files and folders that students' code may read.
        hidden: files and folders that it must not see, should a visible folder hold them.
        environment: further environment variables.

    Raises:
        IsolationError: a wall is missing on this machine.
        SandboxError: the warm process does not start.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        isolation: Isolation = "full",
        preload: Iterable[str] = PRELOAD,
        readable: Iterable[Path] = (),
        hidden: Iterable[Path] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        if isolation not in get_args(Isolation):
            raise ValueError(f"isolation is 'full', 'user' or 'none', found {isolation!r}")
        self.limits = limits or Limits()
        self.isolation = isolation
        self._preload = list(preload)
        self.readable, self.hidden = tuple(readable), tuple(hidden)
        self.environment = dict(environment or {})
        self._groups = Groups()
        self.shared = 0  # bytes of memory that every session shares with the warm process
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def description(self) -> str:
        """One line on how students' code is held."""
        if self.isolation == "none":
            return "isolation none: students' code runs as this user, without walls"
        held = "isolation full: bubblewrap, namespaces, Landlock, seccomp, limits"
        if self.isolation == "user":
            held = "isolation user: a user of its own, Landlock if there is one, seccomp, limits"
        return f"{held}; {self._groups.description}"

    @property
    def memory_bound(self) -> str:
        """How much memory a session may use, and what sees to it."""
        return f"at most {self.limits.memory / (1 << 30):.3g} GiB; {self._groups.description}"

    def begin(self) -> Self:
        """Start the warm process, unless it is, and return at once; entering the context waits for
        it.
        """
        if self._process is not None:
            return self
        program = b"" if self.isolation == "none" else filters.compiled()
        self._user = launch.stranger() if self.isolation == "user" else 0
        self._shared = clearing.shared() if self._user else []
        ours, theirs = socket.socketpair()
        self._control = Channel(ours)
        self._sock = ours
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self._own = contextlib.ExitStack()
        self._folder, self._library = FOLDER, launch.LIBRARY
        if self.isolation != "full":
            self._folder = tempfile.mkdtemp(prefix="sandbox-")
            self._own.callback(clearing.remove, self._folder)
            self._library = ""
        if self.isolation == "user":
            os.chown(self._folder, self._user, self._user)
            os.chmod(self._folder, 0o711)  # students' folders lie in it, each its own user's
            self._library = self._own.enter_context(tempfile.TemporaryDirectory(prefix="library-"))
            launch.copy_library(Path(self._library))
        self.environment = launch.environment(
            self.environment,
            folder=Path(self._folder),
            threads=self.limits.threads,
            library=self._library,
        )
        try:
            with theirs, contextlib.ExitStack() as stack:
                self._process = self._start(theirs.fileno(), stack)
        except BaseException:
            self._release()
            raise
        self._deadline = time.monotonic() + START_SECONDS
        config = {
            "preload": self._preload,
            "folder": self._folder,
            "readable": self._seen.readable,
            "user": self._user,
            "shared": self._shared,
        }
        with contextlib.suppress(ChannelError):  # entering says why it did not start
            self._control.send(config, program, deadline=self._deadline)
        return self

    def __enter__(self) -> Self:
        if self._process is None:
            self.begin()
        try:
            self._await_start()
            self._try()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def session(
        self,
        files: Mapping[str, bytes] | None = None,
        *,
        seed: int = 0,
        limits: Limits | None = None,
    ) -> Session:
        """Fork a process for one student.

        Args:
            files: what lies in its working folder, by name.
            seed: of the random generators of Python, numpy and torch.
            limits: other bounds than the warm process's own.
        """
        bounds = limits or self.limits
        ours, theirs = socket.socketpair()
        life, far = socket.socketpair()
        request = json.dumps({"limits": bounds.as_dict(), "seed": seed}).encode()
        with theirs, far:
            try:
                with self._lock:
                    socket.send_fds(self._sock, [request], [theirs.fileno(), far.fileno()])
            except OSError as error:
                ours.close()
                life.close()
                raise SandboxError(f"the warm process is gone: {error}{self._said()}") from None
        session = Session(
            Channel(ours, AHEAD), life, bounds, self.shared, self._groups.make(bounds, self.shared)
        )
        try:
            session.put(files or {})
        except BaseException:
            session.close()
            raise
        return session

    def check(self) -> None:
        """See that the warm process is there, after something ended that it held.

        Raises:
            SandboxError: it is gone, and every session with it: their ends say nothing of students.
        """
        try:
            gone, _, _ = select.select([self._sock], [], [], 0)  # it says nothing but that
        except (OSError, ValueError):  # another thread has closed it
            raise SandboxError("the warm process is gone") from None
        if gone:
            raise SandboxError(f"the warm process is gone{self._said()}")

    def close(self) -> None:
        """End the warm process, and with it every session."""
        if self._process is not None:
            self._control.close()
            self._ended()
            self._release()
            self._process = None

    def _release(self) -> None:
        self._control.close()
        if self.isolation == "user":  # also where the warm process could not any more
            users = {self._user, walls.student_of(self._user)}
            clearing.kill_all_of(users)
            clearing.sweep_up(users, self._shared)
        self._errors.close()
        self._own.close()

    def _ended(self) -> None:
        assert self._process is not None
        try:
            self._process.wait(DEATH_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self, descriptor: int, stack: contextlib.ExitStack) -> subprocess.Popen[bytes]:
        passed = [descriptor]
        self._seen = launch.View()
        command = launch.server(descriptor)
        if self.isolation == "user":
            self._seen = launch.plain_view(Path(self._library), self.readable)
        if self.isolation == "full":
            self._seen = launch.view(self.readable, self.hidden)
            for path, text in launch.MADE_UP.items():
                file = stack.enter_context(launch.written(text))
                passed.append(file.fileno())
                self._seen.write(file.fileno(), path)
            command = launch.command(self._seen, descriptor, self.environment)
        return subprocess.Popen(
            command,
            env=self.environment,
            pass_fds=passed,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            cwd="/",
        )

    def _try(self) -> None:
        """Raise the walls of a student's process once, and look at it from outside."""
        with self.session() as session:
            if self.isolation != "none" and memory_of(session.pid) == 0:
                raise IsolationError(
                    "memory watch",
                    "the memory of students' processes can't be read",
                    "a kernel with pidfds and /proc/PID/smaps_rollup (5.4)",
                )

    def _await_start(self) -> None:
        try:
            reply, _ = self._control.receive(deadline=self._deadline)
        except Late:
            raise SandboxError(f"the warm process took longer than {START_SECONDS:g} s") from None
        except ChannelError:
            raise self._no_start() from None
        if "ready" not in reply:
            raise refusal(str(reply.get("failed")), str(reply.get("detail")))
        self.shared = int(reply["anonymous"])

    def _no_start(self) -> SandboxError:
        self._ended()
        said = self._said()
        if "bwrap:" in said:
            return IsolationError("bubblewrap", said.strip(), NAMESPACES)
        return SandboxError(f"the warm process did not start{said}")

    def _said(self) -> str:
        if self._errors.closed:
            return ""
        self._errors.seek(0)
        text = self._errors.read()[-2000:].decode("utf-8", "replace").strip()
        return f"; it said: {text}" if text else ""
