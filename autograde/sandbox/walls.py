"""The walls around the warm process and around each student's process, in the order they rise.

The warm process runs inside bubblewrap as an ordinary user, and makes itself the first process
of a user and a PID namespace of its own. There it may make the namespaces of students' processes,
so that one fork per student is enough. A student's process ends up in a user namespace below,
which owns none of the others: it could not mount anything even if all else failed.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from autograde.sandbox import kernel
from autograde.sandbox.limits import Limits

FOLDER = "/student"  # the student's own, a small file system of its own inside the walls
TEMPORARY = "/tmp"
SHARED_MEMORY = "/dev/shm"
DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")
INSIDE = 1000  # user and group id inside
NOBODY = 65534  # user and group id outside, when the grader is root
SPARE_PROCESSES = 2  # threads that libraries start by themselves
USERS = range(40_000, 50_000)  # user ids that a container maps, and gives to nobody
STUDENTS = 10_000  # further on: who students' processes are, beside the warm one's user
WARM_RIGHTS = sum(1 << right for right in (0, 1, 3, 5, 6, 7))
"""CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID."""
PR_SET_KEEPCAPS = 8


class WallError(Exception):
    """A wall can't be built.

    Attributes:
        wall: which one.
    """

    def __init__(self, wall: str, detail: object) -> None:
        super().__init__(wall, str(detail))
        self.wall, self.detail = wall, str(detail)


@contextmanager
def building(wall: str) -> Iterator[None]:
    """Name the wall in whatever goes wrong inside."""
    try:
        yield
    except OSError as error:
        raise WallError(wall, error) from error


def settle() -> int:
    """Make this process the first one of its own user and PID namespace.

    Call it before any thread exists. The caller's process stays behind and waits.

    Returns:
        The PID namespace, as an open descriptor.
    """
    show_processes()
    with building("unprivileged user"):
        become_nobody()
    with building("user namespaces"):
        unshare_user(_myself(), kernel.CLONE_NEWPID | kernel.CLONE_NEWNS)
    child = os.fork()
    if child:
        _wait_for(child)
    with building("mount namespace"):
        kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    _own_proc()
    return os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)


def become_nobody() -> None:
    """Give up being root: the limit on processes does not bind root."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else /proc/self stays root's


def become_user(user: int) -> None:
    """Become a user that has nothing here, for a machine that allows no namespaces. Of root's
    rights those stay that make another user of a student's process, kill it and clear up after it.
    """
    kernel.prctl(PR_SET_KEEPCAPS, 1)
    be(user)
    kernel.keep_capabilities(WARM_RIGHTS)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # nobody else can look into it
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)  # what a student's process leaves comes here


def student_of(user: int) -> int:
    """Who students' processes are, of a warm process that is this user."""
    return user + STUDENTS


