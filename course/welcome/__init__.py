"""The start page of the labs, and JupyterLab opened at it: ``python -m course start``.

The page is a notebook that is written when JupyterLab is opened, with its table already shown, so
it is never older than the labs beside it. Running its one cell counts the points again.
"""

from __future__ import annotations

from course.welcome.page import Progress, progress, write
from course.welcome.server import open_labs

__all__ = ["Progress", "open_labs", "progress", "write"]
