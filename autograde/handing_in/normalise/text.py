"""What a cell's text says: whether two are the same, and which names it defines."""

from __future__ import annotations

import re

# Strings and comments, so that what they contain is not taken for code. Possessive and never
# failing on an open string: linear in the length, whatever a student writes.
QUOTED = re.compile(
    r"""
      \#[^\n]*
    | '''(?:[^'\\]|\\.|'(?!''))*+(?:'''|\Z)
    | \"{3}(?:[^"\\]|\\.|"(?!""))*+(?:\"{3}|\Z)
    | '(?:[^'\\\n]|\\.)*+'?
    | "(?:[^"\\\n]|\\.)*+"?
    """,
    re.VERBOSE | re.DOTALL,
)
LONGEST_CODE = 500_000  # characters; no cell that someone wrote has more
CALLABLE = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
VARIABLE = re.compile(r"^(\w++)[ \t]*+(?::[^=\n]*+)?=(?!=)", re.MULTILINE)


def canonical(source: str) -> str:
    """The text without the differences that editors make: line ends and outer blank lines."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def callables(source: str) -> frozenset[str]:
    """Functions and classes that the code defines at its top level.

    Read from the text and not with ``ast``: it must work on code with syntax errors and on
    IPython's magics, and hostile code must not be able to overflow the compiler's stack.
    """
    bare = QUOTED.sub("''", source)
    return frozenset(CALLABLE.findall(bare))


def names(source: str) -> frozenset[str]:
    """All names that the code defines at its top level: callables, and what it assigns to."""
    if len(source) > LONGEST_CODE:
        return frozenset()
    bare = QUOTED.sub("''", source)
    return frozenset(CALLABLE.findall(bare)) | frozenset(VARIABLE.findall(bare))


def words(source: str) -> frozenset[str]:
    """The words of a text, for likeness."""
    return frozenset(re.findall(r"\w+", source))


def likeness(first: frozenset[str], second: frozenset[str]) -> float:
    """Dice's coefficient of two sets of words: 0 nothing in common, 1 the same words."""
    total = len(first) + len(second)
    return 2 * len(first & second) / total if total else 0.0
