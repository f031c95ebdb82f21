"""What the notebook of lab 7 imports: its visible checks and its experiments."""

from __future__ import annotations

from course.checks import Checks
from course.labs.lab07_summary import experiments

check = Checks("lab07_summary")

__all__ = ["check", "experiments"]
