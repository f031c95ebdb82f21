"""Forbidden things, as functions that try them. The self-test runs this file in a session.

Each returns what it got hold of, as text; an empty text means that the wall held. None of them
does harm where a wall is missing: nothing is written under a name, nobody else is signalled,
no memory is touched, and the processes are few.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import signal
import socket
import sys
from typing import Any

MIB = 1 << 20
CLONE_NEWUSER = 0x10000000
PTRACE_ATTACH = 16
libc: Any = ctypes.CDLL(None, use_errno=True)


def network() -> str:
    """Open a socket and reach this machine itself."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            error = sock.connect_ex(("127.0.0.1", 9))
    except OSError:
        return ""
    return f"a socket opened; connecting gave {os.strerror(error)}"


def machine() -> str:
    """Read who has an account here."""
    try:
        with open("/etc/passwd", encoding="utf-8") as file:
            names = [line.split(":")[0] for line in file]
    except OSError:
        return ""
    return "" if names == ["student"] else f"{len(names)} accounts of this machine"


def folders(paths: list[str]) -> str:
    """List or read what must not show."""
    seen = []
    for path in paths:
        try:
            if os.path.isdir(path):
                shown = bool(os.listdir(path))  # an empty folder covers what must not show
            else:
                with open(path, "rb") as file:
                    shown = bool(file.fileno())
        except OSError:
            continue
        if shown:
            seen.append(path)
    return ", ".join(seen)


def processes() -> str:
    """See processes other than this one, or its parent."""
    try:
        others = [one for one in os.listdir("/proc") if one.isdigit()]
    except OSError:
        others = []
    others = [one for one in others if one != str(os.getpid())]
    parent = os.getppid()
    return f"{len(others)} other processes, parent {parent}" if others or parent else ""


def environment(secret: list[str]) -> str:
    """Find variables of the grader's environment, here or in another process."""
    names = set(os.environ)
    for process in ("self", "1", str(os.getppid())):
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                names |= {one.split(b"=")[0].decode() for one in file.read().split(b"\0") if one}
        except OSError:
            continue
    return ", ".join(sorted(names & set(secret)))


def listing() -> str:
    """List the root folder, which only Landlock forbids."""
    try:
        return f"{len(os.listdir('/'))} names"
    except OSError:
        return ""


def outside() -> str:
    """Write outside the private folder. The files have no names and vanish at once."""
    written = []
    for folder in ("/", "/usr", "/etc", "/lab", "/opt", "/var/tmp"):
        try:
            os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY))
        except OSError:
            continue
        written.append(folder)
    return ", ".join(written)


def calls() -> str:
    """Make system calls that a student never needs."""
    attempts = {
        "ptrace": lambda: libc.ptrace(PTRACE_ATTACH, -1, 0, 0),
        "mount": lambda: libc.mount(b"none", b"/nowhere", b"tmpfs", 0, None),
        "unshare": lambda: libc.unshare(CLONE_NEWUSER),
        "setns": lambda: libc.setns(-1, 0),
        "personality": lambda: libc.personality(0xFFFFFFFF),
        "memfd_create": lambda: libc.memfd_create(b"x", 0),
    }
    return ", ".join(name for name, attempt in attempts.items() if not _refused(attempt))


def _refused(attempt: Any) -> bool:
    ctypes.set_errno(0)
    return attempt() == -1 and ctypes.get_errno() == errno.EPERM


def privileges() -> str:
    """Be somebody, or be able to become somebody."""
    wanted = {"CapEff": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"}
    try:
        with open("/proc/self/status", encoding="utf-8") as file:
            found = dict(line.split(":", 1) for line in file)
    except OSError:
        return "root" if os.getuid() == 0 else ""
    wrong = [key for key, value in wanted.items() if found[key].strip() != value]
    return ", ".join(wrong)


def many_processes(limit: int) -> str:
    """Start more processes than the limit; each waits until all are killed."""
    children: list[int] = []
    try:
        for _ in range(limit + 16):
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
    except OSError:
        return ""
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return f"{len(children)} processes"


def memory(limit: int) -> str:
    """Reserve more memory than the limit, as the student's own or as shared."""
    for what, flags in (("own", mmap.MAP_PRIVATE), ("shared", mmap.MAP_SHARED)):
        try:
            mmap.mmap(-1, limit + MIB, flags=flags | mmap.MAP_ANONYMOUS).close()
        except (OSError, ValueError):
            continue
        return f"{(limit + MIB) / MIB:.0f} MiB, {what}"
    return ""


def large_files(file_limit: int, folder_limit: int) -> str:
    """Make a file larger than the limit, in a folder that is larger than its own."""
    size = os.statvfs(".").f_blocks * os.statvfs(".").f_frsize
    if size > folder_limit:
        return f"a folder of {size / MIB:.0f} MiB"
    with open("large", "wb") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, file_limit + 1)
        except OSError:
            return ""
        finally:
            os.unlink("large")
    return f"a file of more than {file_limit / MIB:.0f} MiB"


def open_files(limit: int) -> str:
    """Be allowed to open more files than the limit, or to leave a core dump."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    core = resource.getrlimit(resource.RLIMIT_CORE)[1]
    return "" if files <= limit and core == 0 else f"{files} open files, core dumps of {core}"


def strangers() -> str:
    """Hold open files that nobody handed over: all but the channel to the grader."""
    channels = 0
    for one in range(3, 4096):
        try:
            channels += os.path.islink(f"/proc/self/fd/{one}") or bool(os.fstat(one))
        except OSError:
            continue
    return "" if channels <= 1 else f"{channels} open files"


def attempt_all(settings: dict[str, Any]) -> dict[str, str]:
    """What each attempt got hold of, by name."""
    found = {}
    for name, arguments in settings.items():
        try:
            found[name] = getattr(sys.modules["__main__"], name)(*arguments)
        except Exception as error:
            found[name] = f"the attempt itself failed: {type(error).__name__}: {error}"
    return found
