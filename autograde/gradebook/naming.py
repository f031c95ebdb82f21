"""How a graded cell is called where an assignment may have several notebooks."""

from __future__ import annotations


def named(assignment: str, notebook: str, cell: str) -> str:
    """The cell's own name where the notebook is called like its assignment, as every lab's is;
    else with the notebook's before it: names of cells are unique in one notebook only.
    """
    return cell if notebook == assignment else f"{notebook}/{cell}"
