"""Control groups, where this machine lets the grader make some: the kernel then bounds memory, its
own for the processes included, and their number, and counts their processor time.

Version 2 as root, in a container with a writable tree, or under ``systemd-run --user --scope -p
Delegate=yes``; of version 1, as root, memory and time. Elsewhere the walls and
:mod:`autograde.sandbox.watch` do it: processes are counted by their user namespace, memory is
looked at ten times a second, and the time of processes that come and go between two looks, and
that nobody waits for, is not counted.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from dataclasses import dataclass
from pathlib import Path

from autograde.sandbox.limits import Limits

NAME = "autograde-"
SPARE_PROCESSES = 16
SPARE_MEMORY = 64 << 20
CONTROLLERS = ("memory", "cpuacct")  # of version 1: each more costs a student 4 ms
NO_GROUP = (
    "no control group can be made here, so memory is looked at ten times a second; to have one, "
    "run as root, or under `systemd-run --user --scope -p Delegate=yes`"
)


@dataclass(frozen=True)
class Group:
    """One session's control group: a folder in each hierarchy."""

    folders: tuple[Path, ...]

    def add(self, pid: int) -> bool:
        """Move a process in, and say whether it is in all of it. Its children will be, too."""
        joined = True
        for folder in self.folders:
            try:
                (folder / "cgroup.procs").write_text(str(pid), "utf-8")
            except OSError:
                joined = False
        return joined

    def processor_seconds(self) -> float:
        """Processor time of all processes that were ever in it; 0 where it is not counted."""
        for folder in self.folders:
            with contextlib.suppress(OSError, ValueError):
                if (folder / "cpuacct.usage").exists():
                    return int((folder / "cpuacct.usage").read_text("utf-8")) / 1e9
                name, number, *_ = (folder / "cpu.stat").read_text("utf-8").split()
                if name == "usage_usec":  # version 1 has a file of this name, and no times in it
                    return int(number) / 1e6
        return 0.0

    def memory(self) -> int | None:
        """Bytes that its processes have of their own; None where that is not counted."""
        for folder in self.folders:
            for name in ("memory.current", "memory.usage_in_bytes"):
                with contextlib.suppress(OSError, ValueError):
                    return int((folder / name).read_text("utf-8"))
        return None

    def is_full(self) -> bool:
        """Whether the kernel killed a process in it because the group used all its memory."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError, ValueError):
                    lines = (folder / name).read_text("utf-8").splitlines()
                    counts = dict(line.split(maxsplit=1) for line in lines)
                    if int(counts.get("oom_kill", 0)):
                        return True
        return False

    def close(self) -> None:
        """Take it away, when its processes are gone."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                folder.rmdir()


class Groups:
    """Where control groups can be made; empty folders where none can."""

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}
        self._number = itertools.count()
        with contextlib.suppress(OSError, ValueError):
            self.folders = _usable()
        for folder in set(self.folders.values()):
            _clear(folder)

    @property
    def description(self) -> str:
        """What is in force, in one line."""
        kinds = [name for name in ("memory", "pids") if name in self.folders]
        if not self.folders:
            return NO_GROUP
        counted = [{"memory": "memory", "pids": "processes"}[name] for name in kinds]
        return f"control groups: {', '.join([*counted, 'processor time'])}"

    def make(self, limits: Limits, shared: int) -> Group | None:
        """A group for a session, which shares so many bytes; None where there is none."""
        if not self.folders:
            return None
        name = f"{NAME}{os.getpid()}-{id(self)}-{next(self._number)}"
        made = Group(tuple(dict.fromkeys(folder / name for folder in self.folders.values())))
        memory = limits.memory + shared + limits.folder_bytes + SPARE_MEMORY  # the watch is first
        wanted = {
            "memory.max": memory,
            "memory.swap.max": 0,
            "memory.oom.group": 1,
            "memory.limit_in_bytes": memory,
            "memory.memsw.limit_in_bytes": memory,
            "pids.max": limits.processes + SPARE_PROCESSES,
        }
        try:
            for folder in made.folders:
                folder.mkdir()
                for file, value in wanted.items():
                    if (folder / file).exists():
                        (folder / file).write_text(str(value), "utf-8")
        except OSError:
            made.close()
            return None
        return made


def _usable() -> dict[str, Path]:
    """Folders in which groups can be made, by what they control."""
    own = dict[str, str]()
    for line in Path("/proc/self/cgroup").read_text("utf-8").splitlines():
        _, names, path = line.split(":", 2)
        own |= dict.fromkeys(names.split(","), path)
    found = dict[str, Path]()
    for line in Path("/proc/self/mounts").read_text("utf-8").splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2":
            folder = _inside(place, own.get("", "/"))
            _enable(folder)
            controls = (folder / "cgroup.subtree_control").read_text("utf-8").split()
            kinds = [*({"memory", "pids"} & set(controls)), "time"]
        elif kind == "cgroup":
            given = [name for name in CONTROLLERS if name in options.split(",")]
            folder = _inside(place, own.get(given[0], "/")) if given else Path(place)
            kinds = ["time" if name == "cpuacct" else name for name in given]
        else:
            continue
        found |= {name: folder for name in kinds if name not in found and _writable(folder)}
    return found


def _inside(place: str, path: str) -> Path:
    """This process's own group; in a container the mount may begin at it."""
    folder = Path(place) / path.lstrip("/")
    return folder if folder.is_dir() else Path(place)


def _enable(folder: Path) -> None:
    """Let groups below control memory and number. The kernel forbids it to a group that has
    processes; where they are this one alone, it moves into a group of its own.
    """
    control = folder / "cgroup.subtree_control"
    wanted = {"memory", "pids"} & set((folder / "cgroup.controllers").read_text("utf-8").split())
    if wanted <= set(control.read_text("utf-8").split()):
        return
    text = " ".join(f"+{name}" for name in sorted(wanted))
    with contextlib.suppress(OSError):
        if (folder / "cgroup.procs").read_text("utf-8").split() == [str(os.getpid())]:
            (folder / f"{NAME}itself").mkdir(exist_ok=True)
            (folder / f"{NAME}itself" / "cgroup.procs").write_text(str(os.getpid()), "utf-8")
        control.write_text(text, "utf-8")


def _clear(folder: Path) -> None:
    """Take away what a killed grader left."""
    for left in folder.glob(f"{NAME}[0-9]*-*"):
        if not Path(f"/proc/{left.name.split('-')[1]}").exists():
            with contextlib.suppress(OSError):
                left.rmdir()


def _writable(folder: Path) -> bool:
    probe = folder / f"{NAME}{os.getpid()}-probe"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True
