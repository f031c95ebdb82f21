"""The command line of bubblewrap: what the warm process can see of the machine."""

from __future__ import annotations

import os
import shutil
import site
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import autograde
import course
from autograde.sandbox.errors import IsolationError, SandboxError
from autograde.sandbox.walls import FOLDER, USERS

LIBRARY = "/lab"  # where the sandbox finds course and its own code
SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
SETTINGS = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "fonts", "alternatives", "localtime")
MADE_UP = {
    "/etc/passwd": "student:x:1000:1000::/student/home:/bin/sh\n",
    "/etc/group": "student:x:1000:\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    f"{LIBRARY}/autograde/__init__.py": "",
}
HOME, TEMPORARY = "home", "tmp"  # in the private folder
IPYTHON, MATPLOTLIB = f"{HOME}/.ipython", f"{HOME}/.config/matplotlib"
PROCESSORS = "/sys/devices/system/cpu"  # torch chooses its kernels by it


@dataclass
class View:
    """What is visible inside, as arguments of bubblewrap."""

    arguments: list[str] = field(default_factory=list)
    layers: list[tuple[str, bool]] = field(default_factory=list)  # path, shown or covered
    made: set[str] = field(default_factory=set)

    @property
    def readable(self) -> list[str]:
        """What students' code may read."""
        return [path for path, shown in self.layers if shown]

    def show(self, path: str, at: str = "") -> None:
        """Make a file or folder visible, read-only."""
        inside = at or path
        self._reach(inside)
        self.arguments += ["--ro-bind", path, inside]
        self.layers.append((inside, True))

    def write(self, descriptor: int, at: str) -> None:
        """Make a file out of what an open one holds."""
        self._reach(at)
        self.arguments += ["--perms", "0444", "--ro-bind-data", str(descriptor), at]
        self.layers.append((at, True))

    def link(self, target: str, at: str) -> None:
        """Make a symbolic link, as the system has it."""
        self.arguments += ["--symlink", target, at]
        self.layers.append((at, True))

    def hide(self, path: str) -> None:
        """Cover a file or folder, if it shows."""
        if os.path.exists(path) and self.shows(path):
            folder = os.path.isdir(path)
            self.arguments += ["--tmpfs", path] if folder else ["--ro-bind", os.devnull, path]
            self.layers.append((path, False))
            self.made -= {one for one in self.made if Path(one).is_relative_to(path)}

    def _reach(self, path: str) -> None:
        # Folders on the way, else bubblewrap makes them for the user that starts it only.
        for folder in [str(one) for one in reversed(Path(path).parents)][1:]:
            if folder not in self.made and not self.shows(folder):
                self.made.add(folder)
                self.arguments += ["--perms", "0755", "--dir", folder]

    def shows(self, path: str) -> bool:
        """Whether a path of the machine is visible already, at the same place."""
        layers = [shown for one, shown in self.layers if Path(path).is_relative_to(one)]
        return bool(layers) and layers[-1]


def interpreter() -> str:
    """The interpreter behind a virtual environment's links, which lead through hidden folders."""
    return os.path.realpath(sys.executable)


def stranger() -> int:
    """The number of a user that has nothing on this machine, for students' processes.

    Raises:
        IsolationError: nobody can become another user here, or Python can't be read by others.
    """
    wall = "a user of its own"
    if os.geteuid() != 0:
        raise IsolationError(wall, "only root can become another", "run the grader as root")
    ways = (Path(one).resolve() for one in (interpreter(), sys.base_prefix, *packages()))
    for folder in {folder for way in ways for folder in way.parents}:
        if not folder.stat().st_mode & 0o001:
            raise IsolationError(
                wall,
                f"only root may look into {folder}, where Python lies",
                "run the grader with a Python in /usr or /opt",
            )
    return USERS[os.getpid() % len(USERS)]


def packages() -> list[str]:
    """The folders that installed packages lie in."""
    folders = [*sys.path, *site.getsitepackages()]
    named = [one for one in folders if Path(one).name in ("site-packages", "dist-packages")]
    return [one for one in dict.fromkeys(named) if Path(one).is_dir()]


def view(readable: Iterable[Path], hidden: Iterable[Path]) -> View:
    """All that is visible: the system, the interpreter, packages, ``course`` and the sandbox.

    Args:
        readable: further files and folders to show.
        hidden: files and folders to cover, where a visible folder holds them.
    """
    covered = [os.path.realpath(path) for path in (*hidden, *secrets())]
    seen = View()
    show_system(seen)
    for path in covered:
        seen.hide(path)
    for folder in (f"{sys.base_prefix}/bin", f"{sys.base_prefix}/lib", *packages()):
        if Path(folder).is_dir() and not seen.shows(folder):
            seen.show(folder)
    for extra in readable:
        seen.show(os.path.realpath(extra))
    for path in covered:
        seen.hide(path)
    _show_library(seen)
    return seen


def plain_view(library: Path, readable: Iterable[Path]) -> View:
    """What a student's process may read where nothing can be mounted, so that all lies where the
    machine has it: the system, the interpreter, packages, a copy of the library.
    """
    system = [f"/{name}" for name in (*SYSTEM, "etc")]
    python = [f"{sys.base_prefix}/bin", f"{sys.base_prefix}/lib", *packages()]
    paths = [*system, PROCESSORS, *python, str(library), *map(str, readable)]
    return View(layers=[(path, True) for path in paths if os.path.exists(path)])


