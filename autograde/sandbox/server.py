"""The warm process: imports once, then forks one process per student. It runs no student's code.

Started as ``python -m autograde.sandbox.server FD`` with a socket to the trusted side. The first
frame on it is the configuration; then each message asks for a fork and carries two sockets: the
student's channel, and the session's *life*, on which this process reports the birth and the
death. When the trusted side closes the life, the student's process is killed.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from autograde.sandbox import clearing, kernel, walls, watch
from autograde.sandbox.channel import AHEAD, Channel, Closed
from autograde.sandbox.limits import Limits

CONFIG_LIMIT = 1 << 20
REQUEST_LIMIT = 4096
SWEEPS, SWEEP_SECONDS = 1000, 0.002


@dataclass
class Child:
    """A student's process, as its parent knows it."""

    pid: int
    life: socket.socket
    folder: Path
    doomed: bool = False


class Server:
    """Forks on demand, reports deaths, kills on demand.

    Args:
        control: the socket to the trusted side.
        config: see :func:`main`.
        program: the compiled seccomp filter; empty where there are no walls.
        namespace: this process's PID namespace, or -1 where there are none.
    """

    def __init__(
        self, control: socket.socket, config: dict[str, Any], program: bytes, namespace: int
    ) -> None:
        self.control, self.config, self.program = control, config, program
        self.namespace = namespace
        self.children: dict[int, Child] = {}

    def warm_up(self) -> None:
        """Import everything, make the shell, and freeze what the children share."""
        from autograde.sandbox.warming import tester_for, warmed_shell

        self.shell = warmed_shell(self.config["preload"])
        self.tester = tester_for(self.shell, self.config["preload"])
        from autograde.sandbox import student  # noqa: F401 - the children find it imported

        gc.collect()
        gc.freeze()
        if self.program:
            kernel.collapse_memory()
        status = memory_status()
        self.data = status.get("VmData", 0)
        self.anonymous = status.get("RssAnon", 0)

    def serve(self) -> NoReturn:
        """Until the trusted side closes the control socket."""
        wake, woken = socket.socketpair()
        woken.setblocking(False)
        signal.signal(signal.SIGCHLD, _nothing)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        self.wakers = wake, woken
        while True:
            lives = {c.life.fileno(): c for c in self.children.values() if not c.doomed}
            control, waker = self.control.fileno(), wake.fileno()
            ready, _, _ = select.select([control, waker, *lives], [], [])
            if waker in ready:
                wake.recv(4096)
                self.reap()
            for life in lives.keys() & set(ready):
                self.kill(lives[life])
            if control in ready and not self.accept():
                self.end()

    def accept(self) -> bool:
        """Take one request to fork; False when there will be none any more."""
        message, handed, _, _ = socket.recv_fds(self.control, REQUEST_LIMIT, 2)
        if not message:
            return False
        channel, life = (socket.socket(fileno=one) for one in handed)
        try:
            self.fork(json.loads(message), channel, life)
        except OSError as error:
            with contextlib.suppress(OSError):
                life.sendall(json.dumps({"failed": "fork", "detail": str(error)}).encode())
            life.close()
        channel.close()
        return True

    def fork(self, request: dict[str, Any], channel: socket.socket, life: socket.socket) -> None:
        """Fork a student's process."""
        folder = Path(self.config["folder"])
        if self.namespace < 0:
            self.sweep()
            folder = Path(tempfile.mkdtemp(dir=folder))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # forking beside idle threads
            pid = self._new_process()
        if pid == 0:
            self._become_student(request, channel, folder)
        self.children[pid] = Child(pid, life, folder)
        born = json.dumps({"born": pid}).encode()
        if hasattr(os, "pidfd_open"):
            handle = os.pidfd_open(pid)
            socket.send_fds(life, [born], [handle])
            os.close(handle)
        else:
            life.sendall(born)

    def reap(self) -> None:
        """Report the processes that ended."""
        for pid in list(self.children):
            done, status, usage = os.wait4(pid, os.WNOHANG)
            if not done or os.WIFSTOPPED(status):  # a traced process reports its stops
                continue
            child = self.children.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            report = {"code": code, "cpu": usage.ru_utime + usage.ru_stime}
            with contextlib.suppress(OSError):
                child.life.sendall(json.dumps(report).encode())
            child.life.close()
            self._clear_away(child)

    def end(self) -> NoReturn:
        """Kill all that is left, and end."""
        for child in self.children.values():
            self.kill(child)
            os.waitpid(child.pid, 0)
            self._clear_away(child)
        self.children.clear()
        self.sweep()
        os._exit(0)

    def sweep(self) -> None:
        """Where students have no namespace but a user, kill what earlier sessions left running: all
        that descends from this process. While a session is open, nothing is killed.
        """
        if not self.config["user"] or not all(one.doomed for one in self.children.values()):
            return
        me = os.getpid()
        for _ in range(SWEEPS):
            left = {*watch.family(me)} - {me, *self.children}
            for pid in left:
                with contextlib.suppress(ProcessLookupError, ChildProcessError):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, os.WNOHANG)  # or its parent is still to go, and it comes here
            if not left:
                return
            time.sleep(SWEEP_SECONDS)

    def kill(self, child: Child) -> None:
        """Kill a student's process, and with it (being the first) its whole PID namespace."""
        child.doomed = True
        if child.pid in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)

    def _clear_away(self, child: Child) -> None:
        # The kernel has ended namespaces and their folder by now.
        if self.namespace < 0:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            self.sweep()  # who still runs would fill again what is cleared
            user = self.config["user"]
            whose = walls.student_of(user) if user else 0
            clearing.empty(child.folder, whose, self.config["shared"])

    def _new_process(self) -> int:
        if self.namespace < 0:
            return os.fork()
        kernel.unshare(kernel.CLONE_NEWPID)
        pid = -1
        try:
            pid = os.fork()
        finally:
            if pid != 0:
                kernel.join(self.namespace, kernel.CLONE_NEWPID)
        return pid

    def _become_student(
        self, request: dict[str, Any], channel: socket.socket, folder: Path
    ) -> None:
        try:
            for child in self.children.values():
                child.life.detach()
            self._shut_in(
                Limits(**request["limits"]), request["seed"], Channel(channel, AHEAD), folder
            )
        finally:
            os._exit(70)

    def _shut_in(self, limits: Limits, seed: int, channel: Channel, folder: Path) -> None:
        from autograde.sandbox import student

        try:
            student.detach(channel)
            os.setsid()
            if self.namespace >= 0:
                walls.raise_walls(limits, self.program, self.config["readable"])
            elif self.program:
                walls.raise_fewer_walls(self.program, self.config["readable"], str(folder))
            student.furnish(folder, limits, seed)
            student.redirect(folder)
            walls.bind_resources(limits, alone=bool(self.program), data=self.data)
        except walls.WallError as error:
            channel.send({"failed": error.wall, "detail": error.detail})
            return
        except Exception as error:
            channel.send({"failed": "start", "detail": f"{type(error).__name__}: {error}"})
            return
        channel.send({"ready": True})
        student.Student(channel, self.shell, limits, folder, self.tester).serve()


