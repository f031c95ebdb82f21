"""What the notebook of lab 1 imports: its visible checks and its experiments."""

from __future__ import annotations

from course.checks import Checks
from course.labs.lab01_activations import experiments

check = Checks("lab01_activations")

__all__ = ["check", "experiments"]
