"""How far a student is: points by visible checks, and what is open.

The numbers come from two places: what checks found in this kernel, and what they left in the
notebook's file as it was last saved, so that a restart forgets nothing. They are the visible
checks'; grading tries further inputs.

Nothing here needs torch.
"""

from __future__ import annotations

from course.progress.released import Exercise, Facts, NoFacts, facts, labs
from course.progress.saved import CHECK_MIME, Result, bundle
from course.progress.table import Overview, missing_setup, noted, overview

__all__ = [
    "CHECK_MIME",
    "Exercise",
    "Facts",
    "NoFacts",
    "Overview",
    "Result",
    "bundle",
    "facts",
    "labs",
    "missing_setup",
    "noted",
    "overview",
]
