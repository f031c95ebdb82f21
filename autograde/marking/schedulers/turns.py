"""Turns that the processes of one machine take, where each worker is a process of its own."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograde.marking.turns import Turns

ROOM, DOOR = "room", "door"


class MachineTurns(Turns):
    """All workers of a user on a machine share it, unless one of them asks to have it alone.

    Files are locked, so that a killed process holds none.
    """

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.gettempdir()) / f"autograde-turns-{os.getuid()}"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if self._folder.lstat().st_uid != os.getuid():
            raise PermissionError(f"{self._folder} is another user's: remove it.")

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Beside others; waits at the door while one is alone, or waits for it."""
        with self._locked(DOOR, fcntl.LOCK_EX) as door, self._locked(ROOM, fcntl.LOCK_SH):
            fcntl.flock(door, fcntl.LOCK_UN)
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """With nobody beside: waits until those that run are done, and keeps the door shut."""
        with self._locked(DOOR, fcntl.LOCK_EX), self._locked(ROOM, fcntl.LOCK_EX):
            yield

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[int]:
        descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how)
            yield descriptor
        finally:
            os.close(descriptor)
