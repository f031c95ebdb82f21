"""What is wrong with the cells of a lab's source, each with its line and what to write instead."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import traceback
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograde.authoring.path import misplaced
from autograde.errors import DesignedError

MARKER = re.compile(r"\s*#\s*%%(%*\s.*)?$")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
TAGS = {
    "setup",
    "intro",
    "exercise",
    "starter",
    "predict",
    "check",
    "question",
    "explore",
    "varies",
    "optional",
    "lang",
    "difficulty",
    "minutes",
    "points",
}
"""All tags of a cell."""

ODD = "incorrectly_encoded_metadata"  # where jupytext puts a header that it can't read

LONGEST_CELL = 25  # lines of code that a reader still takes in at once

KINDS = {"intro": "markdown", "question": "markdown", "starter": "raw", "exercise": "code"}
"""Tags that name an exercise, and the kind of their cell; a check's is code as well."""
KINDS |= {"check": "code", "setup": "code"}
ONCE = ("intro", "exercise", "starter", "check")
FLAGS = ("setup", "explore", "varies", "optional")
WRITTEN = {"markdown": " [markdown]", "raw": " [raw]", "code": ""}

AUTHORS = ("solutions", "course")
"""Folders in which an author writes."""

Fault = tuple[int, str]
"""A line of the source, and what is wrong there."""


def lines_of(text: str, cells: list[NotebookNode]) -> list[int]:
    """The lines on which cells begin; zeros where that can't be told."""
    lines = text.split("\n")
    found = [number for number, line in enumerate(lines, start=1) if MARKER.fullmatch(line)]
    if len(cells) == len(found) + 1:  # what stands above the first marker is a cell too
        found.insert(0, 1)
    return found if len(found) == len(cells) else [0] * len(cells)


class EncodingError(DesignedError):
    """A file is not UTF-8."""


def locate(text: str, cells: list[NotebookNode]) -> None:
    """Let each cell of a source know its ``line`` and its ``header``, the text of that line."""
    lines = text.split("\n")
    for cell, line in zip(cells, lines_of(text, cells), strict=True):
        cell["line"], cell["header"] = line, lines[line - 1] if line else ""


def like(name: str, known: Iterable[str]) -> str:
    """``Did you mean 'check'? `` where a known name is near."""
    near = get_close_matches(name, list(known), 1)
    return f"Did you mean {near[0]!r}? " if near else ""


def text_of(path: Path) -> str:
    """The text of a file that an author wrote.

    Raises:
        EncodingError: it is not UTF-8; names the line.
    """
    data = path.read_bytes()
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise EncodingError(
            f"{path}:{line}: this is not UTF-8. Save the file with that encoding."
        ) from None


def place_of(error: BaseException, root: Path) -> str:
    """``FILE:LINE`` below ``root`` where an author's code went wrong; empty if it was elsewhere."""
    if isinstance(error, SyntaxError) and error.filename:
        places = [(error.filename, error.lineno or 0)]
    else:
        frames = traceback.extract_tb(error.__traceback__)
        places = [(one.filename, one.lineno or 0) for one in frames]
    for name, line in reversed(places):
        path = Path(name)
        if path.is_relative_to(root) and path.relative_to(root).parts[0] in AUTHORS:
            return f"{path.relative_to(root)}:{line}"
    return ""


def found(lab: str, cells: Sequence[NotebookNode], tags: set[str]) -> Iterator[Fault]:
    """What is wrong, the first first.

    Args:
        lab: its name.
        cells: each with its ``line`` and ``header``.
        tags: all that there are.
    """
    for cell in cells:
        yield from _of_cell(lab, cell, tags)
    yield from _of_lab(cells)


def _of_cell(lab: str, cell: NotebookNode, tags: set[str]) -> Iterator[Fault]:
    yield from ((cell["line"], text) for text in _of_header(cell, cell.metadata, tags))
    if "exercise" in cell.metadata:
        yield from _of_answer(cell)
    if {"exercise", "setup"} & set(cell.metadata):
        yield from _of_code(cell)
    if cell.metadata.get("check") and cell.source.strip():
        yield cell["line"], "a check cell has no body; the build writes it."
    if (name := cell.metadata.get("predict")) and not _predicts(name, cell.source):
        told = f'write course.predict("{name}", "the question?", answer=...), with the answer left'
        yield cell["line"], f"{told} blank, and nothing else."
    lines = len(cell.source.splitlines())
    if cell.cell_type == "code" and "exercise" not in cell.metadata and lines > LONGEST_CELL:
        told = f"{lines} lines of code, at most {LONGEST_CELL}. Move what the reader need not see"
        yield cell["line"], f"{told} to course/labs/{lab}/experiments/."
    if (
        re.search(r"^\s*print\(course\.start\(", cell.source, re.M)
        and "varies" not in cell.metadata
    ):
        yield cell["line"], "course.start tells of this machine: write `# %% varies=true`."


def _predicts(name: str, code: str) -> bool:
    """Whether this is one call that asks for the prediction of this name, not answered yet."""
    try:
        call = ast.parse(code.strip(), mode="eval").body
    except SyntaxError:
        return False
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != "course.predict":
        return False
    blank = {word.arg: ast.unparse(word.value) for word in call.keywords}.get("answer") == "..."
    return blank and bool(call.args) and ast.unparse(call.args[0]) == repr(name)


