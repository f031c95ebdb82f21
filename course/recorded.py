"""Results that longer runs gave, stored beside a lab, ``results.json``, and their origin."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from course.progress import NoFacts
from course.progress.released import running

FILE = "results.json"
NOTES = "COURSE_NOTES"
"""Variable that names a file, while a notebook is recorded."""


@cache
def stored(lab: str) -> dict[str, Any]:
    """All stored results of a lab, by its name: what was measured, on which device, when."""
    text = resources.files(f"course.labs.{lab}").joinpath(FILE).read_text("utf-8")
    return dict(json.loads(text))


def read(path: Path) -> dict[str, Any]:
    """What a file of results holds; nothing where there is none."""
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def put(path: Path, **parts: Any) -> None:
    """Put parts in the place of what a file had under their names; the others stay.

    The new file is whole before it takes the old one's place: who is interrupted loses nothing.
    """
    text = json.dumps({**read(path), **parts}, ensure_ascii=False, separators=(",", ":"))
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text(text + "\n", "utf-8")
    draft.replace(path)
    stored.cache_clear()


def store(lab: str, **parts: Any) -> None:
    """Put parts in the place of what a lab's file had under their names; the others stay."""
    put(Path(str(resources.files(f"course.labs.{lab}").joinpath(FILE))), **parts)


def note(lab: str, **parts: Any) -> None:
    """Tell what an experiment found to whoever records this run; else nothing happens."""
    if file := os.environ.get(NOTES):
        path = Path(file)
        put(path, **{lab: {**read(path).get(lab, {}), **parts}})


def origin(lab: str) -> str:
    """On what a lab's stored results were obtained, by what is recorded with them, in a sentence.

    What nobody wrote down is said to be unknown. A lab without stored results: nothing.
    """
    try:
        everything = stored(lab)
    except FileNotFoundError:
        return ""
    run = everything.get("recorded", {})
    parts = {name: value for name, value in everything.items() if name != "recorded"}
    told = sorted(set(_machines(parts)))
    lines = [f"Results measured before: {'; '.join(told) or 'machine unknown'}."] if parts else []
    if run:
        took = f"{run['seconds']:.0f} s"
        lines.append(
            f"Whole notebook, profile {run['profile']}: {run['on']}, {run['date']}, {took}."
        )
    return " ".join(lines)


def here() -> str:
    """The :func:`origin` of the running lab's results; nothing outside of a lab."""
    try:
        return origin(running())
    except NoFacts:
        return ""


def _machines(part: dict[str, Any]) -> Iterator[str]:
    """Machine and date of a part and of the parts in it, as far as they say."""
    words = part.get("on") or _cpu(part)
    if words:
        day = part.get("date", "date unknown")
        yield f"{words}, {day}"
    for value in part.values():
        if isinstance(value, dict):
            yield from _machines(value)


def _cpu(part: dict[str, Any]) -> str:
    """What older results say of their machine: that it was a CPU, some also which torch."""
    about = [str(part[key]) for key in ("about", "how") if isinstance(part.get(key), str)]
    if not re.search(r"\bCPU\b", " ".join(about)):
        return ""
    torch = str(part.get("torch", "")).partition("+")[0]
    return f"torch {torch} · CPU" if torch else "CPU, torch unknown"
