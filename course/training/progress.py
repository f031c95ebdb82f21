"""The progress bar, and whether anybody is there to see it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from course import profile

PROGRESS_VARIABLE = "COURSE_PROGRESS"


def show_progress() -> bool:
    """Is anybody watching, so that a progress bar is worth its noise?

    ``COURSE_PROGRESS`` set to 0 or 1 decides. Without it: no under ``CI`` or where
    ``COURSE_PROFILE`` is ``quick`` or ``grade`` (builds, tests, grading: their outputs are
    kept), else yes in a notebook and in a terminal.
    """
    wish = os.environ.get(PROGRESS_VARIABLE, "")
    if wish:
        return wish not in ("0", "false", "no")
    if os.environ.get("CI") or os.environ.get(profile.VARIABLE) in ("quick", "grade"):
        return False
    return _in_notebook() or sys.stdout.isatty()


@contextlib.contextmanager
def bar(total: int, done: int, wanted: bool) -> Iterator[Any]:
    """A bar of batches for a block, wiped at its end; one that does nothing if nobody watches."""
    if not (wanted and show_progress()):
        yield _NoBar()
        return
    from tqdm import tqdm

    look: dict[str, Any] = {"leave": False, "file": sys.stdout, "unit": "batch"}
    with tqdm(total=total, initial=done, dynamic_ncols=True, **look) as shown:
        yield shown


class _NoBar:
    """The bar that nobody sees. (A disabled tqdm bar still starts a monitor thread.)"""

    def update(self) -> None: ...

    def set_description_str(self, text: str, refresh: bool) -> None: ...

    def set_postfix_str(self, text: str, refresh: bool) -> None: ...


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
