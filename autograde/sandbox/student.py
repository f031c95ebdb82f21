"""A student's process: it runs cells and answers probes until it is stopped.

Whatever it sends is a claim. Nothing here has to withstand the student's code, which shares the
process; the walls and the trusted side do.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import torch

from autograde.sandbox import launch, outputs, transport
from autograde.sandbox.bounds import PROBES, Bounds, TransportError
from autograde.sandbox.channel import Channel, ChannelError
from autograde.sandbox.limits import Limits
from autograde.sandbox.shell import NotebookShell
from course.checks.probes import Answer

if TYPE_CHECKING:
    from autograde.sandbox.testing import Tester

SOURCE_LIMIT = 16 << 20
WORK = "work"


class Student:
    """Serves one session.

    Args:
        channel: to the trusted side.
        shell: made before the fork.
        limits: of the session.
        folder: the private folder.
        tester: for notebooks that are not the course's.
    """

    def __init__(
        self,
        channel: Channel,
        shell: NotebookShell,
        limits: Limits,
        folder: Path,
        tester: Tester | None = None,
    ) -> None:
        self.channel, self.shell, self.limits = channel, shell, limits
        self.folder, self.tester = folder, tester
        self.asked: Any = None  # NumPy's random state before the first question after a cell
        shell.collector = outputs.Collector(limits.output_bytes, limits.output_count)

    def serve(self) -> NoReturn:
        """Answer requests until the trusted side closes the channel."""
        actions = {"files": self.files, "run": self.run, "test": self.test, "ask": self.ask}
        limit = PROBES.buffers + 2 * PROBES.header
        while True:
            try:
                request, body = self.channel.receive(body_limit=limit)
                reply, content = actions[request["op"]](request, body)
                self.channel.send({"number": request["number"], **reply}, content)
            except ChannelError:
                os._exit(0)
            except KeyboardInterrupt:
                continue  # came too late: the cell had ended

    def files(self, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Write files into the working folder."""
        at = 0
        for name, size in request["files"]:
            path = self.folder / WORK / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body[at : at + size])
            at += size
        return {}, b""

    def run(self, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Run a cell."""
        source = body.decode()
        return self._collected(lambda: {"good": self.shell.cell(source)})

    def test(self, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Run a test cell of a notebook that is not the course's."""
        source, tester = body.decode(), self.tester
        if tester is None:
            raise RuntimeError("this session was not made for tests")
        return self._collected(lambda: tester.run(source))

    def _collected(self, cell: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], bytes]:
        """What a cell claims, with its outputs."""
        if self.asked is not None:
            np.random.set_state(self.asked)
            self.asked = None
        start = time.perf_counter()
        printed = os.lseek(1, 0, os.SEEK_END)
        claim = cell()
        self._add_raw(printed)
        records, content = outputs.packed(self.shell.collector.outputs)
        seconds = time.perf_counter() - start
        return {**claim, "outputs": records, "seconds": seconds}, content

    def ask(self, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Put a probe to the student's objects. Cells after it draw as if none had been put."""
        if self.asked is None:
            self.asked = np.random.get_state()
        answer = transport.decode_probe(body).run(self.shell.user_ns)
        bounds = Bounds(buffers=self.limits.answer_bytes)
        try:
            return {}, transport.encode_answer(answer, bounds)
        except TransportError as error:
            refused = Answer("raised", error=f"the answer is too large: {error}")
            return {}, transport.encode_answer(refused, bounds)

    def _add_raw(self, start: int) -> None:
        # What was written past Python: by subprocesses, by C++, by os.write.
        size = min(os.lseek(1, 0, os.SEEK_END) - start, self.limits.output_bytes)
        if size > 0:
            text = os.pread(1, size + 1, start).decode("utf-8", "replace")
            self.shell.collector.stream("stdout", text)


def furnish(folder: Path, limits: Limits, seed: int) -> None:
    """Make the private folder a home, and reset what the fork copied."""
    for name in (WORK, launch.TEMPORARY, launch.IPYTHON, launch.MATPLOTLIB):
        (folder / name).mkdir(parents=True, exist_ok=True)
    os.environ.update(launch.homes(folder))
    os.chdir(folder / WORK)
    tempfile.tempdir = None
    sys.path.insert(0, "")
    random.seed(seed)
    np.random.seed(seed % (1 << 32))
    torch.manual_seed(seed)
    torch.set_num_threads(limits.threads)


def detach(channel: Channel) -> None:
    """Let go of everything that the warm process had open, and of its signals."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    keep = channel.fileno()
    os.closerange(3, keep)
    os.closerange(keep + 1, 4096)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    if null != 0:
        os.close(null)


def redirect(folder: Path) -> None:
    """Point the descriptors 1 and 2 at a file in the private folder that has no name."""
    path = folder / ".printed"
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    os.unlink(path)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
