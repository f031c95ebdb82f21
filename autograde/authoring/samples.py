"""Sample submissions: small overrides of the reference, grown into whole notebooks.

A sample is a percent script in ``solutions/LAB/samples/``. Its file name says what must come
out, ``NAME--OUTCOME.py``: ``full``, ``zero``, ``ungradable``, or ``loses-EXERCISE[-EXERCISE…]``.
Its header has the details, and its cells the answers that differ from the reference:
docs/authoring.md has a table of both.

A ``.ipynb`` beside them is handed in byte for byte: for cases where the file itself is the case.
Its ``metadata.sample`` is the header.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import yaml
from nbformat import NotebookNode

from autograde.authoring import faults
from autograde.authoring.build import expected
from autograde.authoring.changes import changed
from autograde.authoring.source import LabSource
from autograde.errors import DesignedError
from autograde.tree import Tree

OWN = "own-before-"
"""How the id of a cell of the student's own begins."""

HEADER = ("says", "points", "mistakes", "flags", "edits", "files")
"""What the header of a sample can say."""
TAGS = ("exercise", "change", "before", "copy")
"""What a cell of a sample can be tagged with."""

PLAIN = re.compile(r"\w[\w. ()-]*")
OUTCOME = re.compile(r"(?P<name>[\w-]+?)--(?P<outcome>full|zero|ungradable|loses-[\w-]+)")


class SampleError(DesignedError):
    """A sample breaks the format; the message names the file and what was expected."""


@dataclass(frozen=True)
class Sample:
    """One sample submission and what grading must say of it."""

    name: str
    outcome: str
    path: Path
    says: str = ""
    points: dict[str, float] = field(default_factory=dict)
    mistakes: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    files: dict[str, Path] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    changes: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)


def load(folder: Path) -> list[Sample]:
    """All samples of a folder, by name.

    Raises:
        SampleError: a file name or header breaks the format.
    """
    return [read(path) for path in paths(folder)]


def paths(folder: Path) -> list[Path]:
    """The files of all samples of a folder, unread; none, where there is no folder."""
    return sorted(path for path in folder.glob("*") if path.suffix in (".py", ".ipynb"))


def hand_in(samples: list[Sample], tree: Tree, lab: str, folder: Path) -> None:
    """Write each sample as ``folder/NAME/LAB/LAB.ipynb``, nbgrader's layout, and its files."""
    built = expected(tree, lab)
    for sample in samples:
        _fits(sample, built.source)
    for sample in samples:
        home = folder / sample.name / lab
        home.mkdir(parents=True)
        data = _raw(sample, built.solution, built.student)
        if data is None:  # the case is a folder where the file should be
            (home / f"{lab}.ipynb").mkdir()
        else:
            (home / f"{lab}.ipynb").write_bytes(data)
        for name, path in sample.files.items():
            shutil.copyfile(path, home / name)


def answered(solution: NotebookNode, student: NotebookNode) -> NotebookNode:
    """The student notebook with the reference's answers filled in."""
    answers = {cell["id"]: cell.source for cell in solution.cells if _is_answer(cell)}
    book = nbformat.from_dict(student)
    for cell in book.cells:
        if cell["id"] in answers:
            cell.source = _without_marks(answers[cell["id"]])
    return book


def _raw(sample: Sample, solution: NotebookNode, student: NotebookNode) -> bytes | None:
    if sample.path.suffix == ".ipynb":
        return sample.path.read_bytes()
    blank = sample.outcome == "zero" and not sample.answers and not sample.edits
    book = nbformat.from_dict(student) if blank else answered(solution, student)
    cells: list[NotebookNode] = []
    for cell in book.cells:
        name = _answers(cell)
        if name in sample.answers:
            cell.source = sample.answers[name] or _source_of(student, cell["id"])
        if name in sample.changes:
            cell.source = changed(cell.source, sample.changes[name])
        if name in sample.before:
            own = nbformat.v4.new_code_cell(sample.before[name], id=f"{OWN}{name}")
            cells.append(own)
        cells.append(cell)
        if name in sample.copies:
            cells.append(cell | {"id": f"copy-of-{name}", "source": sample.copies[name]})
    book.cells = cells
    return _edited(book, sample)


