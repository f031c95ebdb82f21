"""``autograde mark`` in a process of its own, as a person starts and ends it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from autograde.tree import ROOT_VARIABLE, Tree

TOKEN = "quince"
ADDRESS = re.compile(rf"(http://\S+)/\?token={TOKEN}")
SECONDS = 60


@dataclass
class Marking:
    """A server that listens, and what it has said."""

    address: str
    log: Path
    process: subprocess.Popen[bytes]

    def ended(self) -> int:
        """End it by Ctrl-C; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@contextmanager
def marking(course: Tree, lab: str, work: Path, home: Path, *words: str) -> Iterator[Marking]:
    """The command on a class's folder, until the block ends.

    Args:
        course: the course.
        lab: the lab.
        work: the class's folder.
        home: an empty folder for Jupyter's own files, in which the command is run.
        words: of the command line, further ones.
    """
    own = {
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_TOKEN": TOKEN,
        ROOT_VARIABLE: str(course.root),
    }
    command = [sys.executable, "-m", "autograde", "mark", lab, "--workdir", str(work)]
    log = home / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [*command, "--no-browser", *words],
            cwd=home, env={**os.environ, **own}, stdout=file, stderr=file,
        )  # fmt: skip
    try:
        yield Marking(_address(process, log), log, process)
    finally:
        process.kill()
        process.wait(30)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(10 * SECONDS):
        if (found := ADDRESS.search(log.read_text())) and _answers(found[1]):
            return found[1]
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(f"no server: {log.read_text()}")


def _answers(address: str) -> bool:
    """Whether it serves: what has only said its address does not yet end well by Ctrl-C."""
    try:
        urlopen(address, timeout=30).close()
    except HTTPError as error:
        error.close()
    except OSError:
        return False
    return True
