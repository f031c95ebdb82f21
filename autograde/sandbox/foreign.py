"""A whole command of ours behind walls, for a course whose code somebody else wrote.

``build``, ``verify``, ``record`` and ``prove`` run a lab's source, checks, answers and notebooks.
Here they run inside bubblewrap: the course's folder is read-only but for what the command writes,
the home folder is an empty one, there is no network, and seccomp denies what it denies students.
All that comes out is text, and its control characters are shown, not obeyed.
"""

from __future__ import annotations

import codecs
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import course
from autograde.errors import DesignedError
from autograde.handing_in.normalise.flags import listed, printable
from autograde.sandbox import filters, launch
from autograde.sandbox.errors import NAMESPACES, IsolationError
from autograde.sandbox.groups import Groups
from autograde.sandbox.launch import LIBRARY
from autograde.sandbox.limits import MIB, Limits

WRITES = {
    "build": ("labs", "solutions/notebooks", "course/labs", "README.md"),
    "record": ("course/labs",),
    "prove": ("build/prove",),
    "verify": (),
}
"""Commands that run a lab's own code, and what each of them writes in the course's folder."""

DEEPEST = 40  # folders in folders
UNSEEN = (".git", "grading")  # a password in an address, a class's work
LIMITS = Limits(memory=8192 * MIB, processes=4096, folder_bytes=4096 * MIB, file_bytes=2048 * MIB)
"""Of each process; where a control group can be made, memory and processes are those of all."""

HOME = "/home/author"
ACCOUNTS = {
    **{path: text for path, text in launch.MADE_UP.items() if path.startswith("/etc/")},
    "/etc/passwd": f"author:x:1000:1000::{HOME}:/bin/sh\n",
    "/etc/group": "author:x:1000:\n",
}
PASSED = ("COLUMNS", "LINES", "LANG", "NO_COLOR", "OMP_NUM_THREADS", "CI")
OURS = "COURSE_"
PIECE = 1 << 16


class Refused(DesignedError):
    """A course's code does not run: nobody said that it is trusted, and there are no walls."""

    exit_code = 3


def run(root: Path, command: str, words: Sequence[str]) -> int:
    """Run one of the commands of :data:`WRITES` behind walls; its output appears as it comes.

    Args:
        root: the course's folder.
        command: which one.
        words: it and its arguments, without what stands before it.

    Returns:
        Its exit code.

    Raises:
        Refused: the walls can't be built here; the message says what to install.
    """
    try:
        program = filters.of_command()
        with ExitStack() as stack:
            descriptors = [_data(stack, program)]
            seen = _view(root, WRITES[command], stack, descriptors)
            walls = _bubblewrap(seen, root, descriptors[0])
            _try(walls, descriptors)
            # By its file: no package, for that would import a course before the right one is found.
            within = [launch.interpreter(), "-s", "-P", f"{LIBRARY}/autograde/sandbox/within.py"]
            within += [str(LIMITS.processes), "--course", str(root), "--trusted", *words]
            code = _relayed([*walls, "--", *within], descriptors)
            _tell_of_traps(root, WRITES[command])
            return code
    except IsolationError as error:
        raise Refused(
            f"{root}: its code is not trusted, and the walls around it lack {error.wall} "
            f"({error.detail}). To mend it: {error.install}. If you have read the code and trust "
            f"it: `autograde --course {root} --trusted {command}` runs it with your rights."
        ) from None


def _tell_of_traps(root: Path, written: Sequence[str]) -> None:
    """Name what lies in folders that it wrote, and could lead your own commands elsewhere later:
    links, pipes, and git's settings, which name programs. Folders deeper than anybody builds are
    named, too, and not looked through.
    """
    found = list[str]()
    for name in written:
        for folder, folders, files in os.walk(root / name):
            for one in (Path(folder, inner) for inner in (*folders, *files)):
                plain = one.is_dir() or one.is_file()
                deep = len(one.relative_to(root).parts) > DEEPEST
                if deep or one.is_symlink() or not plain or one.name == ".git":
                    found.append(str(one.relative_to(root)))
                    if deep:
                        folders.clear()
    if found:
        told = f"in {printable(str(root))}, no plain files or folders: {listed(sorted(found))}."
        told = f"autograde: {told} Remove them before you run anything there with your rights."
        print(told, file=sys.stderr)


def cache() -> Path:
    """Where ``course.data`` keeps its copies of this user's; shown where it is there."""
    named = os.environ.get("XDG_CACHE_HOME", "").strip()
    return (Path(named) if named else Path.home() / ".cache") / "convnet-course"


