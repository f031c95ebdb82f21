"""Run the notebook from top to bottom in a fresh kernel, as grading will, and compare."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import course
from course.preflight import Line
from course.progress import Facts, saved
from course.progress.saved import Result

PATIENCE = 600  # seconds for one cell
MOST = 4  # cells that are named
OWN = re.compile(r"\bcourse\.(hand_in|overview)\(")
ANSI = re.compile(r"\x1b\[[0-9;]*m")
BY_HAND = "Kernel, Restart Kernel and Run All Cells"
QUICK = {"COURSE_PROFILE": "quick", "COURSE_PROGRESS": "0", "COURSE_OFFLINE": "1"}


@dataclass(frozen=True)
class Fresh:
    """What a fresh kernel gave: what there is to say, and what its checks found."""

    lines: tuple[Line, ...]
    results: Mapping[str, Result] = field(default_factory=dict)


def rerun(
    book: Mapping[str, Any],
    facts: Facts,
    files: Mapping[str, bytes],
    tell: Callable[[str], None] = print,
) -> Fresh:
    """What differs in a fresh kernel. Profile ``quick``, nothing is downloaded.

    Args:
        book: the notebook.
        facts: of its lab.
        files: beside it, by name.
        tell: is told what happens, since it takes a minute.
    """
    try:
        ran = executed(book, files, tell)
    except NotRun as error:
        return Fresh((error.line,))
    return Fresh(tuple(_compared(saved.results(book), ran, facts)), _judged(ran, facts))


def _judged(book: Any, facts: Facts) -> dict[str, Result]:
    """What the checks found; an answer that was run and defines nothing to check is not right."""
    written = saved.written(book, facts)
    return {
        name: replace(one, outcome="failed")
        if one.outcome == "skipped" and written.get(name)
        else one
        for name, one in saved.results(book).items()
    }


class NotRun(Exception):
    """The notebook did not come to its end; ``line`` says why."""

    def __init__(self, line: Line) -> None:
        super().__init__(line.found)
        self.line = line


def executed(
    book: Mapping[str, Any],
    files: Mapping[str, bytes],
    tell: Callable[[str], None] = print,
    without: str = "",
) -> Any:
    """A copy of the notebook, run in a fresh kernel.

    Args:
        book: the notebook.
        files: beside it, by name.
        tell: is told what happens, since it takes a minute.
        without: a tag; cells that have it are not run.

    Raises:
        NotRun: nbclient is not installed, or the kernel does not come to the end.
    """
    try:
        from nbclient import NotebookClient
    except ImportError:
        advice = (
            f"In the notebook, choose {BY_HAND}: the same by hand. On Colab it is Runtime, Restart "
            "session and run all. Or install it: `pip install nbclient`."
        )
        told = "not tried: nbclient is not installed here"
        raise NotRun(Line("fresh kernel", "warn", told, advice)) from None
    tell("running the notebook in a fresh kernel, about a minute …")
    copy = _runnable(book)
    copy.cells = [cell for cell in copy.cells if without not in cell.metadata.get("tags", ())]
    with tempfile.TemporaryDirectory() as folder, _environment():
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        client = NotebookClient(
            copy,
            timeout=PATIENCE,
            kernel_name="python3",
            allow_errors=True,
            resources={"metadata": {"path": folder}},
            extra_arguments=["--log-level=40"],
        )
        try:
            client.execute()
        except Exception as error:  # a kernel that does not start, dies, or hangs
            found = f"stopped: {type(error).__name__}: {str(error).splitlines()[0][:200]}"
            advice = f"Choose {BY_HAND} in the notebook and see which cell does not come to an end."
            raise NotRun(Line("fresh kernel", "fail", found, advice)) from None
    return copy


def _runnable(book: Mapping[str, Any]) -> Any:
    import nbformat

    copy = deepcopy(dict(book))
    copy.setdefault("metadata", {})
    copy["cells"] = [cell for cell in saved.cells(copy) if not OWN.search(saved.source(cell))]
    node = nbformat.from_dict(copy)
    for cell in node.cells:
        cell.source = saved.joined(cell.get("source"))
        cell.setdefault("metadata", nbformat.from_dict({}))
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return node


@contextmanager
def _environment() -> Iterator[None]:
    before = dict(os.environ)
    home = str(Path(course.__file__).parents[1])
    path = os.pathsep.join(filter(None, (home, before.get("PYTHONPATH", ""))))
    os.environ.update(QUICK, PYTHONPATH=path)
    for name in ("JPY_SESSION_NAME", "MPLBACKEND"):
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _compared(before: Mapping[str, Result], book: Any, facts: Facts) -> Iterator[Line]:
    after, found = saved.results(book), list[Line]()
    for cell in book.cells:
        for output in saved.outputs(cell):
            if output.get("output_type") == "error":
                found.append(_stopped(cell, output, facts))
    yield from found[:MOST]
    if len(found) > MOST:
        more = f"{len(found) - MOST} more cells stop"
        yield Line("fresh kernel", "fail", more, "Mend the first one; the others may follow.")
    lost = [
        f"{exercise.label} ({after[exercise.name].earned:g} instead of {result.earned:g})"
        for exercise in facts.checked
        if (result := before.get(exercise.name)) and exercise.name in after
        if after[exercise.name].earned < result.earned - 0.005
    ]
    if lost:
        advice = (
            f"They lean on something that was run and is gone, or changed since. Choose {BY_HAND}, "
            "and look at the first of them."
        )
        yield Line("fresh kernel", "fail", f"fewer points: {', '.join(lost)}", advice)
    if not found and not lost:
        earned = sum(one.earned for one in after.values())
        told = f"runs from top to bottom, {earned:g} points by checks"
        yield Line("fresh kernel", "ok", told)


def _stopped(cell: Any, output: Mapping[str, Any], facts: Facts) -> Line:
    first = next(iter(saved.source(cell).strip().splitlines()), "")[:60]
    value = ANSI.sub("", saved.joined(output.get("evalue"))).split("\n")[0][:120]
    found = f"the cell that begins with `{first}` stops: {output.get('ename')}: {value}"
    if output.get("ename") == "NotImplementedError":
        return Line("fresh kernel", "warn", found, "It waits for an exercise that is open.")
    advice = "Run what it needs above it, or put it right; then save and hand in again."
    return Line("fresh kernel", "fail", found, advice)
