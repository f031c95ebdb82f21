"""Programs with nine bugs: for each name another one, drawn from bugs for each of nine places.

Whatever is drawn, a program has one bug for each case of the check, so none is worth less than
another, and the check needs to know of no drawing. Nothing here knows what is right.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
from functools import cache
from importlib import resources
from typing import Any

FILE = "programs.json.gz"
HOME = "course.labs.lab07_summary"


@cache
def _stored() -> dict[str, Any]:
    data = resources.files(HOME).joinpath(FILE).read_bytes()
    return dict(json.loads(gzip.decompress(data)))


def count() -> int:
    """How many programs there are."""
    return math.prod(len(bugs) for bugs in _stored()["bugs"].values())


def number_of(name: str | int) -> int:
    """The number of the program for a name, whatever its capitals and spaces; a number is one."""
    if isinstance(name, int):
        return name % count()
    known = " ".join(str(name).casefold().split())
    return int.from_bytes(hashlib.sha256(known.encode("utf-8", "replace")).digest()) % count()


def bugs_of(number: int) -> dict[str, int]:
    """Which bug each place of a program has."""
    chosen = {}
    for place, bugs in _stored()["bugs"].items():
        number, chosen[place] = divmod(number, len(bugs))
    return chosen


def text_of(number: int) -> str:
    """A program."""
    stored = _stored()
    bugs = {place: stored["bugs"][place][bug] for place, bug in bugs_of(number).items()}
    code = "\n\n".join(part.format(**bugs) for part in stored["parts"])
    for place, (word, names) in enumerate(stored["words"].items()):
        own = hashlib.sha256(f"{number} {place}".encode()).digest()[0]
        code = code.replace(f"<{word}>", names[own % len(names)])
    return code.rstrip("\n") + "\n"
