"""What the notebook of lab 6 imports: its visible checks and its experiments."""

from __future__ import annotations

from course.checks import Checks
from course.labs.lab06_resnet import experiments

check = Checks("lab06_resnet")

__all__ = ["check", "experiments"]
