"""Experiments of lab 1: what activations do to signals and gradients, measured.

Each experiment is a function that measures and, where a picture helps, one that draws. All use
torch's own activations, so they run before a single exercise is solved; only the gallery, the
chains and the memory table look at the student's functions.
"""

from __future__ import annotations

from course.labs.lab01_activations.experiments.chains import draw_chain
from course.labs.lab01_activations.experiments.dead import draw_dead_by_depth, rate_table
from course.labs.lab01_activations.experiments.explorer import explorer
from course.labs.lab01_activations.experiments.fixed_point import draw_fixed_point
from course.labs.lab01_activations.experiments.gallery import gallery
from course.labs.lab01_activations.experiments.grid import draw_grid, init_grid, most_uncertain
from course.labs.lab01_activations.experiments.memory import memory_table
from course.labs.lab01_activations.experiments.stacks import signal_histograms
from course.labs.lab01_activations.experiments.training import (
    Budget,
    accuracy_grid,
    draw_accuracies,
)

__all__ = [
    "Budget",
    "accuracy_grid",
    "draw_accuracies",
    "draw_chain",
    "draw_dead_by_depth",
    "draw_fixed_point",
    "draw_grid",
    "explorer",
    "gallery",
    "init_grid",
    "memory_table",
    "most_uncertain",
    "rate_table",
    "signal_histograms",
]
