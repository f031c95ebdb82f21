"""What the notebook of lab 4 imports: its visible checks and its experiments."""

from __future__ import annotations

from course.checks import Checks
from course.labs.lab04_vgg import experiments

check = Checks("lab04_vgg")

__all__ = ["check", "experiments"]
