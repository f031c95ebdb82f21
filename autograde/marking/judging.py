"""One thread at a time runs a course's own code.

Random numbers, torch's settings and the filters of warnings belong to a process: a judge that seeds
them while another thread draws from them finds what nobody handed in.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ours = threading.RLock()


@contextmanager
def alone() -> Iterator[None]:
    """Have it for a block: for what is expected, for judges and for known mistakes."""
    with _ours:
        yield


@contextmanager
def paused() -> Iterator[None]:
    """Let others have it for a block, inside of one :func:`alone`: while a student's
    process works.
    """
    _ours.release()
    try:
        yield
    finally:
        _ours.acquire()
