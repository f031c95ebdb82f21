"""Repairs that lose nothing: every cell that grading looks for is there once, as released.

Pure: a notebook as JSON in, a new one and what there is to say out. Answers stay the student's own.
What can't be decided here is said and left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any
from uuid import uuid4

from course.preflight import Line
from course.progress.released import Facts
from course.progress.saved import cells as cells_of
from course.progress.saved import grade_id, joined, marks_of, source

Cell = dict[str, Any]
Released = Mapping[str, Any]

MARKS = ("cell_type", "grade", "grade_id", "locked", "points", "schema_version", "solution", "task")
DEFINED = re.compile(r"^(?:async +)?(?:def|class) +(\w+)|^(\w+) *(?::[^=\n]+)?=(?!=)", re.MULTILINE)
SETTLED = "Nothing to do."
SAVE = "Save the notebook (Ctrl+S), then hand in again."


def repaired(book: Mapping[str, Any], facts: Facts) -> tuple[dict[str, Any], list[Line]]:
    """A sound copy of the notebook, and a line for each thing that was not.

    A line of status ``warn`` was settled; one of status ``fail`` needs the student.
    """
    cells, lines = deepcopy(cells_of(book)), list[Line]()
    for step in STEPS:
        lines += step(cells, facts)
    return {**book, "cells": cells}, lines


def _marked_again(cells: list[Cell], facts: Facts) -> Iterator[Line]:
    """Cells that lost their mark, as in a copy from another notebook, are found by id or code."""
    there = {grade_id(cell) for cell in cells}
    for wanted in (one for one in facts.cells if grade_id(one) not in there):
        found = _unmarked(cells, wanted)
        if len(found) == 1:
            found[0].setdefault("metadata", {})["nbgrader"] = deepcopy(marks_of(wanted))
            yield _settled(f"{_named(wanted, facts)} had lost its mark, and has it again")
        elif found:
            places = " and ".join(str(_place(cells, one)) for one in found)
            yield Line(
                "copies",
                "fail",
                f"cells {places} both define what {_named(wanted, facts)} should",
                f"Delete the one that should not count. {SAVE}",
            )


def _copies(cells: list[Cell], facts: Facts) -> Iterator[Line]:
    """Of equal copies one stays; what is as released gives way to what was written."""
    for wanted in facts.cells:
        copies = [cell for cell in cells if grade_id(cell) == grade_id(wanted)]
        if len(copies) < 2:
            continue
        kept, spare = _told_apart(copies, wanted)
        for cell in spare:
            _remove(cells, cell)
        if len(kept) == 1:
            yield _settled(f"{_named(wanted, facts)} was there {len(copies)} times; one is left")
        else:
            places = " and ".join(str(_place(cells, one)) for one in kept)
            yield Line(
                "copies",
                "fail",
                f"cells {places} both are {_named(wanted, facts)}, with different text",
                f"Keep the text that counts, delete the other cell. {SAVE}",
            )


def _locked(cells: list[Cell], facts: Facts) -> Iterator[Line]:
    """Checks and other locked cells are as released; code that somebody put there is kept."""
    released = {grade_id(one): one for one in facts.cells}
    for cell in list(cells):
        wanted = released.get(grade_id(cell))
        if wanted is None or marks_of(wanted).get("solution") or _same(cell, wanted):
            continue
        if _defines(source(cell)) - _defines(source(wanted)):
            own = {**deepcopy(cell), "metadata": {}}
            _fresh_id(own)
            cells.insert(cells.index(cell), own)
        cell["source"] = source(wanted)
        yield _settled(f"{_named(wanted, facts)} was changed, and is as released again")


def _types_and_marks(cells: list[Cell], facts: Facts) -> Iterator[Line]:
    """Types and marks are as released, for grading goes by them."""
    released = {grade_id(one): one for one in facts.cells}
    for cell in cells:
        wanted = released.get(grade_id(cell))
        if wanted is None:
            continue
        if cell.get("cell_type") != wanted["cell_type"]:
            was = cell.get("cell_type")
            cell["cell_type"] = wanted["cell_type"]
            _fit(cell)
            yield _settled(
                f"{_named(wanted, facts)} was of type {was}, and is {wanted['cell_type']} again"
            )
        marks, right = marks_of(cell), marks_of(wanted)
        if {key: marks.get(key) for key in MARKS} != {key: right.get(key) for key in MARKS}:
            cell["metadata"]["nbgrader"] = deepcopy(right)
            yield _settled(f"the mark of {_named(wanted, facts)} was changed, and is right again")


def _missing(cells: list[Cell], facts: Facts) -> Iterator[Line]:
    """Deleted cells come back as released, where they stood."""
    for at, wanted in enumerate(facts.cells):
        name = grade_id(wanted)
        if any(grade_id(cell) == name for cell in cells) or _unmarked(cells, wanted):
            continue
        cells.insert(_where(cells, facts, at), _as_released(wanted, cells))
        if marks_of(wanted).get("solution"):
            yield Line(
                "cells",
                "warn",
                f"{_named(wanted, facts)} was not there; it is put back, empty",
                "If you have written it, copy it into that cell: Edit, Undo Cell Operation "
                "brings a deleted cell back.",
            )
        else:
            yield _settled(f"{_named(wanted, facts)} was not there, and is put back")


def _ids(cells: list[Cell], facts: Facts) -> Iterator[Line]:
    """No two cells have one id; older notebooks have none at all."""
    seen, changed = set[str](), 0
    ours = {grade_id(one) for one in facts.cells}
    for cell in sorted(cells, key=lambda one: grade_id(one) not in ours):
        if "id" in cell and (not isinstance(cell["id"], str) or cell["id"] in seen):
            _fresh_id(cell)
            changed += 1
        seen.add(cell.get("id", ""))
    if changed:
        one = "a cell had the id of another one, and has its own now"
        several = f"{changed} cells had the ids of others, and have their own now"
        yield _settled(one if changed == 1 else several)


STEPS: tuple[Callable[[list[Cell], Facts], Iterator[Line]], ...] = (
    _marked_again,
    _copies,
    _types_and_marks,
    _locked,
    _missing,
    _ids,
)


def _settled(found: str) -> Line:
    return Line("cells", "warn", found, SETTLED)


def _named(wanted: Released, facts: Facts) -> str:
    """``the check of 1.3 · ReLU``."""
    marks, name = marks_of(wanted), grade_id(wanted)
    exercise = facts.exercise(name) or facts.exercise(name.removesuffix("_answer"))
    kind = "answer cell" if marks.get("solution") else "check" if marks.get("grade") else "cell"
    return f"the {kind} of {exercise.label}" if exercise else f"the locked cell {name}"


def _place(cells: list[Cell], cell: Cell) -> int:
    """Its place in the file, from 1."""
    return next(at for at, one in enumerate(cells, start=1) if one is cell)


def _unmarked(cells: list[Cell], wanted: Released) -> list[Cell]:
    """Cells without a mark that may be the wanted one: by id, else by what they define."""
    free = [cell for cell in cells if not grade_id(cell)]
    if by_id := [cell for cell in free if cell.get("id") == wanted["id"]]:
        return by_id[:1]
    if not marks_of(wanted).get("solution"):
        return [cell for cell in free if _text(cell) == _text(wanted)][:1]
    names = _functions(source(wanted))
    return [cell for cell in free if names and names <= _functions(source(cell))]


def _told_apart(copies: list[Cell], wanted: Released) -> tuple[list[Cell], list[Cell]]:
    """Copies that must stay, and those that can go."""
    if not marks_of(wanted).get("solution"):
        same = [cell for cell in copies if _same(cell, wanted)]
        kept = (same or copies)[:1]
    else:
        texts = {_text(cell): cell for cell in reversed(copies)}
        written = [cell for text, cell in texts.items() if text not in ("", _text(wanted))]
        kept = [cell for cell in copies if any(cell is one for one in written)] or copies[:1]
    return kept, [cell for cell in copies if not any(cell is one for one in kept)]


def _same(cell: Mapping[str, Any], wanted: Released) -> bool:
    return _text(cell) == _text(wanted)


def _text(cell: Mapping[str, Any]) -> str:
    """As it is compared: editors differ in white space at line ends."""
    return "\n".join(line.rstrip() for line in joined(cell.get("source")).strip().splitlines())


def _defines(text: str) -> set[str]:
    return {one or other for one, other in DEFINED.findall(text)}


def _functions(text: str) -> set[str]:
    return {one for one, _ in DEFINED.findall(text) if one}


def _where(cells: list[Cell], facts: Facts, at: int) -> int:
    """Before the next of the lab's cells that is there, else at the end."""
    later = {grade_id(one) for one in facts.cells[at + 1 :]}
    earlier = {grade_id(one) for one in facts.cells[:at]}
    before = [place for place, cell in enumerate(cells) if grade_id(cell) in earlier]
    if before and marks_of(facts.cells[at]).get("grade") and before[-1] + 1 <= len(cells):
        return before[-1] + 1  # a check stands right below its answer
    after = [place for place, cell in enumerate(cells) if grade_id(cell) in later]
    return after[0] if after else len(cells)


def _as_released(wanted: Released, cells: list[Cell]) -> Cell:
    cell: Cell = {key: deepcopy(wanted[key]) for key in ("cell_type", "metadata", "source")}
    if any("id" in one for one in cells):
        cell["id"] = wanted["id"]
    _fit(cell)
    return cell


def _fit(cell: Cell) -> None:
    """Give it what its type has, and nothing else."""
    if cell["cell_type"] == "code":
        cell.setdefault("outputs", [])
        cell.setdefault("execution_count", None)
    else:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def _fresh_id(cell: Cell) -> None:
    if "id" in cell:
        cell["id"] = uuid4().hex[:12]


def _remove(cells: list[Cell], cell: Cell) -> None:
    cells[:] = [one for one in cells if one is not cell]
