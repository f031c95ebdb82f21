"""What a person may want to know about a submission."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "attention", "ungradable"]
NAMES_SHOWN = 5
LONGEST_SHOWN = 60
UNDECIDED = frozenset({"answer-elsewhere", "cell-not-run", "passed-elsewhere", "other-machine"})
"""Codes of flags that say, of a check that took points: perhaps it should not have. Formgrader
lists these cells for a person."""
BLANK = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What nobody sees: Unicode's Default_Ignorable_Code_Point, and the blank pattern of Braille."""


@dataclass(frozen=True)
class Flag:
    """One observation.

    ``code`` is stable, for machines. ``severity``: ``info`` was settled; ``attention`` wants a
    look; ``ungradable`` needs a decision, for ``cell`` or, where that is empty, for the whole
    file. ``message`` is one line of printable text, whatever it quotes, to be escaped where it
    becomes HTML: what was expected, what was found, what to do.
    """

    code: str
    severity: Severity
    cell: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "cell", printable(self.cell))
        object.__setattr__(self, "message", printable(self.message))


def shown(value: object) -> str:
    """A short, printable form of something untrusted: escapes control and direction marks."""
    if isinstance(value, list | dict):
        return f"a {type(value).__name__}"
    text = value if isinstance(value, str) else repr(value)
    clipped = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
    return printable(clipped)


def printable(text: str) -> str:
    """A text in one line: control and direction marks, line breaks and what looks like nothing
    are shown, not obeyed.
    """
    return "".join(c if _is_seen(c) else ascii(c)[1:-1] for c in text)


def _is_seen(character: str) -> bool:
    return character.isprintable() and not BLANK.fullmatch(character)


def listed(names: Iterable[str], limit: int = NAMES_SHOWN) -> str:
    """``a, b, c and 4 more``: untrusted names for a message."""
    every = list(names)
    head = ", ".join(shown(name) for name in every[:limit])
    return head if len(every) <= limit else f"{head} and {len(every) - limit} more"


def ordinals(positions: Iterable[int]) -> str:
    """``cell 3`` or ``cells 3, 7``: places in the student's file, counted from 1."""
    numbers = [str(position + 1) for position in positions]
    return f"cell{'s' if len(numbers) > 1 else ''} {listed(numbers)}"
