"""Who runs beside whom: many at a time, and one alone where the others were in its way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Threads share the machine, unless one of them asks to have it alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = 0
        self._asking = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Beside others; waits while one is alone, or waits for it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._asking)
            self._running += 1
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """With nobody beside: waits until those that run are done, and lets nobody begin."""
        with self._changed:
            self._asking += 1
            self._changed.wait_for(lambda: not self._running)
            self._running += 1
        try:
            yield
        finally:
            self._leave(asked=1)

    def _leave(self, asked: int = 0) -> None:
        with self._changed:
            self._running -= 1
            self._asking -= asked
            self._changed.notify_all()
