"""Run every notebook from top to bottom with papermill, and see that the checks say what they
must: full points in a solution, none in an untouched student notebook.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import nbformat
from nbformat import NotebookNode

from autograde.authoring.build import EXECUTION_TIMEOUT, QUIET_KERNEL, environment
from autograde.tree import Tree


@dataclass(frozen=True)
class Run:
    """How one notebook ran.

    ``trouble`` is empty when all is well; else it names the cell, shows its source and error.
    """

    name: str
    seconds: float
    trouble: str = ""
    source: str = ""


Side = Literal["solution", "student"]
OnRun = Callable[[Run], None]


def notebooks(tree: Tree, labs: Iterable[str], only: Side | None = None) -> list[tuple[str, Path]]:
    """Solution and student notebooks of the labs, each with the name that reports use."""
    sides: dict[Side, Callable[[str], Path]] = {"solution": tree.solution, "student": tree.student}
    return [
        (f"{lab} {side}", place(lab))
        for lab in labs
        for side, place in sides.items()
        if only in (None, side)
    ]


def verify(
    tree: Tree,
    labs: list[str],
    profile: str,
    jobs: int = 1,
    on_run: OnRun | None = None,
    only: Side | None = None,
) -> list[Run]:
    """Run the notebooks, ``jobs`` at a time; results in the notebooks' order.

    Each has a process of its own: papermill changes directory and environment globally.
    """
    names, paths = zip(*notebooks(tree, labs, only), strict=True)
    runs = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for run in pool.map(_run, names, paths, repeat(profile)):
            runs.append(run)
            if on_run:
                on_run(run)
    return runs


def _run(name: str, path: Path, profile: str) -> Run:
    import papermill
    from papermill.exceptions import PapermillExecutionError

    if not path.is_file():
        return Run(name, 0.0, f"{path} is missing: run `autograde build`")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, environment(profile):
        try:
            book = papermill.execute_notebook(
                str(path),
                str(Path(folder) / "out.ipynb"),
                parameters={"PROFILE": profile},
                kernel_name="python3",
                progress_bar=False,
                cwd=folder,
                execution_timeout=EXECUTION_TIMEOUT,
                extra_arguments=QUIET_KERNEL,
            )
        except PapermillExecutionError as error:
            trouble = f"cell {error.cell_index}: {error.ename}: {error.evalue}"
            return Run(name, time.monotonic() - begun, trouble, error.source)
        except Exception as error:  # a dead kernel, a hanging cell, an unreadable file
            return Run(name, time.monotonic() - begun, f"{type(error).__name__}: {error}")
    seconds = time.monotonic() - begun
    return Run(name, seconds, *complaint(book, full="solution" in name))


def complaint(book: NotebookNode, *, full: bool) -> tuple[str, str]:
    """What is wrong in a notebook that ran: noise on stderr, or points that should not be."""
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                return f"cell {cell.id} writes to stderr: {output.text.strip()[:300]}", cell.source
        marks = cell.metadata.get("nbgrader", {})
        if not marks.get("grade"):
            continue
        wanted = float(marks["points"]) if full else 0.0
        if (found := _points(cell)) != wanted:
            return f"check {marks['grade_id']} gives {found} points, not {wanted:g}", cell.source
    return "", ""


def _points(cell: NotebookNode) -> float | None:
    for output in cell.outputs:
        if output.output_type == "execute_result":
            return float(nbformat.from_dict(output).data["text/plain"])
    return None
