"""What the notebook of lab 8 imports: its visible checks and its experiments."""

from __future__ import annotations

from course.checks import Checks
from course.labs.lab08_beyond import experiments

check = Checks("lab08_beyond")

__all__ = ["check", "experiments"]
