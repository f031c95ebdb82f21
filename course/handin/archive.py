"""The one file that is handed in: the notebook, what belongs to it, and a receipt."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from course.preflight import Line, PreflightReport
from course.progress import Overview
from course.progress.saved import cells, marks_of, outputs

LARGEST = 20_000_000  # bytes of a notebook that grading reads
RECEIPT = "receipt.json"


@dataclass(frozen=True, repr=False)
class HandIn(PreflightReport):
    """What there is to say, and the file, if it was packed.

    Attributes:
        lines: one for each thing that was looked at.
        lab: that is handed in.
        archive: the file to hand in; None if there is none.
    """

    lab: str = ""
    archive: Path | None = None

    @property
    def headline(self) -> str:
        """Whether there is a file, and whether something is left to do."""
        todo = sum(line.status == "fail" for line in self.lines)
        if self.archive is None:
            return f"{self.lab}: nothing is packed yet; see what is to do"
        if todo:
            things = "one thing needs" if todo == 1 else f"{todo} things need"
            return f"{self.archive.name} is packed, but {things} your hand"
        return f"{self.archive.name} is ready: hand in this file"


def contents(
    book: Mapping[str, Any], files: Mapping[str, bytes], overview: Overview, version: str
) -> tuple[dict[str, bytes], list[Line]]:
    """The files of the archive by name, and what to say about their size.

    Args:
        book: the notebook as it is handed in.
        files: beside it, by name.
        overview: of the notebook.
        version: of the course.
    """
    data, lines = _fitting(book)
    name = f"{overview.facts.lab}.ipynb"
    found = {name: data, **files}
    receipt = {
        "lab": overview.facts.lab,
        "packed": datetime.now(UTC).isoformat(timespec="seconds"),
        "course": version,
        "files": {one: _facts_of(content) for one, content in found.items()},
        "points of visible checks, as shown in the notebook": {
            row.exercise.name: row.earned for row in overview.rows if row.earned is not None
        },
        "note": f"{overview.headline}. Grading decides, on other inputs too.",
    }
    found[RECEIPT] = json.dumps(receipt, indent=1, ensure_ascii=False).encode() + b"\n"
    return found, lines


def write(path: Path, files: Mapping[str, bytes]) -> None:
    """Write the archive; one that is there is replaced when the new one is whole."""
    part = path.with_name(path.name + ".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    os.replace(part, path)


def as_bytes(book: Mapping[str, Any]) -> bytes:
    """A notebook's file, as Jupyter writes it."""
    return json.dumps(book, indent=1, ensure_ascii=False).encode() + b"\n"


def sized(count: int) -> str:
    """A number of bytes, for people."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def _fitting(book: Mapping[str, Any]) -> tuple[bytes, list[Line]]:
    """The notebook's bytes; figures are left out where it would be too large to be read."""
    data = as_bytes(book)
    if len(data) <= LARGEST:
        return data, [Line("size", "ok", f"the notebook has {sized(len(data))}")]
    lean = as_bytes(_without_outputs(book))
    told = f"the notebook has {sized(len(data))}, at most {sized(LARGEST)} are read"
    if len(lean) <= LARGEST:
        found = f"{told}; it is packed without its figures, which grading does not need"
        return lean, [Line("size", "warn", found, "Nothing to do.")]
    advice = (
        "Something large is pasted into a cell: delete pictures and long data, save, and hand in "
        "again."
    )
    return lean, [Line("size", "fail", told, advice)]


def _without_outputs(book: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which only check cells show something, and not much."""
    return {**book, "cells": [_lean(cell) for cell in cells(book)]}


def _lean(cell: dict[str, Any]) -> dict[str, Any]:
    small = len(json.dumps(outputs(cell))) < 100_000
    if "outputs" not in cell or (marks_of(cell).get("grade") and small):
        return cell
    return {**cell, "outputs": []}


def _facts_of(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
