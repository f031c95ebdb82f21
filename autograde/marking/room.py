"""What is kept of a notebook's outputs: as much as has room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nbformat
from nbformat import NotebookNode

OUTPUT_BYTES = 32 << 20  # all outputs of a notebook together
CUT = "[the outputs of this notebook are longer than what is kept; the rest is cut]"


class Room:
    """For the outputs of one notebook."""

    def __init__(self) -> None:
        self._left = OUTPUT_BYTES

    def kept(self, outputs: Sequence[dict[str, Any]]) -> list[NotebookNode]:
        """The outputs of a cell, as long as the notebook's share lasts."""
        self._left -= sum(len(repr(output)) for output in outputs)
        if self._left >= 0:
            return [nbformat.from_dict(output) for output in outputs]
        return [nbformat.v4.new_output("stream", name="stderr", text=CUT)] if outputs else []


def stopped(status: str, message: str) -> NotebookNode:
    """What a reader of the notebook sees where a cell was stopped."""
    ename = {"timeout": "Timeout", "limit": "LimitExceeded"}.get(status, "Crashed")
    told = f"{ename}: this cell {message}"
    return nbformat.v4.new_output("error", ename=ename, evalue=message, traceback=[told])
