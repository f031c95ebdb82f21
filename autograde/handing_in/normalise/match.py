"""Which cell of the student's file is which cell of the release: a visible list of steps.

Each step places some of the release's cells that are still missing on cells of the file that
are still free, from the surest sign (an nbgrader id) to the weakest (the place). What no step
places is missing from the file, and what stays free is the student's own.
"""

from __future__ import annotations

from collections.abc import Callable

from autograde.handing_in.normalise.claims import answers_by_grade_id, locked_by_grade_id
from autograde.handing_in.normalise.parse import StudentCell
from autograde.handing_in.normalise.placements import Matching
from autograde.handing_in.normalise.recover import (
    answers_by_cell_id,
    answers_by_code,
    answers_by_place,
    locked_by_text,
    plain_by_cell_id,
    plain_by_likeness,
    plain_by_text,
)
from autograde.handing_in.normalise.release import Release

STEPS: tuple[Callable[[Matching], Matching], ...] = (
    answers_by_grade_id,
    locked_by_grade_id,
    answers_by_cell_id,
    plain_by_cell_id,
    locked_by_text,
    plain_by_text,
    answers_by_code,
    plain_by_likeness,
    answers_by_place,
)


def match(release: Release, cells: tuple[StudentCell, ...]) -> Matching:
    """Place the release's cells on the student's."""
    matching = Matching(release, cells)
    for step in STEPS:
        matching = step(matching)
    return matching
