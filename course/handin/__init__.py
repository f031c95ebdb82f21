"""Handing in: look at the notebook, repair what is safe, say what is not, pack one file.

``course.hand_in()`` does it in the notebook's last cell, ``python -m course handin lab04`` in a
terminal. Nothing is sent anywhere. Nothing here needs nbgrader.
"""

from __future__ import annotations

from course.handin.archive import HandIn
from course.handin.looking import from_file, from_notebook, notebook_of

__all__ = ["HandIn", "from_file", "from_notebook", "notebook_of"]
