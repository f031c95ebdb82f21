"""No notebook takes more than its share of the cores while others work beside it.

torch takes a thread for each core, in every process. Two notebooks at once then wait for each
other: a step of a small network can take fifty times as long. So a notebook that computes holds a
lock on a file while a cell runs, and takes the cores divided by the notebooks that do. Whoever
sets ``OMP_NUM_THREADS``, or calls ``torch.set_num_threads``, has decided, and is left alone.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import torch

VARIABLE = "OMP_NUM_THREADS"
MOST = 200  # locks that are looked at
OURS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)

_lock: int | None = None  # the open file of this process, while it works
_set: int | None = None  # the threads that were set here last
_most: int | None = None  # what torch takes by itself: a core's second thread is no core


def share_cores() -> None:
    """Take a share of the cores now and, in a notebook, anew with each cell."""
    if os.environ.get(VARIABLE):
        return
    _begin()
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell: Any = get_ipython()
    if shell is not None and _begin not in shell.events.callbacks["pre_run_cell"]:
        shell.events.register("pre_run_cell", _begin)
        shell.events.register("post_run_cell", _end)


def cores() -> int:
    """Cores that this process may use."""
    with contextlib.suppress(AttributeError):  # macOS and Windows don't say
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def at_work() -> int:
    """How many other notebooks of this user compute at the moment.

    Raises:
        OSError: the folder of their locks can't be had.
    """
    with os.scandir(_folder()) as entries:
        names = [entry.name for entry in islice(entries, MOST) if entry.name.isdecimal()]
    return sum(_is_held(_folder() / name) for name in names if name != str(os.getpid()))


def _begin(*_: object) -> None:
    global _lock, _set, _most
    if _set is not None and torch.get_num_threads() != _set:
        return  # somebody has chosen another number
    with contextlib.suppress(OSError, ImportError):  # no locks here: torch's own number stays
        import fcntl

        if _lock is None:
            path = _folder() / str(os.getpid())
            _lock = os.open(path, os.O_RDWR | os.O_CREAT | OURS, 0o600)
            fcntl.flock(_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _most = _most or torch.get_num_threads()
        _set = max(1, min(_most, cores() // (1 + at_work())))
        torch.set_num_threads(_set)


def _end(*_: object) -> None:
    global _lock
    if _lock is not None:
        os.close(_lock)  # which lets the lock go, as the end of the process does
        _lock = None
        with contextlib.suppress(OSError):
            (_folder() / str(os.getpid())).unlink()


def _folder() -> Path:
    """Where this user's notebooks have their locks.

    Raises:
        OSError: what stands there is not this user's alone: anybody may make it first.
    """
    owner = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"convnet-course-{owner}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not this user's alone")
    return folder


def _is_held(path: Path) -> bool:
    """Whether a process that lives works under this lock."""
    import fcntl

    try:
        file = os.open(path, os.O_RDWR | OURS)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        path.unlink(missing_ok=True)  # left by one that was killed
        return False
    finally:
        os.close(file)
