"""What the notebook of lab 3 imports: its visible checks and its experiments."""

from __future__ import annotations

from course.checks import Checks
from course.labs.lab03_alexnet import experiments

check = Checks("lab03_alexnet")

__all__ = ["check", "experiments"]
