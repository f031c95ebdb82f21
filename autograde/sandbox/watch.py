"""Watching the time and the memory of a student's processes from outside, all of them together.

Time is what they use themselves: processor time, or the clock's where they sleep. While they wait
for a processor that others have, no time passes for them. A control group counts the processor
time of all, also of those that came and went between two looks; without one, only of those that
were seen or waited for.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from autograde.sandbox.channel import TICK
from autograde.sandbox.groups import Group

CROWD = 8  # threads from which a session's processes get what others leave of the processors
IDLE = 19
SECOND = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
SOCKET_SPARE = 64 << 10  # bytes that a socket may send beyond its buffer


class TooMuchMemory(Exception):
    """The processes of a session use more memory than they may."""


class TooLong(Exception):
    """The processes of a session used the time that they were given."""


class Watch:
    """Called while the trusted side waits; looks every :data:`TICK` seconds, over all exchanges.

    Each process is bound by its own limits at once; this one bounds what many of them use.

    Args:
        handle: the session's first process, as a pidfd; below 0 there is the clock alone.
        memory: bytes of all processes together, pages shared with the warm one included in part,
            with what the kernel keeps for them.
        group: the session's control group.

    Attributes:
        total: seconds of processor time of all processes so far, between exchanges, too.
    """

    def __init__(self, handle: int, memory: int, group: Group | None = None) -> None:
        self._handle, self._memory, self._group = handle, memory, group
        self._next = time.monotonic() + TICK
        self._times: dict[int, float] = {}  # processor time by process
        self._waits: dict[int, float] = {}  # time spent waiting for a processor, by thread
        self._total = group.processor_seconds() if group else 0.0
        self._polite: set[int] = set()
        self.total = 0.0
        self.begin(0.0)

    def begin(self, seconds: float) -> None:
        """An exchange begins, which may take this long; what was used before is not its own."""
        if time.monotonic() >= self._next:
            with contextlib.suppress(TooMuchMemory):  # told when it is looked for
                self.look()
            self._next = time.monotonic() + TICK
        self._allowed, self._since = seconds, time.monotonic()
        self._cpu = self._waited = 0.0

    def used(self) -> float:
        """Seconds of their own that the processes have used in this exchange."""
        return max(self._cpu, time.monotonic() - self._since - self._waited)

    def __call__(self) -> None:
        """Look, if it is time.

        Raises:
            TooMuchMemory: the limit is exceeded.
            TooLong: the exchange has used its time.
        """
        if time.monotonic() < self._next:
            return
        self.look()
        self._next = time.monotonic() + TICK
        if self.used() >= self._allowed:
            raise TooLong

    def look(self) -> None:
        """Bring the figures up to date.

        Raises:
            TooMuchMemory: the limit is exceeded.
        """
        everybody = family(process_of(self._handle)) if self._handle >= 0 else []
        threads = [thread for pid in everybody for thread in threads_of(pid)]
        new_time = self._new_time(everybody)
        self._cpu += new_time
        self.total += new_time
        waits = {thread: waited_by(thread) for thread in threads}
        # The longest wait, not their sum: many that wake at once wait for each other.
        new = max((one - self._waits.get(thread, 0.0) for thread, one in waits.items()), default=0)
        self._waits = waits
        self._waited = min(self._waited + max(0.0, new), time.monotonic() - self._since)
        if len(threads) > CROWD:
            self._step_back(threads)
        used = sum(map(memory_at_most, everybody)) + sockets_of(everybody)
        if (
            used > self._memory
            and not self._far_from_it()
            and self._exactly(everybody) > self._memory
        ):
            raise TooMuchMemory

    def _new_time(self, everybody: list[int]) -> float:
        before, self._times = self._times, {pid: time_of(pid) for pid in everybody}
        if self._group and (total := self._group.processor_seconds()):
            new, self._total = total - self._total, total
            return new
        new = sum(self._times.values()) - sum(before.values())
        # Less than before: some have gone whom nobody waited for.
        return max(new, sum(one - before.get(pid, 0.0) for pid, one in self._times.items()), 0.0)

    def _far_from_it(self) -> bool:
        """What the kernel says at once; page by page it takes a crowd's time."""
        held = self._group.memory() if self._group else None
        return held is not None and held < self._memory / 2

    def _exactly(self, everybody: list[int]) -> int:
        return sum(memory_of(pid) + tables_of(pid) for pid in everybody) + sockets_of(everybody)

    def _step_back(self, threads: list[int]) -> None:
        """A crowd takes no processor from others; its children begin where it is."""
        for thread in set(threads) - self._polite:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, thread, IDLE)
        self._polite = set(threads)


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
    lines = _read(f"/proc/self/fdinfo/{handle}").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Pid:")), -1)


def threads_of(pid: int) -> list[int]:
    """A process's threads."""
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []  # it just ended


def _children(pid: int) -> list[int]:
    texts = (_read(f"/proc/{pid}/task/{thread}/children") for thread in threads_of(pid))
    return [int(one) for text in texts for one in text.split()]


def time_of(pid: int) -> float:
    """Seconds of processor time of a process, and of its children that it waited for."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / SECOND


def waited_by(thread: int) -> float:
    """Seconds that a thread was ready and had no processor; 0 where the kernel does not tell."""
    fields = _read(f"/proc/{thread}/schedstat").split()
    return int(fields[1]) / 1e9 if len(fields) > 1 else 0.0


def memory_of(pid: int) -> int:
    """Bytes of anonymous and shared memory, each page divided by the number of its users."""
    return _kibibytes(f"/proc/{pid}/smaps_rollup", ("Pss_Anon:", "Pss_Shmem:", "SwapPss:"))


def memory_at_most(pid: int) -> int:
    """The same with shared pages in full, and page tables: found in a tenth of the time."""
    return _kibibytes(f"/proc/{pid}/status", ("RssAnon:", "RssShmem:", "VmSwap:", "VmPTE:"))


def tables_of(pid: int) -> int:
    """Bytes of a process's page tables."""
    return _kibibytes(f"/proc/{pid}/status", ("VmPTE:",))


def sockets_of(everybody: list[int]) -> int:
    """Bytes that the kernel may hold in the sockets of a session, which has a network of its own:
    sent, and not received. They count where they are, also on their way from process to process.
    """
    pid = next(iter(everybody), -1)
    try:
        if os.stat(f"/proc/{pid}/ns/net").st_ino == os.stat("/proc/self/ns/net").st_ino:
            return 0
    except OSError:
        return 0
    first = _read(f"/proc/{pid}/net/sockstat").partition("\n")[0].split()
    each = int(_read("/proc/sys/net/core/wmem_default") or 212_992) + SOCKET_SPARE
    return int(first[2]) * each if len(first) == 3 else 0


def _kibibytes(path: str, names: tuple[str, ...]) -> int:
    lines = _read(path).splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(names))


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, ValueError):
        return ""