def be(user: int) -> None:
    """Be this user and group, and in no other."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def unshare_user(me: int, others: int = 0) -> None:
    """Enter a new user namespace, where this user is number :data:`INSIDE`.

    Args:
        me: ``/proc/self``, opened before it may have been hidden; it is closed.
        others: further namespaces to enter, as flags.
    """
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(kernel.CLONE_NEWUSER | others)
    _write(me, "setgroups", "deny")
    _write(me, "uid_map", f"{INSIDE} {uid} 1")
    _write(me, "gid_map", f"{INSIDE} {gid} 1")
    os.close(me)


def raise_walls(limits: Limits, program: bytes, readable: list[str]) -> None:
    """Shut this process in, for good. It must be the first of a new PID namespace.

    Args:
        limits: what it may use.
        program: the compiled seccomp filter.
        readable: files and folders that stay readable.

    Raises:
        WallError: something is missing on this machine.
    """
    me = _myself()
    _write(me, "oom_score_adj", "1000")  # whoever runs out of memory, it is not the grader
    with building("namespaces"):
        kernel.unshare(
            kernel.CLONE_NEWNS
            | kernel.CLONE_NEWNET
            | kernel.CLONE_NEWIPC
            | kernel.CLONE_NEWUTS
            | kernel.CLONE_NEWCGROUP
        )
    with building("private folder"):
        folders = mount_folder(limits, readable)
    with building("process list"):
        hide_processes()
    with building("user namespaces"):
        unshare_user(me)
    with building("capabilities"):
        kernel.drop_capabilities()
    with building("Landlock"):
        kernel.restrict_files([*readable, "/proc", *DEVICES], [*folders, "/dev/null"])
    with building("seccomp"):
        kernel.load_seccomp(program)


def raise_fewer_walls(program: bytes, readable: list[str], folder: str) -> None:
    """Shut in a process that has a user of its own, and no namespaces.

    Args:
        program: the compiled seccomp filter.
        readable: files and folders that stay readable, where the kernel has Landlock.
        folder: its own.

    Raises:
        WallError: something is missing on this machine.
    """
    me = _myself()
    _write(me, "oom_score_adj", "1000")  # whoever runs out of memory, it is not the grader
    os.close(me)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)  # whatever it starts stays in its family
    with building("a user of its own"):
        # Not the warm process's: it could stop that one, or take its files and its time.
        user = student_of(os.getuid())
        os.chown(folder, user, user)
        be(user)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    with building("capabilities"):
        kernel.drop_capabilities()
    if kernel.landlock_version():
        writable = [folder, TEMPORARY, SHARED_MEMORY, "/dev/null"]
        with building("Landlock"):
            kernel.restrict_files([*readable, "/proc", *DEVICES], writable)
    with building("seccomp"):
        kernel.load_seccomp(program)


def mount_folder(limits: Limits, readable: list[str]) -> list[str]:
    """A private folder of bounded size. Parts of it show as ``/dev/shm`` and, unless the machine
    has something readable there, as ``/tmp``.

    Returns:
        The folders that are writable.
    """
    options = f"size={limits.folder_bytes},nr_inodes={limits.folder_files},mode=0700"
    kernel.mount("tmpfs", FOLDER, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
    places = {SHARED_MEMORY: f"{FOLDER}/.shm"}
    if not any(path.startswith(f"{TEMPORARY}/") for path in readable):
        places[TEMPORARY] = f"{FOLDER}/tmp"
    for place, part in places.items():
        os.mkdir(part)
        kernel.mount(part, place, "", kernel.MS_BIND)
    return [FOLDER, *places]


def hide_processes() -> None:
    """Show only this namespace's processes under /proc, or none where that is not allowed."""
    if not _own_proc():
        flags = kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
        kernel.mount("tmpfs", "/proc", "tmpfs", flags, "size=4k,nr_inodes=2")


def bind_resources(limits: Limits, *, alone: bool, data: int) -> None:
    """Set the limits that the kernel keeps for each process.

    Args:
        limits: what the process may use.
        alone: whether it has a user namespace of its own, where processes are counted apart.
        data: bytes of memory that it has from the start.
    """
    wanted = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
    }
    if hasattr(resource, "RLIMIT_DATA"):
        wanted[resource.RLIMIT_DATA] = data + limits.memory
    if alone:
        wanted[resource.RLIMIT_NPROC] = limits.processes + SPARE_PROCESSES
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (least, least))


def _myself() -> int:
    return os.open("/proc/self", os.O_PATH | os.O_CLOEXEC)


def show_processes() -> None:
    """Where root started bubblewrap, replace the process list that it covered in part: the
    kernel lets a user namespace mount one of its own only where a whole one shows.
    """
    if os.getuid() == 0:
        _own_proc()


def _own_proc() -> bool:
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    try:
        kernel.mount("proc", "/proc", "proc", flags)
    except OSError:
        return False
    return True


def _write(folder: int, name: str, text: str) -> None:
    file = os.open(name, os.O_WRONLY, dir_fd=folder)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def _wait_for(child: int) -> NoReturn:
    os.closerange(3, 4096)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
