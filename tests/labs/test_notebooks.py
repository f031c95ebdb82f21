"""Committed notebooks as they lie there: what they show is what they must."""

from __future__ import annotations

import nbformat
import pytest

from autograde.authoring import verify
from autograde.tree import find

TREE = find()


@pytest.mark.parametrize("lab", TREE.lab_names())
def test_has_every_check_of_a_stored_solution_full_points(lab: str) -> None:
    book = nbformat.read(TREE.solution(lab), as_version=4)
    assert verify.complaint(book, full=True) == ("", "")


@pytest.mark.parametrize("lab", TREE.lab_names())
def test_has_a_student_notebook_no_outputs(lab: str) -> None:
    book = nbformat.read(TREE.student(lab), as_version=4)
    assert not [cell.id for cell in book.cells if cell.cell_type == "code" and cell.outputs]
