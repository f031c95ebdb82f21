"""What persons gave, read in a moment and without nbgrader."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from autograde.gradebook.sound import MARKS, Mark


def by_hand(path: Path, lab: str) -> dict[str, dict[str, float]]:
    """Points that a person gave, by student and cell; nothing where there is no gradebook."""
    found: dict[str, dict[str, float]] = {}
    if not path.is_file():
        return found
    place = f"file:{quote(str(path))}?mode=ro"
    with suppress(sqlite3.Error), closing(sqlite3.connect(place, uri=True)) as base:
        for row in base.execute(MARKS):
            with suppress(TypeError):  # of a damaged one
                mark = Mark(*row)
                if mark.lab == lab and mark.score is not None:
                    found.setdefault(mark.student, {})[mark.cell] = mark.score + (mark.extra or 0)
    return found
