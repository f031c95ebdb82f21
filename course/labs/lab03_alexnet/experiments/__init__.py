"""Experiments of lab 3: ReLU against tanh, what AlexNet's parts do, first-layer filters."""

from course.labs.lab03_alexnet.experiments.counting import differences, draw_budget, ledger
from course.labs.lab03_alexnet.experiments.figure1 import (
    Race,
    draw_race,
    race,
    saturation,
    say_race,
    show_stored_race,
)
from course.labs.lab03_alexnet.experiments.filters import (
    draw_filters,
    say_groups,
    stored_filters,
)
from course.labs.lab03_alexnet.experiments.overlap import gap_at, say_overlap
from course.labs.lab03_alexnet.experiments.parts import (
    colour_directions,
    draw_lighting,
    draw_masks,
    draw_normalised,
    say_lighting,
)
from course.labs.lab03_alexnet.experiments.results import stored
from course.labs.lab03_alexnet.experiments.small import (
    Design,
    Lesson,
    draw_scores,
    flip_and_crop,
    say_scores,
    small_alexnet,
    stored_scores,
)

__all__ = [
    "Design",
    "Lesson",
    "Race",
    "colour_directions",
    "differences",
    "draw_budget",
    "draw_filters",
    "draw_lighting",
    "draw_masks",
    "draw_normalised",
    "draw_race",
    "draw_scores",
    "flip_and_crop",
    "gap_at",
    "ledger",
    "race",
    "saturation",
    "say_groups",
    "say_lighting",
    "say_overlap",
    "say_race",
    "say_scores",
    "show_stored_race",
    "small_alexnet",
    "stored",
    "stored_filters",
    "stored_scores",
]
