"""Experiments of lab 5: what the 1×1 saves, ledgers, early gradients, small GoogLeNets.

The networks here are made of torchvision's Inception module with a true 5×5, so everything runs
before a single exercise is solved; what needs a student's function says so until it is written.
"""

from course.labs.lab05_inception.experiments.blocks import (
    block_ledger,
    draw_block,
    draw_savings,
    naive_chain,
)
from course.labs.lab05_inception.experiments.class_maps import draw_class_maps
from course.labs.lab05_inception.experiments.gradients import draw_gradients
from course.labs.lab05_inception.experiments.ledgers import classifier_ledger, parameter_ledger
from course.labs.lab05_inception.experiments.networks import DESIGNS
from course.labs.lab05_inception.experiments.races import (
    draw_stored,
    goal,
    race,
    say_first_epochs,
)

__all__ = [
    "DESIGNS",
    "block_ledger",
    "classifier_ledger",
    "draw_block",
    "draw_class_maps",
    "draw_gradients",
    "draw_savings",
    "draw_stored",
    "goal",
    "naive_chain",
    "parameter_ledger",
    "race",
    "say_first_epochs",
]