def _of_lab(cells: Sequence[NotebookNode]) -> Iterator[Fault]:
    """What is wrong between cells, each of which is right."""
    answered = {one.metadata["exercise"] for one in cells if "exercise" in one.metadata}
    first: dict[tuple[str, str], int] = {}
    for cell in cells:
        for tag in (one for one in ONCE if one in cell.metadata):
            name, line = cell.metadata[tag], cell["line"]
            exercise = name.removesuffix("_answer")
            if (tag, name) in first:
                told = f"stands on line {first[tag, name]} already: give each exercise one."
                yield line, f"{tag}={name!r} {told}"
            elif tag == "check" and name in answered and ("exercise", name) not in first:
                yield line, f"check={name!r} stands above its exercise: move it below."
            elif exercise != name and exercise in answered:
                told = f"{exercise!r} is an exercise, and its answer's cell has this name"
                yield line, f"{tag}={name!r}: {told}: choose another one."
            first.setdefault((tag, name), line)
    yield from _of_helpers(cells)
    yield from misplaced(cells)


def _of_header(cell: NotebookNode, found: dict[str, Any], tags: set[str]) -> Iterator[str]:
    if ODD in found:
        yield (
            f'expected tags such as `exercise="double" minutes=5`, each once and texts in quotes; '
            f"found `{found[ODD]}`."
        )
        return
    given = re.findall(r"(\w+)=", re.sub(r'"[^"]*"', "", cell["header"]))
    for tag in sorted({one for one in given if given.count(one) > 1}):
        yield f"{tag} stands there {given.count(tag)} times: a cell has each tag once."
    unknown = sorted(set(found) - tags - {"cell_marker", "lines_to_next_cell", "title"})
    if "title" in found:
        yield f"expected tags after `# %%`, found {found['title']!r}: tags are tag=value."
    for tag in unknown:
        yield f"unknown tag {tag}. {like(tag, tags)}Tags are: {', '.join(sorted(tags))}."
    if len(several := [tag for tag in KINDS if tag in found]) > 1:
        yield f"a cell has one of the tags {' and '.join(several)}: make it two cells."
    for tag, kind in KINDS.items():
        if tag in found and cell.cell_type != kind:
            yield f"{tag} is the tag of a {kind} cell: write `# %%{WRITTEN[kind]} {tag}=…`."
    for tag in ("intro", "exercise", "starter", "check", "question"):
        if tag in found and not NAME.fullmatch(str(found[tag])):
            yield (
                f"{tag}={found[tag]!r}: expected a name of English letters, digits and _, which "
                "begins with a letter: it names cells, files and points."
            )
    for tag in FLAGS:
        if tag in found and found[tag] is not True:
            yield f"{tag}={found[tag]!r}: write {tag}=true, or leave it out."
    for tag, most in {"points": 10_000, "minutes": 10_000, "difficulty": 3}.items():
        value = found.get(tag, 1)
        if type(value) is not int or not 1 <= value <= most:
            among = "1, 2 or 3" if most == 3 else "a whole number, at least 1"
            yield f"{tag}={value!r}: expected {among}, without quotes."


def _of_answer(cell: NotebookNode) -> Iterator[Fault]:
    lines = [line.strip() for line in cell.source.split("\n")]
    begins, ends, tag = (
        lines.count(BEGIN),
        lines.count(END),
        f"exercise={cell.metadata['exercise']!r}",
    )
    if not begins or begins != ends or lines.index(BEGIN) > lines.index(END):
        told = (
            "put the answer between ### BEGIN SOLUTION and ### END SOLUTION, each on its own line"
        )
        yield cell["line"], f"{tag}: {told}; found {begins} and {ends} of them."
        return
    first, last = lines.index(BEGIN), lines.index(END)
    if not any(line and not line.startswith("#") for line in lines[first + 1 : last]):
        told = "nothing stands between ### BEGIN and ### END SOLUTION: write the answer there"
        yield cell["line"] + first + 1, f"{tag}: {told}."


def _of_code(cell: NotebookNode) -> Iterator[Fault]:
    try:
        ast.parse(cell.source)
    except SyntaxError as error:
        what = f"exercise={name!r}" if (name := cell.metadata.get("exercise")) else "setup=true"
        written = (error.text or "").strip()
        line = cell["line"] + (error.lineno or 0)
        yield line, f"{what} is no Python: {error.msg}, in `{written}`. Correct it."


def _of_helpers(cells: Sequence[NotebookNode]) -> Iterator[Fault]:
    """Names that the reference would miss: it is made of the setup and exercise cells alone."""
    kept = [one for one in cells if {"setup", "exercise"} & set(one.metadata)]
    known, elsewhere = set(dir(builtins)), dict[str, int]()
    for one in (one for one in cells if one.cell_type == "code" and "check" not in one.metadata):
        if one in kept:
            known |= _defined(one.source)
        else:
            elsewhere |= dict.fromkeys(_defined(one.source), one["line"])
    for one in kept:
        for name in sorted((_used(one.source) - known) & elsewhere.keys()):
            told = f"{name} is defined here, and line {one['line']} uses it in an exercise"
            why = "but the reference is made of setup and exercise cells alone"
            yield elsewhere[name], f"{told}, {why}: write `# %% setup=true`."


def _defined(code: str) -> set[str]:
    try:
        table = symtable.symtable(code, "cell", "exec")
    except SyntaxError:  # a line of IPython's
        return set()
    return {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}


def _used(code: str) -> set[str]:
    def globals_of(table: symtable.SymbolTable) -> Iterator[str]:
        yield from (one.get_name() for one in table.get_symbols() if one.is_global())
        for child in table.get_children():
            yield from globals_of(child)

    return set(globals_of(symtable.symtable(code, "cell", "exec")))
