"""The start page: the labs in order, how far the student is, what to do when something fails."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course import progress as so_far
from course.progress import Overview

FILE = "start_here.ipynb"
INTRODUCTION = """\
# Convolutional networks, hands on

The labs, in their order. Click one to open it. The **core path** has what later labs build on, the
rest is for when you want more; every section and exercise says which it is, and all of them give
points. Times count reading and experiments. In each lab: read, write your answers where a cell says
`raise NotImplementedError`, run the check below, read its panel.

Run the cell below (click it, then Shift+Enter) to count your points again; it reads the notebooks
as you saved them."""
CELL = """\
from course import welcome

welcome.progress()"""
HELP = """\
## When something fails

- **A name is not defined**, or a check says *run the setup cell first*: after a restart the kernel
  knows nothing. Click the cell you are at, then choose **Run**, *Run All Above Selected Cell*.
- **A check is red.** Its panel says what was tried; open its hints one by one. The lines under
  *tried* or *again* can be pasted into a cell of your own (the **+** above).
- **Nothing happens**, a cell shows `[*]` for long: **Kernel**, *Interrupt Kernel*; then *Restart
  Kernel* if that does not help. What you wrote stays.
- **A cell is gone**: **Edit**, *Undo Cell Operation*. A deleted check comes back when you hand in.
- **Something is missing on this machine**: run the first cells of lab 0, which look at it, or in a
  terminal `python -m course preflight`.
- **How far am I?** `course.overview()` in any cell of a lab.

## Handing in

Save (Ctrl+S), then run the last cell of the lab. It says what to fix, and packs one file,
`labNN_…-handin.zip`, beside the notebook: right-click it at the left, *Download*. In a terminal,
`python -m course handin lab04` does the same; with `--run` also in a fresh kernel."""


@dataclass(frozen=True, repr=False)
class Progress:
    """How far each lab is. Shows as a table with links in a notebook, as text elsewhere."""

    labs: tuple[Overview, ...]

    def __str__(self) -> str:
        lines = [_line(one) for one in self.labs]
        lines += [f"{'all':20} {self._hours}"] if lines else []
        return "\n".join(lines) or "no labs are here"

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        head = "| lab | core path | with all | exercises | points by checks | |\n"
        return head + "|---|---|---|---|---|---|\n" + "".join(map(_row, self.labs)) + self._sum

    @property
    def _minutes(self) -> tuple[int, int]:
        """Of the core path, and of everything."""
        facts = [one.facts for one in self.labs]
        return sum(one.core_minutes for one in facts), sum(one.minutes for one in facts)

    @property
    def _hours(self) -> str:
        core, everything = self._minutes
        return f"core path {core / 60:.0f} h of {everything / 60:.0f} h"

    @property
    def _sum(self) -> str:
        core, everything = self._minutes
        return f"| **together** | **{core / 60:.0f} h** | {everything / 60:.0f} h | | | |\n"


def progress(folder: Path | None = None) -> Progress:
    """How far each lab in a folder is, by its notebook as saved.

    Args:
        folder: that has the labs' folders; the current one by default.
    """
    return Progress(tuple(_overviews(folder or Path())))


def notebook(folder: Path) -> dict[str, Any]:
    """The page for the labs in a folder, as a notebook in JSON."""
    found = progress(folder)
    shown = {
        "output_type": "display_data",
        "data": {"text/markdown": found._repr_markdown_(), "text/plain": str(found)},
        "metadata": {},
    }
    cell = {
        "cell_type": "code",
        "id": "progress",
        "metadata": {"jupyter": {"source_hidden": True}},
        "source": CELL,
        "execution_count": None,
        "outputs": [shown],
    }
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return {
        "cells": [_markdown("introduction", INTRODUCTION), cell, _markdown("help", HELP)],
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def write(folder: Path) -> Path | None:
    """Write the page into the folder of the labs.

    Returns:
        Its file; None where nothing may be written.
    """
    path = folder / FILE
    with contextlib.suppress(OSError):
        path.write_text(json.dumps(notebook(folder), indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path if path.is_file() else None


def _overviews(folder: Path) -> Iterator[Overview]:
    from course.progress.table import of

    for lab in so_far.labs():
        path = folder / lab / f"{lab}.ipynb"
        if path.is_file():
            try:
                book = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:  # half written, or damaged: opening it tells
                book = {}
            yield of(so_far.facts(lab), book if isinstance(book, dict) else {}, {})


def _row(one: Overview) -> str:
    facts = one.facts
    link = f"[{facts.number} · {facts.title}]({facts.lab}/{facts.lab}.ipynb)"
    core = f"{facts.core_minutes} min" if facts.core_minutes else "optional"
    about = f"{core} | {facts.minutes} min | {len(facts.exercises)}"
    return f"| {link} | {about} | {_points(one)} | {_state(one)} |\n"


def _line(one: Overview) -> str:
    facts = one.facts
    minutes = f"core {facts.core_minutes:>3} of {facts.minutes:>3} min"
    return f"{facts.lab:20} {minutes}  {_points(one):>10}  {_state(one)}"


def _points(one: Overview) -> str:
    return f"{one.earned:g} of {sum(e.points for e in one.facts.checked):g}"


def _state(one: Overview) -> str:
    if not one.open:
        return "✓ done, hand in"
    if len(one.open) == len(one.rows):
        return "○ not begun"
    begin = "✓ core path done; next" if one.core_done else "next"
    return f"{begin}: {one.next.exercise.label}" if one.next else ""


def _markdown(name: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}
