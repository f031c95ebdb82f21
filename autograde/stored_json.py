"""JSON that commands keep for one another; a damaged file is never more than damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def load(path: Path) -> Any:
    """What a file holds.

    Raises:
        FileNotFoundError: there is none, or what has its name is no plain file: a pipe would be
            waited for, a device read without end.
        OSError: it can't be read.
        ValueError: it is no JSON in UTF-8, or nests deeper than can be read.
    """
    if path.exists() and not path.is_file():
        raise FileNotFoundError(f"{path} is no plain file")
    try:
        return json.loads(path.read_text("utf-8"))
    except RecursionError:
        raise ValueError(f"{path} nests too deeply") from None
