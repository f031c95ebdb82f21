"""Run every notebook from top to bottom with papermill, and see that the checks say what they
must: full points in a solution and in a right sample, none in an untouched student notebook.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Literal, TypeVar

import nbformat
from nbformat import NotebookNode

from autograde.authoring import samples
from autograde.authoring.build import EXECUTION_TIMEOUT, QUIET_KERNEL, environment
from autograde.tree import Tree
from course.progress import CHECK_MIME

MAY_FAIL = "raises-exception"
"""Jupyter's tag of cells whose errors stop nothing."""


@dataclass(frozen=True)
class Run:
    """How one notebook ran.

    ``trouble`` is empty when all is well; else it names the cell, shows its source and error.
    """

    name: str
    seconds: float
    trouble: str = ""
    source: str = ""


Side = Literal["solution", "student", "samples"]
OnRun = Callable[[Run], None]


@dataclass(frozen=True)
class Job:
    """A notebook to run."""

    name: str
    path: Path
    side: Side


def notebooks(
    tree: Tree, labs: Iterable[str], only: Side | None, share: float, scratch: Path
) -> list[Job]:
    """Solution and student notebooks of the labs, or what their right samples hand in.

    Args:
        tree: the course.
        labs: the labs.
        only: one side; without it solutions and students' notebooks.
        share: of each lab's right samples, the same ones every time; one at least.
        scratch: an empty folder, where samples are written.
    """
    found = []
    for lab in labs:
        if only in (None, "solution"):
            found.append(Job(f"{lab} solution", tree.solution(lab), "solution"))
        if only in (None, "student"):
            found.append(Job(f"{lab} student", tree.student(lab), "student"))
        if only == "samples":
            found += _right_samples(tree, lab, share, scratch / lab)
    return found


def _right_samples(tree: Tree, lab: str, share: float, folder: Path) -> list[Job]:
    """Samples with full points, but for the reference, which is the solution, and for those that
    spoil the setup cell, which the engine alone repairs.
    """
    several = [
        one
        for one in samples.load(tree.samples(lab))
        if one.outcome == "full" and (one.answers or one.edits) and "setup" not in one.answers
    ]
    chosen = every(several, share)
    samples.hand_in(chosen, tree, lab, folder)
    return [
        Job(f"{lab} {one.name}", folder / one.name / lab / f"{lab}.ipynb", "samples")
        for one in chosen
    ]


T = TypeVar("T")


def every(found: Sequence[T], share: float) -> list[T]:
    """A share of them, evenly spread, one at least."""
    some = [one for at, one in enumerate(found) if int((at + 1) * share) > int(at * share)]
    return some or list(found[:1])


def verify(
    tree: Tree,
    labs: list[str],
    profile: str,
    jobs: int = 1,
    on_run: OnRun | None = None,
    only: Side | None = None,
    share: float = 1.0,
) -> list[Run]:
    """Run the notebooks, ``jobs`` at a time; results in the notebooks' order.

    Each has a process of its own: papermill changes directory and environment globally.

    Args:
        tree: the course.
        labs: the labs.
        profile: ``quick`` or ``full``.
        jobs: notebooks at a time.
        on_run: is called with each result.
        only: see :func:`notebooks`.
        share: see :func:`notebooks`.
    """
    runs = []
    with (
        tempfile.TemporaryDirectory() as scratch,
        ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool,
    ):
        found = notebooks(tree, labs, only, share, Path(scratch))
        for run in pool.map(partial(_run, profile=profile), found):
            runs.append(run)
            if on_run:
                on_run(run)
    return runs


def _run(job: Job, profile: str) -> Run:
    import papermill
    from papermill.exceptions import PapermillExecutionError

    name, path = job.name, job.path
    if not path.is_file():
        return Run(name, 0.0, f"{path} is missing: run `autograde build`")
    if job.side == "samples":
        _allow_own_errors(path)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, environment(profile):
        out = Path(folder) / "out.ipynb"
        try:
            papermill.execute_notebook(
                str(path),
                str(out),
                parameters={"PROFILE": profile},
                kernel_name="python3",
                progress_bar=False,
                cwd=folder,
                execution_timeout=EXECUTION_TIMEOUT,
                extra_arguments=QUIET_KERNEL,
            )
        except PapermillExecutionError as error:
            if not _only_own(nbformat.read(out, as_version=4)):
                trouble = f"cell {error.cell_index}: {error.ename}: {error.evalue}"
                return Run(name, time.monotonic() - begun, trouble, error.source)
        except Exception as error:  # a dead kernel, a hanging cell, an unreadable file
            return Run(name, time.monotonic() - begun, f"{type(error).__name__}: {error}")
        book = nbformat.read(out, as_version=4)
    seconds = time.monotonic() - begun
    full, quiet = job.side != "student", job.side != "samples"
    return Run(name, seconds, *complaint(book, full=full, quiet=quiet))


def _allow_own_errors(path: Path) -> None:
    """Cells of the student's own may fail; all of ours must run."""
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        answer = cell.metadata.get("nbgrader", {}).get("solution")
        if answer or cell.get("id", "").startswith(samples.OWN):
            cell.metadata["tags"] = [*cell.metadata.get("tags", ()), MAY_FAIL]
    nbformat.write(book, path)


def _only_own(book: NotebookNode) -> bool:
    """Whether no cell failed but the student's own."""
    failed = [
        cell
        for cell in book.cells
        if any(output.output_type == "error" for output in cell.get("outputs", ()))
    ]
    return bool(failed) and all(MAY_FAIL in cell.metadata.get("tags", ()) for cell in failed)


def complaint(book: NotebookNode, *, full: bool, quiet: bool = True) -> tuple[str, str]:
    """What is wrong in a notebook that ran: points that should not be, or noise on stderr."""
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            if quiet and output.output_type == "stream" and output.name == "stderr":
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
            data = nbformat.from_dict(output).data
            shown = data.get(CHECK_MIME)  # of a visible check; a hidden one's text is its points
            return float(shown["earned"] if shown else data["text/plain"])
    return None