def _view(root: Path, writes: Sequence[str], stack: ExitStack, passed: list[int]) -> launch.View:
    """All that is visible: the system, Python, this engine, the course, copies of data sets.

    Raises:
        Refused: the course's folder holds the home folder, or a link in place of a folder.
    """
    _refuse_home(root)
    seen = launch.View()
    launch.show_system(seen)
    for path, text in ACCOUNTS.items():
        passed.append(stack.enter_context(launch.written(text)).fileno())
        seen.write(passed[-1], path)
    for folder in (f"{sys.base_prefix}/bin", f"{sys.base_prefix}/lib", *_packages()):
        if Path(folder).is_dir() and not seen.shows(folder):
            seen.show(folder)
    seen.show(str(Path(__file__).parents[1]), f"{LIBRARY}/autograde")
    if not (root / "course" / "__init__.py").is_file():  # a course of labs alone
        seen.show(str(Path(course.__file__).parent), f"{LIBRARY}/course")
    shared = os.environ.get("COURSE_DATA", "").strip()
    for data, at in ((cache(), f"{HOME}/.cache/convnet-course"), (Path(shared), shared)):
        if at and data.is_dir():
            seen.show(str(data.resolve()), at)
    seen.show(str(root))
    for name in UNSEEN:
        seen.hide(str(_own(root, name)))
    for made in (_made(root, name) for name in writes):
        if made.exists():
            seen.arguments += ["--bind", str(made), str(made)]
    return seen


def _packages() -> list[str]:
    """Folders of installed packages, without links, which may lead out of what shows."""
    return [os.path.realpath(one) for one in launch.packages()]


def _refuse_home(root: Path) -> None:
    if Path.home().resolve().is_relative_to(root):
        raise Refused(f"{root} holds your home folder: move the course into a folder of its own.")


def _own(root: Path, name: str) -> Path:
    """A folder or file of the course's, perhaps not there.

    Raises:
        Refused: a link leads elsewhere, so that walls could not be put where they belong.
    """
    path = root / name
    if path.resolve() != path:
        raise Refused(f"{path} is a link to {path.resolve()}: put a folder or file in its place.")
    return path


def _made(root: Path, name: str) -> Path:
    """A folder or file that is written to; a missing folder is made. Errors as of :func:`_own`."""
    path = _own(root, name)
    if not path.exists() and not path.suffix:
        path.mkdir(parents=True)
    return path


def _bubblewrap(seen: launch.View, root: Path, program: int) -> list[str]:
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        raise IsolationError(
            "bubblewrap", "no command 'bwrap' was found", "install the system package bubblewrap"
        )
    apart = ("user", "ipc", "pid", "net", "uts", "cgroup-try")
    arguments = [bubblewrap, *(f"--unshare-{one}" for one in apart), "--uid", "1000"]
    arguments += ["--gid", "1000", "--new-session", "--die-with-parent", "--hostname", "sandbox"]
    arguments += ["--dev", "/dev", "--proc", "/proc"]
    for folder in ("/dev/shm", "/tmp", "/home"):
        arguments += ["--size", str(LIMITS.folder_bytes), "--tmpfs", folder]
    arguments += ["--dir", HOME, *seen.arguments, "--clearenv"]
    for name, value in _environment().items():
        arguments += ["--setenv", name, value]
    return [*arguments, "--chdir", str(root), "--remount-ro", "/", "--seccomp", str(program)]


def _environment() -> dict[str, str]:
    """The whole environment: of the caller's, what the course and a terminal's width need."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED or (name.startswith(OURS) and name != "COURSE_ROOT")
    }
    width = str(shutil.get_terminal_size().columns)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": HOME,
        "USER": "author",
        "LOGNAME": "author",
        "LANG": "C.UTF-8",
        "COLUMNS": width,
        "PYTHONPATH": os.pathsep.join([LIBRARY, *_packages()]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_NO_INDEX": "1",  # without a network, pip would retry for half a minute
        **kept,
    }


def _data(stack: ExitStack, data: bytes) -> int:
    """An open file that holds the bytes, from its beginning."""
    file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    file.write(data)
    file.flush()
    file.seek(0)
    return file.fileno()


def _try(walls: Sequence[str], descriptors: Sequence[int]) -> None:
    """Build the walls around a command that does nothing.

    Raises:
        IsolationError: something is missing on this machine.
    """
    done = subprocess.run(
        [*walls, "--", "/bin/true"],
        pass_fds=descriptors, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise IsolationError("namespaces", done.stderr.strip() or "no start", NAMESPACES)
    for descriptor in descriptors:  # bubblewrap has read them
        os.lseek(descriptor, 0, os.SEEK_SET)


def _relayed(command: Sequence[str], descriptors: Sequence[int]) -> int:
    group = Groups().make(LIMITS, 0)

    def bound() -> None:
        if group:
            group.add(os.getpid())
        for kind, value in (
            (resource.RLIMIT_DATA, LIMITS.memory),
            (resource.RLIMIT_FSIZE, LIMITS.file_bytes),
            (resource.RLIMIT_CORE, 0),
        ):
            _, hard = resource.getrlimit(kind)
            least = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (least, least))

    process = subprocess.Popen(
        command, pass_fds=descriptors, preexec_fn=bound, cwd="/",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        pairs = ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
        relays = [threading.Thread(target=_relay, args=pair, daemon=True) for pair in pairs]
        for one in relays:
            one.start()
        code = process.wait()
        for one in relays:
            one.join()
        return code if code >= 0 else 128 - code
    finally:
        process.kill()
        process.wait()
        if group:
            group.close()


def _relay(source: IO[bytes], target: IO[str]) -> None:
    """Pass lines on, their control characters as text."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with source:
        for piece in iter(lambda: source.readline(PIECE), b""):
            text = decoder.decode(piece)
            end = "\n" if text.endswith("\n") else ""
            target.write(printable(text.removesuffix("\n")) + end)
            target.flush()
