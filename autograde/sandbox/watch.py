"""Watching the memory of a student's processes from outside, all of them together."""

from __future__ import annotations

import time
from pathlib import Path

from autograde.sandbox.channel import TICK


class TooMuchMemory(Exception):
    """The processes of a session use more memory than they may."""


class MemoryWatch:
    """Called while the trusted side waits; looks every :data:`TICK` seconds.

    Each process is bound by its own limit at once; this one bounds what many of them hold.

    Args:
        handle: the session's first process, as a pidfd; below 0 watches nothing.
        limit: bytes of all processes together, pages shared with the warm one included in part.
    """

    def __init__(self, handle: int, limit: int) -> None:
        self._handle, self._limit = handle, limit
        self._next = time.monotonic() + TICK

    def __call__(self) -> None:
        """Look, if it is time.

        Raises:
            TooMuchMemory: the limit is exceeded.
        """
        if self._handle < 0 or time.monotonic() < self._next:
            return
        used = sum(memory_of(pid) for pid in family(process_of(self._handle)))
        if used > self._limit:
            raise TooMuchMemory
        self._next = time.monotonic() + TICK


def family(pid: int) -> list[int]:
    """A process and all that descend from it. Orphans of a PID namespace belong to its first."""
    if pid <= 0:
        return []
    found, front = [], [pid]
    while front:
        one = front.pop()
        found.append(one)
        front += _children(one)
    return found


def process_of(handle: int) -> int:
    """The number of the process behind a pidfd, as seen from here; -1 when it is gone."""
    try:
        lines = Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines()
    except OSError:
        return -1
    return next((int(line.split()[1]) for line in lines if line.startswith("Pid:")), -1)


def _children(pid: int) -> list[int]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(one) for t in threads for one in (t / "children").read_text().split()]
    except OSError:
        return []  # it just ended


def memory_of(pid: int) -> int:
    """Bytes of anonymous and shared memory, each page divided by the number of its users."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    wanted = ("Pss_Anon:", "Pss_Shmem:", "SwapPss:")
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(wanted))
