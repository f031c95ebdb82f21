"""Experiments of lab 6: gradients through plain and residual stacks, degradation, Jacobians."""

from course.labs.lab06_resnet.experiments.combinations import (
    HE_START,
    TORCH_START,
    draw_combinations,
    print_ratios,
)
from course.labs.lab06_resnet.experiments.degradation import Budget, draw_degradation, race
from course.labs.lab06_resnet.experiments.explorer import explorer
from course.labs.lab06_resnet.experiments.gradients import (
    draw_gradients,
    draw_stored_gradients,
    print_vanished,
)
from course.labs.lab06_resnet.experiments.law import draw_law
from course.labs.lab06_resnet.experiments.ledgers import parameter_ledger, score_ledger
from course.labs.lab06_resnet.experiments.photographs import classify
from course.labs.lab06_resnet.experiments.scales import draw_scales, start_table
from course.labs.lab06_resnet.experiments.shattered import draw_shattered, slopes_on_a_line

__all__ = [
    "HE_START",
    "TORCH_START",
    "Budget",
    "classify",
    "draw_combinations",
    "draw_degradation",
    "draw_gradients",
    "draw_law",
    "draw_scales",
    "draw_shattered",
    "draw_stored_gradients",
    "explorer",
    "parameter_ledger",
    "print_ratios",
    "print_vanished",
    "race",
    "score_ledger",
    "slopes_on_a_line",
    "start_table",
]
