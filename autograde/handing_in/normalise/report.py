"""What to tell about a matched notebook: what was missing, changed, moved or unknown."""

from __future__ import annotations

from collections.abc import Iterator

from autograde.handing_in.normalise.flags import Flag, listed, ordinals, shown
from autograde.handing_in.normalise.parse import StudentCell, Submitted
from autograde.handing_in.normalise.placements import Matching
from autograde.handing_in.normalise.release import ReleaseCell

SURE = ("grade_id", "cell_id", "text")


def unrecognised(matching: Matching) -> Flag | None:
    """The flag of a notebook that is not this lab's, or None."""
    graded = [cell for cell in matching.release.marked if cell.kind != "locked"]
    strangers = {cell.grade_id for cell in _strangers(matching)}
    if not graded or (_found_enough(matching, graded, len(strangers))):
        return None
    expected = listed(cell.grade_id for cell in graded)
    if strangers:
        return Flag(
            "wrong-lab",
            "ungradable",
            "",
            f"The notebook is of another lab: expected the grade_ids {expected}, found "
            f"{listed(sorted(strangers))}. Ask for this lab's notebook.",
        )
    return Flag(
        "nothing-recognised",
        "ungradable",
        "",
        f"No cell of this lab is recognised among the {len(matching.cells)} in the file: expected "
        f"the grade_ids {expected}. Look at the file; ask for the lab's own notebook.",
    )


def _found_enough(matching: Matching, graded: list[ReleaseCell], strangers: int) -> bool:
    """Whether it is this lab: some cell for sure or half of the answers, and few strangers.

    Labs may share a grade_id or a function's name.
    """
    found = [cell for cell in graded if cell.index in matching.places]
    sure = any(matching.signs[cell.index] in SURE for cell in found)
    answers = [cell for cell in graded if cell.names and cell.kind == "answer"]
    return strangers <= len(found) and (sure or len(found) * 2 >= len(answers) > 0)


def _strangers(matching: Matching) -> list[StudentCell]:
    known = matching.release.grade_ids
    return [cell for cell in matching.free() if cell.grade_id and cell.grade_id not in known]


def report(submitted: Submitted, matching: Matching) -> tuple[Flag, ...]:
    """All flags of a matched notebook, the file's first, then cell by cell in release order."""
    return (
        *_kernel(submitted, matching),
        *_unknown(matching),
        *_order(matching),
        *sorted(_about_cells(matching), key=lambda flag: _rank(matching, flag)),
    )


def _about_cells(matching: Matching) -> Iterator[Flag]:
    yield from matching.flags
    for target in matching.release.cells:
        if target.index in matching.places:
            yield from _changed(target, matching.found(target))
        elif target.index not in matching.explained:
            yield from _missing(target)


def _rank(matching: Matching, flag: Flag) -> int:
    order = {cell.grade_id: cell.index for cell in matching.release.marked}
    return order.get(flag.cell, -1)


def _kernel(submitted: Submitted, matching: Matching) -> Iterator[Flag]:
    expected = matching.release.metadata.get("kernelspec", {}).get("name", "")
    if submitted.kernel and expected and submitted.kernel != expected:
        yield Flag(
            "kernelspec-replaced",
            "info",
            "",
            f"The notebook asks for the kernel {shown(submitted.kernel)}, expected {expected}. "
            "The release's is used; nothing to do.",
        )


def _unknown(matching: Matching) -> Iterator[Flag]:
    if cells := _strangers(matching):
        yield Flag(
            "unknown-grade-id",
            "info",
            "",
            f"{ordinals(cell.position for cell in cells).capitalize()} of the file carry "
            f"grade_ids that this lab does not have: {listed(c.grade_id for c in cells)}. "
            "They are kept as ordinary cells; nothing to do.",
        )


def _order(matching: Matching) -> Iterator[Flag]:
    moved = _moved(matching, [*matching.release.cells])
    if not moved:
        return
    answers = [c for c in matching.release.cells if c.kind == "answer"]
    names = listed(cell.grade_id or cell.id for cell in moved)
    yield Flag(
        "order-restored",
        "attention" if _moved(matching, answers) else "info",
        "",
        f"Cells were moved ({names}); the release's order is restored. "
        "If an answer fails, look whether it needs another one that comes later.",
    )


def _moved(matching: Matching, cells: list[ReleaseCell]) -> list[ReleaseCell]:
    """The cells that stand before one that they should follow."""
    moved, furthest = [], -1
    for cell in cells:
        if cell.index in matching.places:
            place = matching.places[cell.index]
            moved += [cell] if place < furthest else []
            furthest = max(furthest, place)
    return moved


def _missing(target: ReleaseCell) -> Iterator[Flag]:
    if target.kind == "answer":
        yield Flag(
            "missing-cell",
            "attention",
            target.grade_id,
            f"{target.grade_id}: the answer's cell is not in the file, and no other cell could "
            "be it. It is restored unanswered; look whether the answer stands elsewhere.",
        )
    elif target.essential:
        name = target.grade_id or target.id
        yield Flag(
            "missing-cell",
            "info",
            target.grade_id,
            f"{name}: this cell of the release was deleted. It is restored; nothing to do.",
        )


def _changed(target: ReleaseCell, cell: StudentCell) -> Iterator[Flag]:
    name = target.grade_id or target.id
    if target.essential and cell.cell_type != target.cell_type:
        yield Flag(
            "cell-type-restored",
            "attention" if target.kind == "answer" else "info",
            target.grade_id,
            f"{name}: expected a {target.cell_type} cell, found {cell.cell_type}. The type is "
            "restored and the text kept; look whether it still reads as meant.",
        )
    yield from _marks_changed(target, cell)


def _marks_changed(target: ReleaseCell, cell: StudentCell) -> Iterator[Flag]:
    marks = target.metadata.get("nbgrader", {})
    changed = [key for key, value in cell.claims.items() if marks.get(key, value) != value]
    if target.kind != "plain" and cell.grade_id == target.grade_id and changed:
        found = ", ".join(f"{key} {shown(cell.claims[key])}" for key in changed)
        expected = ", ".join(f"{key} {marks[key]}" for key in changed)
        yield Flag(
            "marks-restored",
            "attention",
            target.grade_id,
            f"{target.grade_id}: the grading metadata was changed: expected {expected}, "
            f"found {found}. The release's is used.",
        )
