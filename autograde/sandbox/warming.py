"""What the warm process does once, so that no student's process has to."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import Iterable
from typing import TYPE_CHECKING

from autograde.sandbox.limits import Limits
from autograde.sandbox.shell import NotebookShell

if TYPE_CHECKING:
    from autograde.sandbox.testing import Tester

# The first error, the first value and the first figure of a process import and cache a lot.
REHEARSAL = (
    "1 + 1",
    "1 / 0",
    "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.title('$x^2$')\nplt.show()",
)


COURSE = "course"
TESTING = "autograde.sandbox.testing"


def import_all(package: str) -> None:
    """Import a package with all its modules. One that can't be imported is left to those who
    want it, and who then read why.
    """
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, f"{package}."):
        with contextlib.suppress(Exception):
            importlib.import_module(module.name)


def warmed_shell(preload: Iterable[str]) -> NotebookShell:
    """Import ``preload``, make the shell, let it run each kind of cell, and make it new again.

    No backward pass and no parallel region may run here: their threads would not survive the
    fork, and the student's process would wait for them for ever.
    """
    for name in preload:
        import_all(name) if name == COURSE else importlib.import_module(name)
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    torch.ones(2, 2) @ torch.ones(2, 2)  # looks the processor up
    defaults = Limits()
    shell = NotebookShell.ready(defaults.output_bytes, defaults.output_count)
    for source in REHEARSAL:
        shell.cell(source)
    shell.reset(new_session=True)
    shell.execution_count = 1
    return shell


def tester_for(shell: NotebookShell, preload: Iterable[str]) -> Tester | None:
    """What runs the tests of other courses, if it is among what is imported; as it keeps what tests
    compare with, it is made before any student's process, and once: that takes a tenth of one.
    """
    if TESTING not in preload:
        return None
    from autograde.sandbox.testing import Tester

    return Tester(shell)
