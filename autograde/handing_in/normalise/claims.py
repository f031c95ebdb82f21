"""Cells that say by their nbgrader id which cell of the release they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from autograde.handing_in.normalise.flags import Flag, ordinals, shown
from autograde.handing_in.normalise.parse import StudentCell
from autograde.handing_in.normalise.placements import Matching, place_one
from autograde.handing_in.normalise.release import ReleaseCell

Claims = Mapping[str, list[StudentCell]]


def answers_by_grade_id(matching: Matching) -> Matching:
    """Place the answers that carry their grade_id; of several, the best."""
    claims = _claims(matching)
    for target in matching.missing("answer"):
        claimants = claims.get(target.grade_id, [])
        if claimants:
            matching = place_one(matching, target, claimants, "grade_id")
            renamed = [matching.found(target)]
            renamed = [cell for cell in renamed if cell.grade_id != target.grade_id]
            matching = matching.tell(*(renamed_flag(target, cell) for cell in renamed))
    return matching


def locked_by_grade_id(matching: Matching) -> Matching:
    """Take the cells that claim to be a locked cell for that cell, whatever is in them.

    The release's text replaces theirs. Where it differs and defines something that the
    release's cell does not, there may be work in it: then it stays, as an ordinary cell.
    """
    claims: dict[str, list[StudentCell]] = defaultdict(list)
    for cell in matching.free():
        claims[cell.grade_id].append(cell)
    for target in matching.missing("check", "locked"):
        if claimants := claims.get(target.grade_id, []):
            matching = _restore(matching, target, claimants)
    return matching


def renamed_flag(target: ReleaseCell, cell: StudentCell) -> Flag:
    """The flag of an answer under another grade_id."""
    return Flag(
        "renamed-id",
        "attention",
        target.grade_id,
        f"{target.grade_id}: {ordinals([cell.position])} of the file has the grade_id "
        f"{shown(cell.grade_id)}, but is this answer by its cell id or by what it defines. "
        "It is graded as this answer; look whether that is right.",
    )


def belongs(cell: StudentCell, claimed: ReleaseCell, answers: list[ReleaseCell]) -> ReleaseCell:
    """The answer that a cell is: the claimed one, unless it defines just another one's names."""
    if not claimed.names or claimed.names & cell.names:
        return claimed
    fitting = [answer for answer in answers if answer.names and answer.names <= cell.names]
    return fitting[0] if len(fitting) == 1 else claimed


def _claims(matching: Matching) -> Claims:
    """Claimants by grade_id; a claim that the code contradicts goes where the code belongs."""
    claims: dict[str, list[StudentCell]] = defaultdict(list)
    answers = [cell for cell in matching.release.cells if cell.kind == "answer"]
    by_id = {cell.grade_id: cell for cell in answers}
    for cell in matching.free():
        if cell.grade_id in by_id:
            claims[belongs(cell, by_id[cell.grade_id], answers).grade_id].append(cell)
    return claims


def _restore(matching: Matching, target: ReleaseCell, claimants: list[StudentCell]) -> Matching:
    own = [cell for cell in claimants if _holds_work(target, cell)]
    rest = [cell for cell in claimants if not _holds_work(target, cell)]
    edited = [cell for cell in rest if cell.canonical != target.canonical]
    if rest:
        first = min(rest, key=lambda cell: (cell.canonical != target.canonical, cell.position))
        matching = matching.place(target, first, "grade_id")
        matching = matching.drop(cell for cell in rest if cell is not first)
    else:
        matching = matching.explain(target)
    if own:
        return matching.tell(_kept(target, own))
    if len(claimants) > 1:
        return matching.tell(_copied(target, claimants, bool(edited)))
    return matching.tell(_edited(target, edited)) if edited else matching


def _holds_work(target: ReleaseCell, cell: StudentCell) -> bool:
    if cell.canonical == target.canonical or cell.cell_type != "code":
        return False
    return bool(cell.names - target.defines)


def _copied(target: ReleaseCell, cells: list[StudentCell], edited: bool) -> Flag:
    return Flag(
        "duplicate-cell",
        "attention" if edited else "info",
        target.grade_id,
        f"{target.grade_id}: expected one locked cell, found "
        f"{ordinals(cell.position for cell in cells)} of the file. The release's cell is put "
        "back once and the copies are left out; "
        + ("some were changed, look whether they matter." if edited else "nothing to do."),
    )


def _kept(target: ReleaseCell, cells: list[StudentCell]) -> Flag:
    return Flag(
        "locked-cell-restored",
        "attention",
        target.grade_id,
        f"{target.grade_id}: the locked cell was changed and defines names of its own, "
        f"{ordinals(cell.position for cell in cells)} of the file. The release's cell is put "
        "back; the student's version stays as an ordinary cell. Look whether it is an answer.",
    )


def _edited(target: ReleaseCell, cells: list[StudentCell]) -> Flag:
    return Flag(
        "locked-cell-restored",
        "info",
        target.grade_id,
        f"{target.grade_id}: the locked cell was changed, "
        f"{ordinals(cell.position for cell in cells)} of the file. The release's cell is put "
        "back; nothing to do.",
    )
