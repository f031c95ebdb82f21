"""Sizes above which a submission is not read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What an honest notebook never exceeds.

    ``max_containers`` counts the ``[`` and ``{`` of the file before it is parsed: a file of
    20 MB made of empty lists would take gigabytes of memory.
    """

    max_bytes: int = 20_000_000
    max_cells: int = 2_000
    max_containers: int = 2_000_000
    max_extra_files: int = 50
    max_extra_bytes: int = 5_000_000
