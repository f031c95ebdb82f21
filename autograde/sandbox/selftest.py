"""Before anybody is graded: try the forbidden things from inside, and expect every one to fail."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograde.sandbox import launch, walls
from autograde.sandbox.client import Warm
from autograde.sandbox.errors import (
    LANDLOCK,
    NAMESPACES,
    SECCOMP,
    IsolationError,
    SandboxError,
)

SELFTEST_SECONDS = 60.0
SHELLS = {"PWD", "LC_CTYPE", "_", "SHLVL", "OLDPWD", "TORCHINDUCTOR_CACHE_DIR"}  # set anew inside

# name of the attempt: (what the wall keeps, what to install where it is missing)
ABOUT = {
    "network": ("no network", f"bubblewrap and seccomp; {SECCOMP}"),
    "machine": ("no accounts of the machine", "bubblewrap"),
    "folders": (
        "no solutions, gradebook or home",
        f"bubblewrap and Landlock; {LANDLOCK}",
    ),
    "processes": ("no other processes", NAMESPACES),
    "environment": ("no variables of the grader", "bubblewrap"),
    "listing": ("Landlock", LANDLOCK),
    "outside": ("no writing outside the private folder", "bubblewrap and Landlock"),
    "calls": ("no dangerous system calls", f"pyseccomp and libseccomp2; {SECCOMP}"),
    "privileges": ("no privileges", NAMESPACES),
    "many_processes": (
        "a limit on processes",
        "a kernel that counts them by user namespace (5.14)",
    ),
    "memory": ("a limit on memory", "RLIMIT_DATA and seccomp"),
    "large_files": ("a limit on files and folder", NAMESPACES),
    "open_files": ("a limit on open files", "setrlimit"),
    "strangers": ("no open files of others", "a Python without inherited files"),
}


@dataclass(frozen=True)
class Wall:
    """One wall, and whether it held.

    Attributes:
        name: what it keeps.
        ok: whether the attempt failed, as it must.
        detail: what the attempt got hold of.
        install: what to install or set where it did not hold.
    """

    name: str
    ok: bool
    detail: str = ""
    install: str = ""


OF_COURSE = ("CUBLAS_WORKSPACE_CONFIG",)
"""What the course's library sets for itself, in the grader and in a student's process alike."""

OF_NAMESPACES = {"machine", "processes", "listing", "outside", "large_files"}
"""What only namespaces, and the file system that they allow, keep."""


def selftest(warm: Warm) -> list[Wall]:
    """Try everything that is forbidden, in a session of its own.

    Raises:
        SandboxError: the attempts could not be made.
    """
    settings = _settings(warm)
    source = Path(__file__).with_name("forbidden.py").read_text("utf-8")
    with warm.session() as session:
        made = session.run(source, timeout=SELFTEST_SECONDS)
        told = session.run(
            f"import json; print(json.dumps(attempt_all({settings!r})))", timeout=SELFTEST_SECONDS
        )
    if told.status != "ok":
        raise SandboxError(
            f"the sandbox's self-test could not run: {made.message or ''} {told.message}"
        )
    printed = "".join(one["text"] for one in told.outputs if one["output_type"] == "stream")
    found: dict[str, str] = json.loads(printed)
    return [_wall(name, found[name]) for name in settings]


def proven(warm: Warm) -> list[Wall]:
    """The self-test, for those who must not go on without all walls.

    Raises:
        IsolationError: a wall did not hold, and isolation is not "none".
    """
    found = selftest(warm)
    for wall in found:
        if not wall.ok and warm.isolation != "none":
            raise IsolationError(wall.name, wall.detail, wall.install)
    return found


def _wall(name: str, found: str) -> Wall:
    about, install = ABOUT[name]
    return Wall(about, not found, f"got {found}" if found else "held", "" if not found else install)


def _settings(warm: Warm) -> dict[str, list[Any]]:
    limits = warm.limits
    known = {*warm.environment, *launch.homes(Path(walls.FOLDER)), *SHELLS, *OF_COURSE}
    secret = set(os.environ) - known
    found: dict[str, list[Any]] = {
        "network": [],
        "machine": [],
        "folders": [[str(path) for path in _unseen(warm)]],
        "processes": [],
        "environment": [sorted(secret)],
        "listing": [],
        "outside": [],
        "calls": [],
        "privileges": [],
        "many_processes": [limits.processes],
        "memory": [limits.memory + warm.shared],
        "large_files": [limits.file_bytes, limits.folder_bytes],
        "open_files": [limits.open_files],
        "strangers": [],
    }
    left_out = OF_NAMESPACES if warm.isolation == "user" else set()
    return {name: one for name, one in found.items() if name not in left_out}


def _unseen(warm: Warm) -> list[Path]:
    """What lies on this machine and must not show: homes, the project, what the caller hides."""
    here = [Path.home(), Path("/root"), Path("/home"), Path.cwd(), *launch.secrets(), *warm.hidden]
    if warm.isolation == "user":  # what is for everybody to read stays so
        here = [*launch.secrets(), *warm.hidden]
    return [path for path in dict.fromkeys(here) if path.exists() and path not in warm.readable]
