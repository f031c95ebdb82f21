"""Results that longer runs gave, stored beside a lab: ``results.json``."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

FILE = "results.json"


@cache
def stored(lab: str) -> dict[str, Any]:
    """All stored results of a lab, by its name: what was measured, on which device, when."""
    text = resources.files(f"course.labs.{lab}").joinpath(FILE).read_text("utf-8")
    return dict(json.loads(text))


def store(lab: str, **parts: Any) -> None:
    """Put parts in the place of what a lab's file had under their names; the others stay."""
    path = Path(str(resources.files(f"course.labs.{lab}").joinpath(FILE)))
    kept = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    text = json.dumps({**kept, **parts}, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text + "\n", "utf-8")
    stored.cache_clear()
