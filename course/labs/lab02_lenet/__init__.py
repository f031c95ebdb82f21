"""What the notebook of lab 2 imports: its visible checks and its experiments."""

from __future__ import annotations

from course.checks import Checks
from course.labs.lab02_lenet import experiments

check = Checks("lab02_lenet")

__all__ = ["check", "experiments"]
