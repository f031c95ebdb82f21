"""``autograde grade`` in a process of its own: to be killed, or to meet what a machine does."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograde import cli
from autograde.marking import classrun
from autograde.tree import ROOT_VARIABLE, find

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"
POLL = 0.005  # seconds

Stop = Callable[[int], bool]
"""Whether to kill the command now, given its process."""


@dataclass(frozen=True)
class Ended:
    """How the command ended: its exit code, None where it was killed, and what it said."""

    code: int | None
    said: str = ""


def grade(
    work: Path, stop: Stop | None = None, amid: Callable[[], Any] | None = None, *words: str
) -> Ended:
    """Run the command on a class's folder.

    A fork of this process: the imports would otherwise take most of the time.

    Args:
        work: the folder; its results also go to ``out.json`` beside it.
        stop: asked again and again; the command is killed where it says so.
        amid: run in the command's process before it begins; what it patches is patched there.
        words: of the command line, further ones.
    """
    with tempfile.TemporaryFile() as said:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # this process has idle threads
            child = os.fork()
        if child == 0:
            _become(work, said.fileno(), amid, words)
        code = _waited(child, stop)
        said.seek(0)
        return Ended(code, said.read().decode())


def _waited(child: int, stop: Stop | None) -> int | None:
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else None
        if stop and stop(child):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(POLL)


def _become(work: Path, said: int, amid: Callable[[], Any] | None, words: tuple[str, ...]) -> None:
    code: Any = 1
    try:
        os.environ[ROOT_VARIABLE] = str(COURSE.root)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(said, 2)
        sys.stderr = os.fdopen(2, "w", buffering=1)
        classrun.proven = lambda warm: []  # type: ignore[assignment]  # proved elsewhere
        if amid:
            amid()
        sys.argv = ["autograde", "grade", LAB, "--workdir", str(work)]
        sys.argv += ["--json", str(work.parent / f"{work.name}.json"), *words]
        cli.main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code if isinstance(code, int) else 1)
