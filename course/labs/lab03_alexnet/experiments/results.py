"""What longer runs gave, as the notebook shows it beside a short run of its own."""

from __future__ import annotations

from typing import Any

from course.labs.shared import results

LAB = "lab03_alexnet"


def stored(name: str) -> dict[str, Any]:
    """A precomputed experiment: its ``how``, and its ``runs``."""
    return dict(results.stored(LAB)[name])
