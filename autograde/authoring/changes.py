"""An answer that is the reference with some lines replaced: small to write, and it stays one slip.

A change is a text in which lines begin with ``-`` (the reference has them) or ``+`` (they stand
there instead), as in a diff::

    - return 2 * sigmoid(2 * x) - 1
    + return 2 * sigmoid(x) - 1

Indentation is the reference's. Several changes follow each other, an empty line between them.
"""

from __future__ import annotations

import re

from autograde.errors import DesignedError


class ChangeError(DesignedError):
    """A change does not fit the reference; the message names the line and what to do."""


def changed(source: str, change: str) -> str:
    """The source with every change made.

    Raises:
        ChangeError: a line is neither old nor new, or the old lines are not there exactly once.
    """
    for part in filter(None, (part.strip("\n") for part in re.split(r"\n\s*\n", change))):
        source = _replaced(source, *_sides(part))
    return source


def _sides(part: str) -> tuple[list[str], list[str]]:
    old, new = list[str](), list[str]()
    for line in part.split("\n"):
        mark, text = line.lstrip()[:1], line.lstrip()[1:].removeprefix(" ")
        if mark not in ("-", "+"):
            raise ChangeError(f"a change has lines that begin with - or +, found {line!r}")
        (old if mark == "-" else new).append(text.rstrip())
    if not old:
        raise ChangeError(f"a change needs a line of the reference, with -, beside {part!r}")
    return old, new


def _replaced(source: str, old: list[str], new: list[str]) -> str:
    lines, wanted = source.split("\n"), [line.strip() for line in old]
    places = [
        number
        for number in range(len(lines) - len(old) + 1)
        if [line.strip() for line in lines[number : number + len(old)]] == wanted
    ]
    if len(places) != 1:
        raise ChangeError(
            f"the reference has {len(places)} times {old[0].strip()!r}, with what follows it in "
            "the change; it must be there once. Give more lines around it."
        )
    at = places[0]
    first = lines[at]
    shift = first[: len(first) - len(first.lstrip())]
    given = old[0][: len(old[0]) - len(old[0].lstrip())]
    put = [shift + line.removeprefix(given) if line.strip() else "" for line in new]
    return "\n".join([*lines[:at], *put, *lines[at + len(old) :]])
