"""Build the notebooks of a lab from its source, and tell where committed ones differ."""

from __future__ import annotations

import gzip
import json
import logging
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from traitlets.config import Config

from autograde.authoring import cells, faults
from autograde.authoring import source as sources
from autograde.errors import DesignedError
from autograde.nbgrader_settings import settings
from autograde.tree import Tree

QUIET_KERNEL = ["--log-level=40"]  # errors only: a kernel's start-up remarks are no news
EXECUTION_TIMEOUT = 600  # seconds a cell; far above any budget, so that a hang ends


@dataclass(frozen=True)
class Built:
    """The two notebooks of a lab as its source says they should be, before execution."""

    lab: str
    solution: NotebookNode
    student: NotebookNode
    source: sources.LabSource


class BuildError(DesignedError):
    """A lab could not be built; the message names the lab, the cell and the error."""


def links(tree: Tree) -> sources.Links:
    """Where the public repository is: ``project.urls.Repository`` of ``pyproject.toml``.

    Raises:
        BuildError: it does not say.
    """
    path = tree.root / "pyproject.toml"
    try:
        return sources.Links(
            tomllib.loads(path.read_text("utf-8"))["project"]["urls"]["Repository"]
        )
    except (OSError, ValueError, KeyError) as error:
        raise BuildError(
            f"{path}: {type(error).__name__}, {error}. The notebooks' links are made from it: it "
            'needs `Repository = "https://github.com/OWNER/REPO"` under [project.urls].'
        ) from None


def parse(tree: Tree, lab: str, language: str = "en") -> sources.LabSource:
    """The lab's parsed source."""
    return sources.parse(lab, faults.text_of(tree.source(lab)), language=language)


def notebook(tree: Tree, source: sources.LabSource) -> NotebookNode:
    """The solution notebook of a parsed source."""
    return sources.notebook(source, links(tree))


def expected(tree: Tree, lab: str, language: str = "en") -> Built:
    """What the source builds to, without running anything of the lab."""
    source = parse(tree, lab, language)
    solution = notebook(tree, source)
    with tempfile.TemporaryDirectory() as folder:
        release_with_nbgrader(lab, solution, Path(folder))
        student = nbformat.read(Path(folder) / "release" / lab / f"{lab}.ipynb", as_version=4)
    return Built(lab, solution, student, source)


def release_with_nbgrader(lab: str, solution: NotebookNode, work: Path) -> None:
    """Make a student notebook, ``work/source`` to ``work/release``, without any gradebook.

    Raises:
        BuildError: nbgrader refuses the notebook.
    """
    config = release_settings(work)
    config.GenerateAssignment.no_database = True
    skipped = [step for step in config.GenerateAssignment.preprocessors if _needs_no_db(step)]
    config.GenerateAssignment.preprocessors = skipped
    generate_assignment(lab, solution, work, config)


def release_settings(work: Path) -> Config:
    """nbgrader's configuration for releasing a lab within ``work``."""
    return settings(work, work, source=work / "source", release=work / "release")


def generate_assignment(lab: str, solution: NotebookNode, work: Path, config: Config) -> None:
    """Run nbgrader's own generate_assignment on a solution notebook.

    Raises:
        BuildError: nbgrader refuses the notebook.
    """
    from nbgrader.apps import NbGraderAPI

    home = work / "source" / lab
    home.mkdir(parents=True, exist_ok=True)
    nbformat.write(solution, home / f"{lab}.ipynb")
    with quiet_nbgrader():
        result = NbGraderAPI(config=config).generate_assignment(lab, force=True)
    if not result["success"]:
        raise BuildError(f"{lab}: nbgrader generate_assignment failed.\n{told(result)}")


