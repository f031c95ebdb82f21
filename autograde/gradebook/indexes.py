"""Indexes that nbgrader's database lacks: without them each student costs a look at all others."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from autograde.gradebook.sound import PATIENCE

COLUMNS = (
    ("grade", "notebook_id"),
    ("comment", "notebook_id"),
    ("submitted_notebook", "assignment_id"),
    ("submitted_assignment", "student_id"),
)
"""By what nbgrader looks for rows; its own indexes begin with the other column of each pair."""


def add(path: Path) -> None:
    """Give a gradebook what it lacks of them; a database without is slower, and nothing else."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=PATIENCE)) as base:
        there = {name for (name,) in base.execute("SELECT name FROM sqlite_master")}
        for table, column in COLUMNS:
            if (name := f"by_{table}_{column}") not in there:
                base.execute(f"CREATE INDEX {name} ON {table} ({column})")
        base.commit()
