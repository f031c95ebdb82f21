"""Take away what students' processes left, by programs of the system: however deep folders lie, and
whatever becomes a pipe meanwhile, nothing here stops, and nothing is raised.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from autograde.sandbox import kernel, walls

SECONDS = 5.0  # for what one session left
WHOLE_SECONDS = 60.0
LOOKS = 100  # for processes that start others while they are killed
SHARED = ("/tmp", "/var/tmp", "/dev/shm")  # where any user may write


def empty(folder: Path, user: int = 0) -> None:
    """Delete a folder, and all that a user has where anybody may write.

    Args:
        folder: a session's.
        user: whose rights and whose files; 0 for the rights of this process, in the folder alone.
    """
    places = [str(folder), *filter(os.path.isdir, SHARED if user else ())]
    owned = ["-user", str(user)] if user else []
    _as_user(["find", *places, "-mindepth", "1", "-xdev", *owned, "-delete"], user)
    with contextlib.suppress(OSError):
        folder.rmdir()


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


def _as_user(command: list[str], user: int) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            if user:
                walls.be(user)
                kernel.drop_capabilities()
            quiet = os.open(os.devnull, os.O_RDWR)
            for one in range(3):
                os.dup2(quiet, one)
            os.execvp(command[0], command)
        finally:
            os._exit(70)
    until = time.monotonic() + SECONDS
    while not os.waitpid(pid, os.WNOHANG)[0]:
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(0.001)
