"""Experiments of lab 9: a ladder of ideas from a plain training to 94 per cent of CIFAR-10.

On a CPU the network is narrow and its images are few and small; what needs a student's function
says so until it is written.
"""

from course.labs.lab09_fast.experiments.drawing import draw_augmented, draw_filters, draw_schedule
from course.labs.lab09_fast.experiments.ladder import Ladder, race
from course.labs.lab09_fast.experiments.measured import draw_ladder
from course.labs.lab09_fast.experiments.networks import network, pictures

__all__ = [
    "Ladder",
    "draw_augmented",
    "draw_filters",
    "draw_ladder",
    "draw_schedule",
    "network",
    "pictures",
    "race",
]
