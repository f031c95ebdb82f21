"""Experiments of lab 7: five families of networks side by side, and a look at a sick program."""

from course.labs.lab07_summary.experiments.comparison import (
    draw_bubbles,
    family_table,
    front_of_families,
)
from course.labs.lab07_summary.experiments.history import draw_history, history_intervals
from course.labs.lab07_summary.experiments.program import (
    examine,
    first_sight,
    healthy,
    one_bug_left,
    take_program,
)
from course.labs.lab07_summary.experiments.race import Budget, few_threads, race

__all__ = [
    "Budget",
    "draw_bubbles",
    "draw_history",
    "examine",
    "family_table",
    "few_threads",
    "first_sight",
    "front_of_families",
    "healthy",
    "history_intervals",
    "one_bug_left",
    "race",
    "take_program",
]
