"""Cells of the release that lost their marks: found by cell id, text, code, likeness or place."""

from __future__ import annotations

from collections import defaultdict, deque

from autograde.handing_in.normalise.claims import belongs, renamed_flag
from autograde.handing_in.normalise.flags import Flag, listed, ordinals
from autograde.handing_in.normalise.parse import StudentCell
from autograde.handing_in.normalise.placements import Matching, Sign, place_one
from autograde.handing_in.normalise.release import Kind, ReleaseCell
from autograde.handing_in.normalise.text import likeness

ALIKE = 0.6  # from this likeness on, an edited cell of the release is recognised
FEWEST_WORDS = 5  # a shorter cell is like too many others


def answers_by_cell_id(matching: Matching) -> Matching:
    """Place answers without their grade_id that kept the release's cell id."""
    by_id: dict[str, list[StudentCell]] = defaultdict(list)
    for cell in matching.free():
        by_id[cell.id].append(cell)
    answers = [cell for cell in matching.release.cells if cell.kind == "answer"]
    for target in matching.missing("answer"):
        candidates = by_id.get(target.id, [])
        candidates = [cell for cell in candidates if belongs(cell, target, answers) is target]
        if candidates:
            matching = _recovered(matching, target, candidates, "cell_id")
    return matching


def plain_by_cell_id(matching: Matching) -> Matching:
    """Place unmarked cells that kept their cell id."""
    by_id: dict[str, StudentCell] = {}
    for cell in matching.free():
        by_id.setdefault(cell.id, cell)
    for target in matching.missing("plain"):
        if target.id in by_id:
            matching = matching.place(target, by_id[target.id], "cell_id")
    return matching


def locked_by_text(matching: Matching) -> Matching:
    """Place locked cells that lost their marks and kept their text."""
    return _by_text(matching, "check", "locked")


def plain_by_text(matching: Matching) -> Matching:
    """Place unmarked cells that kept their text."""
    return _by_text(matching, "plain")


def answers_by_code(matching: Matching) -> Matching:
    """Place answers by the functions and classes that their code defines."""
    for target in matching.missing("answer"):
        if target.names:
            matching = _by_code(matching, target)
    return matching


def plain_by_likeness(matching: Matching) -> Matching:
    """Place unmarked cells that were edited and lost their cell id, as in nbformat 4.0."""
    for target in matching.missing("plain"):
        if len(target.words) >= FEWEST_WORDS:
            matching = _by_likeness(matching, target)
    return matching


def answers_by_place(matching: Matching) -> Matching:
    """Place answers that define no names, such as written ones, by where they stand."""
    for target in matching.missing("answer"):
        if not target.names:
            matching = _by_place(matching, target)
    return matching


def _by_text(matching: Matching, *kinds: Kind) -> Matching:
    same: dict[tuple[str, str], deque[StudentCell]] = defaultdict(deque)
    for cell in matching.free():
        same[cell.cell_type, cell.canonical].append(cell)
    for target in matching.missing(*kinds):
        found = same.get((target.cell_type, target.canonical))
        if found and target.canonical:
            matching = matching.place(target, found.popleft(), "text")
    return matching


def _by_likeness(matching: Matching, target: ReleaseCell) -> Matching:
    best, most = None, ALIKE
    for cell in matching.free():
        alike = likeness(target.words, cell.words) if cell.cell_type == target.cell_type else 0.0
        if alike > most or (alike == most and best is None):
            best, most = cell, alike
    return matching.place(target, best, "likeness") if best else matching


def _recovered(
    matching: Matching, target: ReleaseCell, candidates: list[StudentCell], sign: Sign
) -> Matching:
    matching = place_one(matching, target, candidates, sign)
    cell = matching.found(target)
    if cell.grade_id and cell.grade_id != target.grade_id:
        return matching.tell(renamed_flag(target, cell))
    return matching.tell(_recovered_flag(target, cell, sign))


def _by_code(matching: Matching, target: ReleaseCell) -> Matching:
    code = [cell for cell in matching.free() if cell.cell_type == "code"]
    fitting = [cell for cell in code if target.names <= cell.names]
    different = {cell.canonical for cell in fitting} - {target.canonical}
    if fitting and len(different) <= 1:
        return _recovered(matching, target, fitting, "code")
    if fitting:
        return matching.tell(_ambiguous(target, fitting)).explain(target, elsewhere=True)
    return _in_other_cells(matching, target)


def _in_other_cells(matching: Matching, target: ReleaseCell) -> Matching:
    """An answer may have been merged into another one, or split over several cells."""
    parts = [cell for cell in matching.free() if cell.cell_type == "code"]
    parts = [cell for cell in parts if target.names & cell.names]
    hosts = [
        matching.found(host)
        for host in matching.release.cells
        if host.index in matching.places
        and host.kind in ("answer", "plain")
        and host.cell_type == "code"
        and target.names & (matching.found(host).names - host.defines)
    ]
    if not parts and not hosts:
        return matching
    if not parts and len(hosts) == 1 and target.names <= hosts[0].names:
        return matching.tell(_merged(target, hosts[0])).explain(target, elsewhere=True)
    return matching.tell(_ambiguous(target, parts + hosts)).explain(target, elsewhere=True)


def _by_place(matching: Matching, target: ReleaseCell) -> Matching:
    before = [place for index, place in matching.places.items() if index < target.index]
    after = [place for index, place in matching.places.items() if index > target.index]
    start, end = max(before, default=-1), min(after, default=len(matching.cells))
    between = [
        cell
        for cell in matching.free()
        if start < cell.position < end and cell.cell_type == target.cell_type and cell.canonical
    ]
    if len(between) == 1:
        return _recovered(matching, target, between, "place")
    if between:
        return matching.tell(_ambiguous(target, between)).explain(target)
    return matching


SIGNS = {
    "cell_id": "its cell id",
    "code": "the names that it defines",
    "place": "where it stands",
}


def _recovered_flag(target: ReleaseCell, cell: StudentCell, sign: Sign) -> Flag:
    sure = sign != "place"
    return Flag(
        "metadata-recovered",
        "info" if sure else "attention",
        target.grade_id,
        f"{target.grade_id}: {ordinals([cell.position])} of the file lost its nbgrader metadata "
        f"and is recognised by {SIGNS[sign]}. It is graded as this answer; "
        + ("nothing to do." if sure else "look whether that is right."),
    )


def _ambiguous(target: ReleaseCell, cells: list[StudentCell]) -> Flag:
    what = f" that define {listed(sorted(target.names))}" if target.names else ""
    return Flag(
        "ambiguous-answer",
        "ungradable",
        target.grade_id,
        f"{target.grade_id}: no cell carries this id, and "
        f"{ordinals(sorted(cell.position for cell in cells))} of the file could be it{what}. "
        "Nothing was chosen: the code runs as it was handed in. Read these cells and decide.",
    )


def _merged(target: ReleaseCell, host: StudentCell) -> Flag:
    return Flag(
        "merged-answer",
        "attention",
        target.grade_id,
        f"{target.grade_id}: the cell is not in the file, and {ordinals([host.position])} "
        f"defines {listed(sorted(target.names))} too: the cells were merged. The code counts "
        "where it stands; look whether that is right.",
    )
