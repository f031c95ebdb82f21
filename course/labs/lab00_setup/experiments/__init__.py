"""Experiments of lab 0: the ILSVRC record, first trainings, pictures of mistakes."""

from course.labs.lab00_setup.experiments.errors import (
    errors_by_k,
    show_by_class,
    show_errors_by_k,
    surest_mistakes,
    train_kinds,
)
from course.labs.lab00_setup.experiments.history import ilsvrc_history
from course.labs.shared.pages import attempt

__all__ = [
    "attempt",
    "errors_by_k",
    "ilsvrc_history",
    "show_by_class",
    "show_errors_by_k",
    "surest_mistakes",
    "train_kinds",
]
