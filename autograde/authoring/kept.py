"""What a person typed into a built notebook is kept when the notebook is built anew."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

from autograde.authoring.build import Built, readable
from autograde.authoring.source import has_own_id
from autograde.tree import Tree

MARK = "-before-build-"
"""In the names of copies; git ignores them."""

MOST = 6  # cells that are named


def typed(tree: Tree, built: Built) -> list[str]:
    """Ids of cells of the student notebook that neither this build nor the last one wrote.

    Outputs don't count. What the last build wrote of graded cells is in the lab's ``cells.json``;
    any other cell's id is of the text that it was built with. A file that can't be
    read is somebody's as a whole.
    """
    path = tree.student(built.lab)
    if not path.is_file():
        return []
    if (stands := readable(path)) is None:
        return ["the file can't be read"]
    known = {(cell["id"], cell.source.strip()) for cell in built.student.cells}
    known |= _last(tree.cells(built.lab))
    return [
        str(cell.get("id", "a cell"))
        for cell in stands.cells
        if (text := cell.source.strip())
        and (cell.get("id"), text) not in known
        and ("nbgrader" in cell.metadata or not has_own_id(cell))
    ]


def keep(tree: Tree, lab: str, cells: list[str]) -> str:
    """Copy the student notebook beside itself, and say so: which cells, where, and what to do."""
    path = tree.student(lab)
    copy = path.with_name(f"{lab}{MARK}{datetime.now():%Y%m%d-%H%M%S}.ipynb")
    number = 1
    while copy.exists():
        number += 1
        copy = copy.with_name(f"{copy.stem.partition('_copy')[0]}_copy{number}.ipynb")
    shutil.copy2(path, copy)
    told = ", ".join(cells[:MOST]) + (" …" if len(cells) > MOST else "")
    old, new = (one.relative_to(tree.root) for one in (path, copy))
    return (
        f"{lab}: {old} had cells that somebody typed ({told}). It is built anew; as it "
        f"was, it is {new}. Copy from there what you want to keep, then delete it."
    )


def _last(path: Path) -> set[tuple[str, str]]:
    """Ids and texts of the graded cells that the last build wrote."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return {(cell["id"], "".join(cell["source"]).strip()) for cell in cells}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
