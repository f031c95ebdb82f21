"""The result's cells: marks, types and locked text from the release, answers from the student."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from autograde.handing_in.normalise.arrange import Arranged, Slot
from autograde.handing_in.normalise.parse import StudentCell
from autograde.handing_in.normalise.release import ReleaseCell

if TYPE_CHECKING:
    from nbformat import NotebookNode

CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
ELSEWHERE = """\
# This cell was not in the notebook. What it asks for is defined in other cells, which run as
# they were handed in; a person has been asked to look at them."""


def rebuild(arranged: Arranged) -> NotebookNode:
    """A valid nbformat 4.5 notebook without outputs."""
    import nbformat

    ids = _own_ids(arranged)
    cells = [_cell(slot, ids) for slot in arranged.slots]
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": arranged.release.metadata,
        "cells": cells,
    }
    return nbformat.from_dict(notebook)


def _cell(slot: Slot, ids: dict[int, str]) -> dict[str, Any]:
    target, cell = slot.target, slot.cell
    if target is None:
        assert cell is not None
        return _made(ids[cell.position], cell.cell_type, cell.source, {}, cell.attachments)
    if cell is None:
        source = ELSEWHERE if slot.elsewhere else target.source
        return _restored(target, target.cell_type, source, target.attachments)
    kind = target.cell_type if target.essential else cell.cell_type
    if target.kind in ("check", "locked") or cell.canonical == target.canonical:
        return _restored(target, kind, target.source, target.attachments)
    return _restored(target, kind, cell.source, cell.attachments)


def _restored(
    target: ReleaseCell, cell_type: str, source: str, attachments: dict[str, Any]
) -> dict[str, Any]:
    return _made(target.id, cell_type, source, target.metadata, attachments)


def _made(
    cell_id: str, cell_type: str, source: str, metadata: dict[str, Any], attachments: dict[str, Any]
) -> dict[str, Any]:
    cell = {"id": cell_id, "cell_type": cell_type, "metadata": metadata, "source": source}
    if cell_type == "code":
        return cell | {"outputs": [], "execution_count": None}
    return cell | ({"attachments": attachments} if attachments else {})


def _own_ids(arranged: Arranged) -> dict[int, str]:
    """Ids of the student's own cells by position: kept where they can be, else made."""
    used = {cell.id for cell in arranged.release.cells}
    own = [slot.cell for slot in arranged.slots if slot.target is None and slot.cell]
    ids: dict[int, str] = {}
    for cell in own:
        if CELL_ID.fullmatch(cell.id) and cell.id not in used:
            ids[cell.position] = cell.id
            used.add(cell.id)
    for cell in own:
        if cell.position not in ids:
            ids[cell.position] = next(name for name in _names(cell) if name not in used)
            used.add(ids[cell.position])
    return ids


def _names(cell: StudentCell) -> Iterator[str]:
    digest = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
    yield digest
    number = 2
    while True:
        yield f"{digest}-{number}"
        number += 1
