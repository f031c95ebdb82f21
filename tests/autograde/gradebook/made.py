"""A gradebook of any size, of nbgrader's own making."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from autograde.gradebook import scores
from autograde.nbgrader_settings import at_once

LAB = "lab01_activations"
DUE = datetime(2026, 10, 1, 10, tzinfo=UTC)
CELLS = ("one", "two", "three")


def a_class(folder: Path, size: int) -> Path:
    """A gradebook with students, each an hour late and with half of the points."""
    folder.mkdir()
    path = folder / "gradebook.db"
    with scores.opened(path) as book:
        book.add_assignment(LAB, duedate=DUE.replace(tzinfo=None))
        book.add_notebook(LAB, LAB)
        for name in CELLS:
            book.add_grade_cell(name, LAB, LAB, max_score=4, cell_type="code")
            book.add_solution_cell(f"{name}_answer", LAB, LAB)
        when = (DUE + timedelta(hours=1)).replace(tzinfo=None)
        with at_once(book.db), book.db.no_autoflush:
            for number in range(size):
                book.add_student(f"s{number:03}")
                book.db.flush()
                book.add_submission(LAB, f"s{number:03}").timestamp = when
        for submission in book.assignment_submissions(LAB):
            for grade in submission.notebooks[0].grades:
                grade.auto_score = 2
        book.db.commit()
    return path