def copy_library(folder: Path) -> None:
    """Copy ``course`` and the sandbox to where any user may read them; solutions stay behind."""
    left_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(course.__file__).parent, folder / "course", ignore=left_out)
    ours = folder / "autograde"
    shutil.copytree(_engine() / "sandbox", ours / "sandbox", ignore=left_out)
    shutil.copy(_engine() / "errors.py", ours)
    (ours / "__init__.py").touch()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def show_system(seen: View) -> None:
    """Show programs, libraries and those of the machine's settings that they need."""
    for name in SYSTEM:
        path = f"/{name}"
        if os.path.islink(path):
            seen.link(os.readlink(path), path)
        elif os.path.isdir(path):
            seen.show(path)
    for name in SETTINGS:
        if os.path.exists(f"/etc/{name}"):
            seen.show(os.path.realpath(f"/etc/{name}"), f"/etc/{name}")
    if os.path.isdir(PROCESSORS):
        seen.show(PROCESSORS)


def _show_library(seen: View) -> None:
    library, engine = Path(course.__file__).parent, _engine()
    seen.show(str(library), f"{LIBRARY}/course")
    if os.getuid() == 0:  # the students' processes are not root's
        check_readable([library, engine / "sandbox"])
    for name in ("errors.py", "sandbox"):
        seen.show(str(engine / name), f"{LIBRARY}/autograde/{name}")
    seen.layers.append((LIBRARY, True))


def check_readable(folders: Iterable[Path]) -> None:
    """See that anybody may read what is in folders.

    Raises:
        SandboxError: their owner alone may, as where they were made under umask 077.
    """
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            wanted = 0o005 if path.is_dir() else 0o004
            if path.stat().st_mode & wanted != wanted:
                raise SandboxError(
                    f"{path} can be read by its owner alone (umask 077?), and the sandbox runs as "
                    f"nobody. Let others read it: chmod -R go+rX {folder.parent}"
                )


def secrets() -> list[Path]:
    """What must never show, wherever the project lies: its own folder, and the engine's."""
    root = _project()
    engines = [Path(folder) / "autograde" for folder in packages()]
    installed = str(root) in packages()
    return [root / "solutions", *engines] if installed else [root, *engines]


def _project() -> Path:
    return Path(course.__file__).parent.parent


def _engine() -> Path:
    return Path(next(iter(autograde.__path__)))


def command(seen: View, descriptor: int, environment: Mapping[str, str]) -> list[str]:
    """bubblewrap and the warm process in it.

    Raises:
        IsolationError: bubblewrap is not installed.
    """
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        raise IsolationError(
            "bubblewrap", "no command 'bwrap' was found", "install the system package bubblewrap"
        )
    arguments = [bubblewrap, "--unshare-all", "--new-session", "--hostname", "sandbox"]
    if os.getuid() == 0:
        # Root starts it without a user namespace, so that the process can become nobody.
        arguments = [one for one in arguments if one != "--unshare-all"]
        arguments += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        arguments += ["--unshare-cgroup-try", "--cap-drop", "ALL"]
        for needed in ("CAP_SETUID", "CAP_SETGID", "CAP_SYS_ADMIN"):
            arguments += ["--cap-add", needed]
    arguments += ["--dev", "/dev", "--proc", "/proc", *_folders(), *seen.arguments]
    arguments += ["--clearenv"]
    for name, value in environment.items():
        arguments += ["--setenv", name, value]
    arguments += ["--chdir", FOLDER, "--remount-ro", "/"]
    return [*arguments, "--", *server(descriptor)]


def _folders() -> list[str]:
    writable = [["--perms", "1777", "--tmpfs", path] for path in (FOLDER, "/tmp")]
    return [argument for one in writable for argument in one]


def server(descriptor: int) -> list[str]:
    """The warm process alone."""
    return [interpreter(), "-s", "-P", "-m", "autograde.sandbox.server", str(descriptor)]


def homes(folder: Path) -> dict[str, str]:
    """The variables that lead programs to a private folder."""
    return {
        "HOME": str(folder / HOME),
        "IPYTHONDIR": str(folder / IPYTHON),
        "MPLCONFIGDIR": str(folder / MATPLOTLIB),
        "TMPDIR": str(folder / TEMPORARY),
    }


def written(text: str) -> IO[str]:
    """An open file with ``text``, for bubblewrap to read."""
    file = tempfile.TemporaryFile("w+")  # noqa: SIM115 - bubblewrap reads it later
    file.write(text)
    file.flush()
    file.seek(0)
    return file


def environment(
    extra: Mapping[str, str], *, folder: Path, threads: int, library: str
) -> dict[str, str]:
    """The whole environment of the warm process: nothing of the grader's comes along.

    Args:
        extra: variables to add.
        folder: where it may write.
        threads: that torch computes with.
        library: where it finds ``course`` and the sandbox; empty: where they are.
    """
    sources = [library] if library else [str(_project()), str(_engine().parent)]
    paths = [*sources, *packages()]
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        **homes(folder),
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": "1",  # its threads would not survive the fork
        "TORCHDYNAMO_DISABLE": "1",  # torch.compile would look for a compiler, and for time
        "PIP_NO_INDEX": "1",  # without a network, pip would retry for half a minute
        **extra,
    }