def _edited(book: NotebookNode, sample: Sample) -> bytes | None:
    if "folder" in sample.edits:
        return None
    if "empty" in sample.edits:
        return b""
    if "huge" in sample.edits:
        book.cells[0].source += "x" * 30_000_000
    for edit in sample.edits:
        name, _, cell = edit.partition(":")
        if name not in EDITS:
            raise SampleError(f"{sample.path}: unknown edit {edit!r}; there are {sorted(EDITS)}")
        book = EDITS[name](book, cell)
    data = json.dumps(book, ensure_ascii=False, indent=1).encode()
    return data[: len(data) // 2] if "truncated" in sample.edits else data


def read(path: Path) -> Sample:
    """One sample.

    Raises:
        SampleError: its name or header breaks the format.
    """
    match = OUTCOME.fullmatch(path.stem)
    if not match:
        raise SampleError(
            f"{path}: expected a name such as no-lambda--loses-selu.py, which says what comes out"
        )
    if path.suffix == ".ipynb":
        about, cells = _header_of_notebook(path), []
    else:
        book = _script(path)
        about, cells = book.metadata.get("sample", {}), book.cells
        _known(path, about, cells)
    sample = Sample(
        match["name"],
        match["outcome"],
        path,
        about.get("says", ""),
        dict(about.get("points", {})),
        dict(about.get("mistakes", {})),
        tuple(about.get("flags", ())),
        tuple(about.get("edits", ())),
        _files(path, about.get("files", "")),
        _tagged(cells, "exercise"),
        _tagged(cells, "change"),
        _tagged(cells, "before"),
        _tagged(cells, "copy"),
    )
    return _consistent(sample)


def _fits(sample: Sample, source: LabSource) -> None:
    """See that what a sample names is there: what is misspelt would change nothing."""
    most = {one.name: one.points for one in source.exercises}
    cells = {*sample.answers, *sample.changes, *sample.before, *sample.copies} - {"setup"}
    for name in sorted({*sample.points, *sample.mistakes, *cells}):
        if name not in most:
            raise SampleError(
                f"{sample.path}: {source.lab} has no exercise {name!r}. "
                f"{faults.like(name, most)}Correct the name."
            )
    for name, points in sample.points.items():
        if not isinstance(points, int | float) or not 0 <= points <= most[name]:
            raise SampleError(
                f"{sample.path}: points: {{{name}: {points}}}: expected the points that are kept, "
                f"0 to {most[name]}."
            )


def _known(path: Path, about: dict[str, Any], cells: list[NotebookNode]) -> None:
    """See that header and cells say nothing that nobody reads."""
    for key in about:
        if key not in HEADER:
            raise SampleError(
                f"{path}: unknown {key!r} in its header. {faults.like(key, HEADER)}"
                f"There are: {', '.join(HEADER)}."
            )
    for cell, line in zip(cells, faults.lines_of(faults.text_of(path), cells), strict=True):
        found = [tag for tag in cell.metadata if tag not in ("lines_to_next_cell", "cell_marker")]
        if len(found) != 1 or found[0] not in TAGS:
            tags = ", ".join(f'{tag}="…"' for tag in TAGS)
            raise SampleError(
                f"{path}:{line}: expected one of the tags {tags}; found "
                f"{' and '.join(found) or 'none'}. {faults.like((*found, '')[0], TAGS)}"
            )


def _script(path: Path) -> NotebookNode:
    try:
        return jupytext.reads(faults.text_of(path), fmt="py:percent")
    except yaml.YAMLError as error:
        raise SampleError(
            f"{path}: its header is no YAML: {error}. Put a text that has a colon in quotes."
        ) from None


def _files(sample: Path, text: str) -> dict[str, Path]:
    """What ``NAME = FILE[, NAME = FILE…]`` means, beside the sample."""
    found: dict[str, Path] = {}
    for entry in text.split(",") if text.strip() else ():
        name, _, file = (part.strip() for part in entry.partition("="))
        if not PLAIN.fullmatch(name) or not PLAIN.fullmatch(file):
            raise SampleError(
                f"{sample}: expected 'files: NAME = FILE, …' with plain names, found {entry!r}"
            )
        found[name] = sample.parent / file
        if not found[name].is_file():
            raise SampleError(f"{sample}: there is no file {file} beside it to hand in as {name}")
    return found


def _header_of_notebook(path: Path) -> dict[str, Any]:
    """``metadata.sample``, where the file is a notebook at all."""
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())["metadata"]["sample"]
    except (ValueError, KeyError):
        return {}
    return found


def _tagged(cells: list[NotebookNode], tag: str) -> dict[str, str]:
    return {cell.metadata[tag]: cell.source for cell in cells if tag in cell.metadata}


def _consistent(sample: Sample) -> Sample:
    """The sample, if its file name and its points name the same exercises."""
    losing = sample.outcome.removeprefix("loses-") if "loses-" in sample.outcome else ""
    named = set(losing.split("-")) if losing else set()
    if named != set(sample.points):
        raise SampleError(
            f"{sample.path}: the file name says that {sorted(named)} lose points, the header "
            f"has points for {sorted(sample.points)}. Make them the same."
        )
    return sample


def _is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _answers(cell: NotebookNode) -> str:
    """Which exercise's answer a cell is, ``setup`` for the setup cell, else nothing."""
    if "setup" in cell.metadata.get("tags", ()):
        return "setup"
    return cell.metadata.nbgrader.grade_id.removesuffix("_answer") if _is_answer(cell) else ""


def _without_marks(source: str) -> str:
    lines = [line for line in source.split("\n") if " SOLUTION" not in line]
    return "\n".join(lines)


def _source_of(book: NotebookNode, cell_id: str) -> str:
    return next(cell.source for cell in book.cells if cell["id"] == cell_id)


def _keep(book: NotebookNode, cell: str) -> NotebookNode:
    return book


def _drop(book: NotebookNode, cell: str) -> NotebookNode:
    book.cells = [one for one in book.cells if one["id"] != cell]
    return book


def _duplicate(book: NotebookNode, cell: str) -> NotebookNode:
    at = next(i for i, one in enumerate(book.cells) if one["id"] == cell)
    book.cells.insert(at + 1, nbformat.from_dict(book.cells[at]))
    return book


def _strip(book: NotebookNode, cell: str) -> NotebookNode:
    for one in book.cells:
        if not cell or one["id"] == cell:
            one.metadata.pop("nbgrader", None)
    return book


def _colab(book: NotebookNode, cell: str) -> NotebookNode:
    """What Colab saves: nbformat 4.0, no cell ids, metadata of its own."""
    book.nbformat_minor = 0
    book.metadata["colab"] = {"provenance": [], "toc_visible": True}
    book.metadata["accelerator"] = "GPU"
    for number, one in enumerate(book.cells):
        one.pop("id", None)
        one.metadata |= {"id": f"c0{number:02}", "outputId": f"o{number:02}"}
        one.metadata["colab"] = {"base_uri": "https://localhost:8080/"}
    return book


EDITS: dict[str, Callable[[NotebookNode, str], NotebookNode]] = {
    "colab": _colab,
    "drop": _drop,
    "duplicate": _duplicate,
    "empty": _keep,
    "folder": _keep,
    "huge": _keep,
    "strip": _strip,
    "truncated": _keep,
}
