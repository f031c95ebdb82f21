"""What the notebook of lab 5 imports: its visible checks, its experiments, the paper's table."""

from __future__ import annotations

from course.checks import Checks
from course.labs.lab05_inception import experiments
from course.labs.lab05_inception.paper import TABLE, Spec

check = Checks("lab05_inception")

__all__ = ["TABLE", "Spec", "check", "experiments"]
