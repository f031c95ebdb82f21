"""What the notebook of lab 0 imports: its visible checks and its experiments."""

from __future__ import annotations

from course.checks import Checks
from course.labs.lab00_setup import experiments

check = Checks("lab00_setup")

__all__ = ["check", "experiments"]
