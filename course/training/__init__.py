"""Train a classifier, measure it, and keep what happened.

The data lie on the device as two tensors, and every step works on a whole batch, so there is no
data loader, no worker process and no copy inside the loop. :mod:`course.training.loop` is the
loop itself, made to be read.
"""

from __future__ import annotations

from course.training import schedules
from course.training.checkpoints import CheckpointError
from course.training.history import Epoch, Evaluation, History, Metric, Runs, StopReason
from course.training.loop import fit
from course.training.measuring import LabelledImages, Loss, evaluate
from course.training.optimisers import MakeOptimizer
from course.training.progress import PROGRESS_VARIABLE, show_progress
from course.training.repeating import repeat
from course.training.schedules import Schedule
from course.training.together import fit_each

__all__ = [
    "PROGRESS_VARIABLE",
    "CheckpointError",
    "Epoch",
    "Evaluation",
    "History",
    "LabelledImages",
    "Loss",
    "MakeOptimizer",
    "Metric",
    "Runs",
    "Schedule",
    "StopReason",
    "evaluate",
    "fit",
    "fit_each",
    "repeat",
    "schedules",
    "show_progress",
]
