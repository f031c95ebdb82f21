"""Names of exercises: the headings that they stand under in the notebook as released."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

HEADING = re.compile(r"#+ +(.+)")


def titles(release: Path) -> dict[str, str]:
    """By ``grade_id``; the notebook's own name has none."""
    found: dict[str, str] = {}
    title = ""
    for cell in nbformat.read(release, as_version=4).cells if release.is_file() else ():
        marks = cell.metadata.get("nbgrader", {})
        if heading := HEADING.match(cell.source) if cell.cell_type == "markdown" else None:
            title = heading[1]
            found.setdefault("", title)
        if marks.get("grade"):
            found[marks["grade_id"]] = title or marks["grade_id"]
    return found
