"""The few Linux system calls that Python 3.11 has no function for.

Written here rather than taken from a package: the Landlock packages on PyPI know neither its
network rules nor its scopes, keep the ruleset's descriptor open in the sandboxed process, and
read ctypes' ``errno`` after calls that succeeded.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Any

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000

PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2

MADV_COLLAPSE = 25
HUGE = 2 << 20  # bytes of a huge page

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_RULE_PATH_BENEATH = 1

_libc: Any = ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))


def _checked(result: int, what: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result


def _syscall(number: int, *args: Any, what: str) -> int:
    wide = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    _libc.syscall.restype = ctypes.c_long
    return _checked(_libc.syscall(ctypes.c_long(number), *wide), what)


def unshare(flags: int) -> None:
    """Move this process (for PID namespaces: its next child) into new namespaces."""
    _checked(_libc.unshare(flags), "unshare")


def join(namespace: int, kind: int) -> None:
    """Move this process (for PID namespaces: its next child) into an open namespace."""
    _checked(_libc.setns(namespace, kind), "setns")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mount a file system, as mount(2) does."""
    args = [text.encode() for text in (source, target, kind)]
    result = _libc.mount(*args, ctypes.c_ulong(flags), options.encode() or None)
    _checked(result, f"mount {kind or 'bind'} on {target}")


def prctl(option: int, value: int) -> None:
    """Set a property of this process; see prctl(2)."""
    rest = [ctypes.c_ulong(number) for number in (value, 0, 0, 0)]
    _checked(_libc.prctl(option, *rest), f"prctl {option}")


def keep_capabilities(mask: int) -> None:
    """Of root's rights, keep these bits (below 32) and no others."""
    rights = struct.pack("III", mask, mask, 0)  # effective, permitted, inheritable
    _checked(_libc.capset(struct.pack("Ii", 0x20080522, 0), rights + bytes(12)), "capset")


def drop_capabilities() -> None:
    """Give up every capability, and the ways to gain one by executing a file."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    header = struct.pack("Ii", 0x20080522, 0)  # version 3, this process
    _checked(_libc.capset(header, bytes(24)), "capset")


def load_seccomp(program: bytes) -> None:
    """Install a compiled seccomp filter (BPF, 8 bytes an instruction) for good."""
    holder = _Filter(len(program) // 8, program)
    _libc.prctl.restype = ctypes.c_int
    result = _libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(holder))
    _checked(result, "seccomp")


def landlock_version() -> int:
    """The version of Landlock's interface that the kernel offers; 0 where there is none."""
    try:
        return _syscall(LANDLOCK_CREATE_RULESET, None, 0, 1, what="landlock")
    except OSError:
        return 0


# Access rights by the version of the interface that brought them; landlock(7).
_FILES = {1: 0x1FFF, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
_TCP = {4: 0b11}
_SCOPES = {6: 0b11}  # abstract unix sockets, signals
_OF_FILES = 0b111 | 1 << 14 | 1 << 15  # the rights that a rule on a plain file may name
READ, WRITE = 0b1101, 0x1FFF | 1 << 13 | 1 << 14


def restrict_files(readable: list[str], writable: list[str]) -> None:
    """Landlock: read and execute below ``readable``, everything below ``writable``, no TCP,
    no signals or abstract sockets to the outside. Paths that are not there are left out.
    """
    version = landlock_version()

    def known(rights: dict[int, int]) -> int:
        return sum(bits for since, bits in rights.items() if since <= version)

    handled = struct.pack("QQQ", known(_FILES), known(_TCP), known(_SCOPES))
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = _syscall(LANDLOCK_CREATE_RULESET, handled, size, 0, what="landlock")
    try:
        for path in readable:
            _allow(rules, path, READ & known(_FILES))
        for path in writable:
            _allow(rules, path, WRITE & known(_FILES))
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        _syscall(LANDLOCK_RESTRICT_SELF, rules, 0, what="landlock")
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, beneath)
        _syscall(LANDLOCK_ADD_RULE, rules, LANDLOCK_RULE_PATH_BENEATH, rule, 0, what="landlock")
    finally:
        os.close(beneath)


def collapse_memory() -> None:
    """Move this process's heap into huge pages, where the kernel can (Linux 6.1).

    A fork copies one entry for each page: with huge ones it takes a fifth of the time.
    """
    with open("/proc/self/maps", encoding="utf-8") as file:
        areas = [line.split() for line in file]
    for place, _mode, *_, name in (area for area in areas if area[1] == "rw-p"):
        if name not in ("0", "[heap]"):  # the last column of nameless memory is its inode, 0
            continue
        start, end = (int(edge, 16) for edge in place.split("-"))
        start, end = -(-start // HUGE) * HUGE, end // HUGE * HUGE
        if end > start:
            _libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_COLLAPSE)
