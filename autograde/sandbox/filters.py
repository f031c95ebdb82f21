"""The system calls that a process behind the walls may not make, compiled to a seccomp filter.

Compiled on the trusted side by libseccomp, which knows the numbers on every architecture; the
sandbox only loads the bytes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import tempfile
from collections.abc import Iterable
from typing import Any

from autograde.sandbox.errors import IsolationError

# Looking into or steering other processes; new namespaces and mounts; kernel interfaces with a
# history of holes; anything of the whole machine's; memory that no limit counts.
DENIED = tuple(
    """
    ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd
    mount umount umount2 pivot_root chroot move_mount open_tree open_tree_attr fsopen fsconfig
    fsmount fspick mount_setattr unshare setns
    bpf perf_event_open userfaultfd keyctl add_key request_key fanotify_init lookup_dcookie
    io_uring_setup io_uring_enter io_uring_register name_to_handle_at open_by_handle_at
    modify_ldt vm86 vm86old personality vmsplice
    init_module finit_module delete_module create_module kexec_load kexec_file_load reboot
    swapon swapoff acct quotactl quotactl_fd iopl ioperm syslog nfsservctl vhangup uselib _sysctl
    settimeofday clock_settime clock_settime64 clock_adjtime clock_adjtime64 adjtimex stime
    sethostname setdomainname move_pages migrate_pages
    memfd_create memfd_secret shmget shmat shmctl msgget semget mq_open mlock mlock2 mlockall
""".split()  # noqa: SIM905 - a table reads better
)

OF_OUR_OWN = frozenset(
    """
    memfd_create memfd_secret shmget shmat shmctl msgget semget mq_open mlock mlock2 mlockall
""".split()  # noqa: SIM905 - a table reads better
)
"""What a whole command may do, and a student's process not: it shares memory with its workers."""

FAMILIES = frozenset(map(int, (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)))  # 16: netlink
"""Sockets that a network namespace holds; others, such as AF_VSOCK, it may not."""

NAMESPACES = 0x7E020080  # every CLONE_NEW* flag
MAP_SHARED_ANONYMOUS = 0x21
CLONE3 = 435  # the same on every architecture
SO_SNDBUF, SO_SNDBUFFORCE = int(socket.SO_SNDBUF), 32
PR_SET_CHILD_SUBREAPER = 36
TIOCSTI, TIOCLINUX = 0x5412, 0x541C


def compiled() -> bytes:
    """The filter for a student's process, as BPF for this machine.

    Raises:
        IsolationError: pyseccomp or libseccomp is not installed.
    """
    seccomp, rules, refuse = _begun(DENIED)
    # Without a namespace, what it starts is found by its descent.
    rules.add_rule(refuse, "prctl", seccomp.Arg(0, seccomp.EQ, PR_SET_CHILD_SUBREAPER))
    rules.add_rule(refuse, "socket", seccomp.Arg(0, seccomp.NE, int(socket.AF_UNIX)))
    # What lies in sockets counts by their number, so all have buffers of the same size.
    for option in (SO_SNDBUF, SO_SNDBUFFORCE):
        rules.add_rule(refuse, "setsockopt", seccomp.Arg(2, seccomp.EQ, option))
    shared = MAP_SHARED_ANONYMOUS
    rules.add_rule(refuse, "mmap", seccomp.Arg(3, seccomp.MASKED_EQ, shared, shared))
    return _written(rules)


def of_command() -> bytes:
    """The filter for a whole command, which starts workers and kernels and talks to them by
    sockets in a network of its own; errors as of :func:`compiled`.
    """
    seccomp, rules, refuse = _begun(name for name in DENIED if name not in OF_OUR_OWN)
    highest = max(FAMILIES)
    rules.add_rule(refuse, "socket", seccomp.Arg(0, seccomp.GT, highest))
    for family in set(range(highest)) - FAMILIES:
        rules.add_rule(refuse, "socket", seccomp.Arg(0, seccomp.EQ, family))
    return _written(rules)


def _begun(denied: Iterable[str]) -> tuple[Any, Any, Any]:
    """pyseccomp, a filter that refuses these calls, namespaces and typing into terminals; and the
    refusal.
    """
    try:
        import pyseccomp as seccomp
    except (ImportError, RuntimeError) as error:
        raise IsolationError(
            "seccomp", str(error), "pip install pyseccomp, and the system package libseccomp2"
        ) from None
    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    with contextlib.suppress(OSError):
        rules.set_attr(seccomp.Attr.CTL_OPTIMIZE, 2)  # a binary tree, from libseccomp 2.5
    refuse = seccomp.ERRNO(errno.EPERM)
    for name in denied:
        number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
        if number >= 0:  # below 0: this architecture, or this libseccomp, has no such call
            rules.add_rule(refuse, number)
    # glibc falls back from clone3, whose flags no filter can read, to clone.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), CLONE3)
    for flag in (1 << bit for bit in range(32) if NAMESPACES >> bit & 1):
        rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    for request in (TIOCSTI, TIOCLINUX):
        rules.add_rule(refuse, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))
    return seccomp, rules, refuse


def _written(rules: Any) -> bytes:
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0, os.SEEK_SET)
        return file.read()
