"""Words for people that more than one room needs."""

from __future__ import annotations


def counted(count: int, thing: str) -> str:
    """``1 student``, ``2 students``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
