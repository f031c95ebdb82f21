"""Take away what students' processes left, by programs of the system: however deep folders lie, and
whatever becomes a pipe meanwhile, nothing here stops, and nothing is raised.

Deleting takes as long as there is much, and what its owner has shut can't be deleted with their
rights. So all of it first moves to where no student's process can look, and is deleted then: what
takes too long goes when the grader ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograde.sandbox import kernel, walls

SECONDS = 5.0  # for what one session left
WHOLE_SECONDS = 60.0
LOOKS = 100  # for processes that start others while they are killed
SHARED = ("/tmp", "/var/tmp", "/dev/shm")  # where any user may write, on every machine
SHARED_DEPTH = "4"  # of further such folders
GONE = ".gone-"  # a folder of what was moved away begins so
ALL = "all"


def shared() -> list[str]:
    """All folders in which any user may write."""
    unseen = ["(", "-path", "/proc", "-o", "-path", "/sys", ")", "-prune"]
    wanted = ["-maxdepth", SHARED_DEPTH, *unseen, "-o", "-type", "d", "-perm", "-0002", "-print0"]
    found = ""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        found = subprocess.run(
            ["find", "/", *wanted],
            capture_output=True, text=True, errors="surrogateescape", timeout=WHOLE_SECONDS,
            check=False,
        ).stdout  # fmt: skip
    return [*dict.fromkeys((*filter(os.path.isdir, SHARED), *filter(None, found.split("\0"))))]


def empty(folder: Path, user: int = 0, places: Iterable[str] = ()) -> None:
    """Delete a folder, and all that a user has where anybody may write.

    Args:
        folder: a session's.
        user: whose rights and whose files; 0 for the rights of this process, in the folder alone.
        places: where anybody may write.
    """
    if not user:
        _as_user(["find", str(folder), "-mindepth", "1", "-xdev", "-delete"], user)
        with contextlib.suppress(OSError):
            folder.rmdir()
        return
    until = time.monotonic() + SECONDS
    for place, names in ((str(folder.parent), [folder.name]), *_owned(places, user)):
        with contextlib.suppress(OSError):
            _delete_apart(place, names, user, until)


def _owned(places: Iterable[str], user: int) -> Iterator[tuple[str, list[str]]]:
    """A user's files and folders, by the place that they lie in."""
    for place in places:
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            if names := [one.name for one in entries if _owner(one) == user]:
                yield place, names


def _owner(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_uid
    except OSError:
        return -1


def _delete_apart(place: str, names: Iterable[str], user: int, until: float) -> None:
    """Move a user's things into a folder of ours and delete them there with the user's rights."""
    gone = tempfile.mkdtemp(prefix=GONE, dir=place)
    inner = os.path.join(gone, ALL)
    os.mkdir(inner, 0o700)
    os.chown(inner, user, user)  # it can be worked in by whoever begins in it, and not found
    for name in names:
        with contextlib.suppress(OSError):
            os.rename(os.path.join(place, name), os.path.join(inner, name))
    _as_user(["find", ".", "-mindepth", "1", "-xdev", "-delete"], user, inner, until)
    with contextlib.suppress(OSError):
        os.rmdir(inner)
        os.rmdir(gone)


def sweep_up(users: set[int], places: Iterable[str]) -> None:
    """Delete what users that are nobody else's have anywhere, when none of their processes is left;
    by root.
    """
    for user in users:
        for place, names in _owned(places, user):
            for name in names:
                remove(os.path.join(place, name))


def remove(folder: str) -> None:
    """Delete a folder of ours with all that is in it; what resists stays."""
    command = ["rm", "-rf", "--", folder]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(command, timeout=WHOLE_SECONDS, check=False, capture_output=True)


def kill_all_of(users: set[int]) -> None:
    """Kill every process of users that are nobody else's."""
    for _ in range(LOOKS):
        found = [
            pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _is(pid, users)
        ]
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            return
        time.sleep(0.01)


def _is(pid: int, users: set[int]) -> bool:
    """Whether it lives, and is one of these users'."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return False
    return (
        int(status.partition("\nUid:")[2].split()[0]) in users
        and status.partition("\nState:")[2].split()[0] != "Z"
    )


def _as_user(command: list[str], user: int, begin: str = "", until: float = 0.0) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            if begin:
                os.chdir(begin)
            if user:
                walls.be(user)
                kernel.drop_capabilities()
            quiet = os.open(os.devnull, os.O_RDWR)
            for one in range(3):
                os.dup2(quiet, one)
            os.execvp(command[0], command)
        finally:
            os._exit(70)
    until = until or time.monotonic() + SECONDS
    while not os.waitpid(pid, os.WNOHANG)[0]:
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(0.001)
