"""The order of the result: the release's, with the student's own cells where they stood."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from autograde.handing_in.normalise.parse import StudentCell
from autograde.handing_in.normalise.placements import Matching
from autograde.handing_in.normalise.release import Release, ReleaseCell


@dataclass(frozen=True)
class Slot:
    """One cell of the result: from the release, from the student, or both.

    ``elsewhere``: a missing answer whose code stands in other cells of the student's.
    """

    target: ReleaseCell | None
    cell: StudentCell | None
    elsewhere: bool = False


@dataclass(frozen=True)
class Arranged:
    """The cells of the result in order."""

    release: Release
    slots: tuple[Slot, ...]


def arrange(matching: Matching) -> Arranged:
    """Put every cell in its place.

    A student's own cell runs after the release's cell that it followed and before the one that
    it preceded; where the student moved cells so that both can't hold, before the latter.
    Cells restored between the two come first, but for checks and what follows them: a helper
    between an answer and its deleted check must be defined when the check runs.
    """
    kept = [c for c in matching.release.cells if c.essential or c.index in matching.places]
    before, after = _anchored(matching, kept)
    slots: list[Slot] = [Slot(None, cell) for cell in after[-1]]
    for target in kept:
        slots += [Slot(None, cell) for cell in before[target.index]]
        slots.append(_slot(matching, target))
        slots += [Slot(None, cell) for cell in after[target.index]]
    return Arranged(matching.release, tuple(slots))


Anchors = dict[int, list[StudentCell]]


def _anchored(matching: Matching, kept: list[ReleaseCell]) -> tuple[Anchors, Anchors]:
    """The student's own cells by the index of the release cell that they precede or follow."""
    before, after = defaultdict(list), defaultdict(list)
    for cell, left, right in _neighbours(matching):
        if left < right:
            after[_slide(matching, kept, left, right)].append(cell)
        else:
            before[right].append(cell)
    return before, after


def _neighbours(matching: Matching) -> Iterator[tuple[StudentCell, int, int]]:
    """Each own cell with the release indices of the placed cells before and after it."""
    places = sorted((place, index) for index, place in matching.places.items())
    positions = [place for place, _ in places]
    for cell in matching.free():
        at = bisect_left(positions, cell.position)
        left = places[at - 1][1] if at else -1
        right = places[at][1] if at < len(places) else len(matching.release.cells)
        yield cell, left, right


def _slide(matching: Matching, kept: list[ReleaseCell], left: int, right: int) -> int:
    """Past the restored cells that follow ``left``, up to the first check."""
    for target in kept:
        if left < target.index < right:
            if target.index in matching.places or target.kind == "check":
                break
            left = target.index
    return left


def _slot(matching: Matching, target: ReleaseCell) -> Slot:
    if target.index in matching.places:
        return Slot(target, matching.found(target))
    return Slot(target, None, target.index in matching.elsewhere)