def execute(lab: str, notebook: NotebookNode, profile: str = "quick") -> NotebookNode:
    """A copy of the notebook with outputs, run from an empty folder.

    Raises:
        BuildError: a cell fails; names it and shows its error.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbconvert.filters import strip_ansi

    copy = nbformat.from_dict(notebook)
    with tempfile.TemporaryDirectory() as folder, environment(profile):
        client = NotebookClient(
            copy,
            timeout=EXECUTION_TIMEOUT,
            resources={"metadata": {"path": folder}},
            record_timing=False,
            coalesce_streams=True,  # else a busy machine stores other cuts
            extra_arguments=QUIET_KERNEL,
        )
        try:
            client.execute()
        except CellExecutionError as error:
            reason = strip_ansi(str(error))
            raise BuildError(f"{lab}: a cell of the solution notebook fails.\n{reason}") from error
    copy.metadata = nbformat.from_dict(notebook.metadata)  # drop this machine's versions
    return copy


def write(tree: Tree, built: Built, executed: NotebookNode) -> None:
    """Put both notebooks of a lab in their places, and what students' tools know of them."""
    write_cells(tree, built)
    for path, book in (
        (tree.solution(built.lab), executed),
        (tree.student(built.lab), built.student),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(book, path)


def write_cells(tree: Tree, built: Built) -> None:
    """Write what students' tools know of the notebook; it must be there when that is run."""
    path = tree.cells(built.lab)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(cells.text(tree, built.source, built.student), encoding="utf-8")


def differences(tree: Tree, built: Built) -> list[str]:
    """Where the committed notebooks of a lab differ from what the source builds; outputs aside."""
    found = []
    for path, book in (
        (tree.solution(built.lab), built.solution),
        (tree.student(built.lab), built.student),
    ):
        name = path.relative_to(tree.root)
        if not path.is_file():
            found.append(f"{name}: missing")
            continue
        committed = readable(path)
        if committed is None:
            found.append(f"{name}: can't be read")
            continue
        found += [f"{name}: {text}" for text in _cell_differences(committed, book)]
    path, wanted = tree.cells(built.lab), cells.text(tree, built.source, built.student)
    if not path.is_file() or path.read_text(encoding="utf-8") != wanted:
        found.append(f"{path.relative_to(tree.root)}: differs")
    return found


def readable(path: Path) -> NotebookNode | None:
    """A built notebook as it lies there; None where somebody or something has damaged it."""
    try:
        return nbformat.read(path, as_version=4)
    except Exception:  # no JSON, cut off, or JSON of something else
        return None


def without_source(tree: Tree) -> list[str]:
    """Folders of labs whose source is gone: students would be given them all the same."""
    known = set(tree.lab_names())
    return [
        f"{path.relative_to(tree.root)}/ has no source solutions/{path.name}/lab.py any more: "
        "delete it, or bring the source back"
        for top in (tree.labs, tree.notebooks, tree.root / "course" / "labs")
        for path in sorted(top.glob("lab[0-9][0-9]_*"))
        if path.name not in known and any(path.glob("*.*"))
    ]


def old_panels(tree: Tree, lab: str) -> list[str]:
    """Checks of the committed solution whose panel shows other cases than are stored now."""
    path, stored = tree.solution(lab), tree.compiled(lab)
    if not path.is_file() or not stored.is_file():
        return []
    checks = json.loads(gzip.decompress(stored.read_bytes()))["checks"]
    committed = readable(path)
    return [
        f"{path.relative_to(tree.root)}: the panel of {cell.metadata.nbgrader.grade_id} is of "
        "earlier checks"
        for cell in (committed.cells if committed else ())
        if (check := checks.get(cell.metadata.get("nbgrader", {}).get("grade_id")))
        and not _shows(cell, check)
    ]


@contextmanager
def environment(profile: str) -> Iterator[None]:
    """Variables for kernels started inside: the profile, and no progress bars."""
    before = dict(os.environ)
    os.environ.update(COURSE_PROFILE=profile, COURSE_PROGRESS="0")
    os.environ.pop("MPLBACKEND", None)  # a test runner's choice is not the notebook's
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def quiet_nbgrader() -> Iterator[None]:
    """Keep nbgrader's log lines off the terminal; its API returns them with the result."""
    logger = logging.getLogger("traitlets")
    handlers, propagates = logger.handlers[:], logger.propagate
    logger.handlers, logger.propagate = [logging.NullHandler()], False
    try:
        yield
    finally:
        logger.handlers, logger.propagate = handlers, propagates


def told(result: dict[str, str]) -> str:
    """What nbgrader's API says about a failure, its log first.

    Raises:
        KeyboardInterrupt: it was Ctrl-C, which nbgrader keeps for itself.
    """
    if result.get("error", "").rstrip().endswith("\nKeyboardInterrupt"):
        raise KeyboardInterrupt
    return "\n".join(result[key] for key in ("log", "error") if result.get(key))


def _shows(cell: NotebookNode, check: dict[str, Any]) -> bool:
    """Whether a panel has the check's cases, whatever numbers were drawn for them, and then as
    many as grading adds.
    """
    panel = "".join(one.get("data", {}).get("text/html", "") for one in cell.outputs)
    rows = re.findall(r"> \d+ · (.*?)</div>", panel)
    titles = [escape(case["title"]) for case in check["cases"]]
    alike = len(rows) == len(titles) + check.get("extra", [0])[0]
    return alike and all(map(_same_words, rows, titles))


def _same_words(one: str, other: str) -> bool:
    return re.sub(r"[\d.]+", "", one) == re.sub(r"[\d.]+", "", other)


def _needs_no_db(step: Any) -> bool:
    from nbgrader.preprocessors import SaveCells

    return not (isinstance(step, type) and issubclass(step, SaveCells))


def _cell_differences(committed: NotebookNode, wanted: NotebookNode) -> Iterator[str]:
    there = {cell.get("id", ""): cell for cell in committed.cells}
    for cell in wanted.cells:
        found = there.pop(cell["id"], None)
        if found is None:
            yield f"cell {cell['id']} is missing or its text changed ({_first_line(cell)})"
            continue
        for key in ("cell_type", "source", "metadata"):
            if found[key] != cell[key]:
                yield f"cell {cell['id']}: {key} differs ({_first_line(cell)})"
    for name, cell in there.items():
        yield f"cell {name} is not in the source ({_first_line(cell)})"
    if [cell.get("id") for cell in committed.cells] != [cell["id"] for cell in wanted.cells]:
        yield "the order of the cells differs"
    if committed.metadata != wanted.metadata:
        yield "the notebook's metadata differ"


def _first_line(cell: NotebookNode) -> str:
    return (cell.source.strip().split("\n") or [""])[0][:60]
