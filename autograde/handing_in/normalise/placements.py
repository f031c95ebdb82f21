"""The state that the matching steps hand on, and how one of several copies is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from autograde.handing_in.normalise.flags import Flag, ordinals
from autograde.handing_in.normalise.parse import StudentCell
from autograde.handing_in.normalise.release import Kind, Release, ReleaseCell

Sign = Literal["grade_id", "cell_id", "text", "code", "likeness", "place"]


@dataclass(frozen=True)
class Matching:
    """How far the matching has come.

    Attributes:
        places: position in the student's file by the release cell's index.
        signs: by what each was recognised, by the same index.
        dropped: positions of copies that hold nothing of the student's.
        elsewhere: indices of missing answers whose code stands in other cells.
        explained: indices of missing cells that a flag already tells about.
    """

    release: Release
    cells: tuple[StudentCell, ...]
    places: Mapping[int, int] = field(default_factory=dict)
    signs: Mapping[int, Sign] = field(default_factory=dict)
    dropped: frozenset[int] = frozenset()
    elsewhere: frozenset[int] = frozenset()
    explained: frozenset[int] = frozenset()
    flags: tuple[Flag, ...] = ()

    def free(self) -> list[StudentCell]:
        """The student's cells that are not (yet) a cell of the release."""
        taken = {*self.places.values(), *self.dropped}
        return [cell for cell in self.cells if cell.position not in taken]

    def missing(self, *kinds: Kind) -> list[ReleaseCell]:
        """The release's cells that are not (yet) found."""
        return [c for c in self.release.cells if c.kind in kinds and c.index not in self.places]

    def found(self, target: ReleaseCell) -> StudentCell:
        """The student's version of a cell that is placed."""
        return self.cells[self.places[target.index]]

    def place(self, target: ReleaseCell, cell: StudentCell, sign: Sign) -> Matching:
        """``cell`` is the student's version of ``target``."""
        return replace(
            self,
            places={**self.places, target.index: cell.position},
            signs={**self.signs, target.index: sign},
        )

    def drop(self, cells: Iterable[StudentCell]) -> Matching:
        """Leave out cells that hold nothing of the student's."""
        return replace(self, dropped=self.dropped | {cell.position for cell in cells})

    def explain(self, target: ReleaseCell, *, elsewhere: bool = False) -> Matching:
        """``target`` is missing and a flag says so; ``elsewhere``: its code is not."""
        return replace(
            self,
            explained=self.explained | {target.index},
            elsewhere=self.elsewhere | ({target.index} if elsewhere else set()),
        )

    def tell(self, *flags: Flag) -> Matching:
        """Add flags."""
        return replace(self, flags=self.flags + flags)


def place_one(
    matching: Matching, target: ReleaseCell, candidates: list[StudentCell], sign: Sign
) -> Matching:
    """Place the best of several versions of an answer; the others stay, unless they are equal.

    The best has something of the student's in it, defines what the release's cell defines, is
    the original cell and not a copy (its cell id tells), and comes first, in this order.
    """
    best = max(candidates, key=lambda cell: _merit(target, cell))
    others = [cell for cell in candidates if cell is not best]
    empty = [cell for cell in others if cell.canonical in ("", target.canonical)]
    equal = [cell for cell in others if cell not in empty and cell.canonical == best.canonical]
    matching = matching.place(target, best, sign).drop([*empty, *equal])
    if len(empty) + len(equal) < len(others):
        return matching.tell(_different(target, best, candidates))
    return matching.tell(_equal(target, candidates)) if others else matching


def _merit(target: ReleaseCell, cell: StudentCell) -> tuple[bool, bool, bool, int]:
    return (
        cell.canonical not in ("", target.canonical),
        bool(target.names) and target.names <= cell.names,
        cell.id == target.id,
        -cell.position,
    )


def _different(target: ReleaseCell, best: StudentCell, candidates: list[StudentCell]) -> Flag:
    return Flag(
        "duplicate-cell",
        "attention",
        target.grade_id,
        f"{target.grade_id}: expected one such cell, found different ones, "
        f"{ordinals(cell.position for cell in candidates)} of the file. "
        f"{ordinals([best.position]).capitalize()} is taken for the answer; the others stay in "
        "place and run as the student ran them. Look whether the right one counts.",
    )


def _equal(target: ReleaseCell, candidates: list[StudentCell]) -> Flag:
    return Flag(
        "duplicate-cell",
        "info",
        target.grade_id,
        f"{target.grade_id}: {ordinals(cell.position for cell in candidates)} of the file are "
        "copies of one answer, or of the unanswered cell. One is kept; nothing to do.",
    )