def memory_status() -> dict[str, int]:
    """The memory figures of this process in bytes, as ``/proc/self/status`` names them."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        return {}
    parts = [line.split() for line in lines if line.endswith(" kB")]
    return {name.rstrip(":"): int(size) * 1024 for name, size, _ in parts}


def _nothing(signum: int, frame: FrameType | None) -> None:
    """A handler, so that the signal wakes the select."""


def main(descriptor: int) -> None:
    """Run the warm process.

    The configuration has ``preload``, the modules to import, ``folder``, where students' processes
    may write, ``readable``, what stays readable inside the walls, ``user``, whom to become where
    there are no namespaces, else 0, and ``shared``, where any user may write then; its body is the
    seccomp filter, empty for no walls.
    """
    sock = socket.socket(fileno=descriptor)
    control = Channel(sock)
    config, program = control.receive(body_limit=CONFIG_LIMIT)
    try:
        namespace = -1
        if config["user"]:
            with walls.building("unprivileged user"):
                walls.become_user(config["user"])
        elif program:
            namespace = walls.settle()
        sock.settimeout(None)
        server = Server(sock, config, program, namespace)
        server.warm_up()
    except walls.WallError as error:
        control.send({"failed": error.wall, "detail": error.detail})
        sys.exit(1)
    except Exception as error:
        control.send({"failed": "imports", "detail": f"{type(error).__name__}: {error}"})
        sys.exit(1)
    control.send({"ready": True, "anonymous": server.anonymous})
    sock.settimeout(None)
    server.serve()


if __name__ == "__main__":
    with contextlib.suppress(Closed):
        main(int(sys.argv[1]))
