"""Folders in folders, deeper than a path can say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LEVELS = 3000


@contextmanager
def deep(folder: Path) -> Iterator[None]:
    """A folder with so many below it; they go at the end, for nothing else could remove them."""
    folder.mkdir(parents=True)
    down = [os.open(folder, os.O_RDONLY)]
    for _ in range(LEVELS):
        os.mkdir("a", dir_fd=down[-1])
        down.append(os.open("a", os.O_RDONLY, dir_fd=down[-1]))
        os.close(down.pop(-2))
    try:
        yield
    finally:
        for _ in range(LEVELS):
            down.append(os.open("..", os.O_RDONLY, dir_fd=down[-1]))
            os.close(down.pop(-2))
            os.rmdir("a", dir_fd=down[-1])
        os.close(down[-1])
