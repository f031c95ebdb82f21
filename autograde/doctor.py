"""What this machine has for the course, and what to do about what it lacks."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autograde.errors import DesignedError

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Line:
    """One finding: what was looked at, what was found, what to do."""

    name: str
    status: Status
    found: str
    todo: str = ""


def examine() -> list[Line]:
    """Look at everything; a look that itself fails becomes a failing line."""
    looks: list[Callable[[], Iterator[Line]]] = [
        _python,
        _packages,
        _device,
        _data,
        _kernel,
        _course,
        _isolation,
        _disk,
    ]
    return [line for look in looks for line in _guarded(look)]


def _guarded(look: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    try:
        yield from look()
    except DesignedError as error:
        found, _, todo = str(error).partition(". ")
        yield Line(look.__name__.strip("_"), "fail", found.rstrip("."), todo or "see the message")
    except Exception as error:
        name = look.__name__.strip("_")
        yield Line(name, "fail", f"{type(error).__name__}: {error}", "see the message")


def _python() -> Iterator[Line]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Line("python", "ok", f"{version} at {sys.executable}")


def _packages() -> Iterator[Line]:
    for name in ("torch", "torchvision", "nbgrader", "jupyterlab", "papermill", "nbval"):
        try:
            yield Line(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Line(name, "fail", "not installed", "run `make test` once, or install .[test]")


def _device() -> Iterator[Line]:
    from course import device

    yield Line("device", "ok", device.describe())


def _data() -> Iterator[Line]:
    from course import data

    yield Line("data", "ok", str(data.load(verbose=False)))


def _kernel() -> Iterator[Line]:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        yield Line("kernel", "fail", "no python3 kernel", "install ipykernel in this environment")
        return
    if spec.argv[0].startswith("python") or Path(spec.argv[0]).samefile(sys.executable):
        yield Line("kernel", "ok", "python3 runs this Python")
    else:
        todo = f"{sys.executable} -m ipykernel install --sys-prefix --name python3"
        yield Line("kernel", "warn", f"python3 runs {spec.argv[0]}, not this Python", todo)


def _course() -> Iterator[Line]:
    from autograde import tree

    found = tree.find()
    yield Line("course", "ok", f"{len(found.lab_names())} labs in {found.root}")


def _isolation() -> Iterator[Line]:
    from autograde.sandbox import IsolationError, Warm, selftest

    try:
        with Warm() as warm:
            walls, memory = selftest(warm), warm.memory_bound
    except IsolationError as error:
        yield Line("isolation", "fail", "grading would refuse untrusted notebooks", str(error))
        return
    broken = [wall for wall in walls if not wall.ok]
    for wall in broken:
        yield Line("isolation", "fail", f"{wall.name}: {wall.detail}", wall.install)
    if not broken:
        yield Line("isolation", "ok", f"{len(walls)} forbidden things tried, all refused")
    yield Line("memory", "ok", f"of a student's process: {memory}")


def _disk() -> Iterator[Line]:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    if free > 1:
        yield Line("disk", "ok", f"{free:.0f} GB free here")
    else:
        yield Line("disk", "warn", f"{free:.1f} GB free here", "grading a class takes about 1 GB")


def as_json(lines: list[Line]) -> str:
    """The lines for machines."""
    return json.dumps([line.__dict__ for line in lines], indent=1)
