"""Experiments of lab 4: measured receptive fields, where VGG's cost sits, small VGGs trained.

The networks here are torchvision's, or plain stacks of torch's layers, so everything runs before
a single exercise is solved; what needs a student's function says so until it is written.
"""

from course.labs.lab04_vgg.experiments.cost import compare_totals, draw_stages
from course.labs.lab04_vgg.experiments.fields import draw_fields
from course.labs.lab04_vgg.experiments.ledgers import parameter_ledger, score_ledger
from course.labs.lab04_vgg.experiments.normalising import compare_batch_norm, compare_gradients
from course.labs.lab04_vgg.experiments.races import draw_stored
from course.labs.lab04_vgg.experiments.score_map import draw_map
from course.labs.lab04_vgg.experiments.small import Budget, race, start_table

__all__ = [
    "Budget",
    "compare_batch_norm",
    "compare_gradients",
    "compare_totals",
    "draw_fields",
    "draw_map",
    "draw_stages",
    "draw_stored",
    "parameter_ledger",
    "race",
    "score_ledger",
    "start_table",
]
