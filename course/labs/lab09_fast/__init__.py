"""What the notebook of lab 9 imports: its visible checks and its experiments."""

from __future__ import annotations

from course.checks import Checks
from course.labs.lab09_fast import experiments

check = Checks("lab09_fast")

__all__ = ["check", "experiments"]
