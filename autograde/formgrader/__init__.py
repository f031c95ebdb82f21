"""nbgrader's formgrader, where a person marks: ``autograde mark LAB``.

Its pages, scripts and gradebook are nbgrader's own. What is ours stands around them: the model
answer beside each question, a server that can run no notebook, buttons that say which command to
use, and a policy under which no script of a student's would run.
"""

from __future__ import annotations

from autograde.formgrader.server import ServerError, server

__all__ = ["ServerError", "server"]
