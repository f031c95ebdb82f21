"""Experiments of lab 2: convolution against full connection, measured; pictures of LeNet.

Networks of the student's are used where they are written; stand-ins take their places elsewhere.
"""

from course.labs.lab02_lenet.experiments.codes import (
    clothes_codes,
    code_distances,
    draw_codes,
    draw_connections,
)
from course.labs.lab02_lenet.experiments.convolution import draw_kernels, shift_test
from course.labs.lab02_lenet.experiments.feature_maps import draw_feature_maps
from course.labs.lab02_lenet.experiments.networks import lenet_of, perceptron
from course.labs.lab02_lenet.experiments.one_batch import draw_one_batch
from course.labs.lab02_lenet.experiments.shifts import draw_shifts
from course.labs.lab02_lenet.experiments.studies import (
    Budget,
    inputs,
    lenet5_run,
    recorded_table,
    study,
    study_table,
)

__all__ = [
    "Budget",
    "clothes_codes",
    "code_distances",
    "draw_codes",
    "draw_connections",
    "draw_feature_maps",
    "draw_kernels",
    "draw_one_batch",
    "draw_shifts",
    "inputs",
    "lenet5_run",
    "lenet_of",
    "perceptron",
    "recorded_table",
    "shift_test",
    "study",
    "study_table",
]
