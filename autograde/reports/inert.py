"""Graded notebooks as they may be shown: what a student wrote runs nothing, fetches nothing, and
costs a page at most about a second, however much it is.

:mod:`autograde.nbgrader_settings` makes nbgrader's feedback and formgrader show them so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from autograde.reports.markup import PICTURE, of_student, visible

LONGEST_TEXT = 25_000
"""Characters of one cell or output; what is longer is cut, and says so."""

LONGEST_PAGE = 100_000
"""Characters of all cells and outputs that are not graded."""

LONGEST_GRADED = 60_000
"""Characters of answers and checks, which have room of their own: no flood may hide them."""

EACH = 100
"""Characters as which each cell and output counts, besides its own."""

LONGEST_TRACE = 1_000
"""Lines of a traceback."""

PICTURES = 10_000_000
"""Bytes of all pictures, as they are written."""

CUT = "\n… cut here: {} characters more"
SHOWN = ("text/html", "image/png", "image/jpeg", "text/plain")
"""Kinds of output that are shown; of several, nbconvert takes the first."""

NAME = re.compile(r"[\w.-]{1,200}")
COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
MARKS = ("grade_id", "grade", "solution", "task", "points", "locked", "schema_version", "cell_type")


@dataclass
class Room:
    """How much of a page is left."""

    text: int = LONGEST_PAGE
    pictures: int = PICTURES

    def cut(self, text: str) -> str:
        """As much of a text as may be shown, as what can be written into a file; no line of it
        lies over another.
        """
        limit = max(min(LONGEST_TEXT, self.text), 0)
        text = text[: limit + 1].encode(errors="replace").decode() + text[limit + 1 :]
        kept = text[:limit].replace("\r\n", "\n").replace("\r", "\n")
        self.text -= len(kept)
        return kept + (CUT.format(f"{len(text) - limit:,}") if len(text) > limit else "")


class Inert(Preprocessor):
    """Keeps of a notebook what its page needs, bounded, and drops the rest."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """The notebook to be shown; the given one stays as it was."""
        room, graded, ours = Room(), Room(LONGEST_GRADED), released(self.config, resources)
        shown = NotebookNode(nbformat=4, nbformat_minor=5, metadata=NotebookNode(), cells=[])
        shown.metadata.language_info = NotebookNode(name="python", pygments_lexer="ipython3")
        left_out = 0
        for number, cell in enumerate(nb.cells):
            mine = graded if "nbgrader" in cell.metadata else room
            mine.text -= EACH
            if mine.text > 0:
                shown.cells.append(_cell(cell, number, mine))
                if label := _label(cell, ours):
                    shown.cells[-1].metadata.theirs = label
            else:
                left_out += 1
        if left_out:
            text = f"*{left_out:,} cells more are in the notebook, and not on this page.*"
            shown.cells.append(nbformat.v4.new_markdown_cell(text, id="cells-left-out"))
        return shown, resources


def released(config: Any, resources: Any) -> set[tuple[str, str]]:
    """Kinds and texts of the cells that the lab was handed out with, empty where it is not found.

    nbgrader's feedback and its formgrader name the lab in different ways.
    """
    about = resources.get("nbgrader") or {}
    lab = about.get("assignment") or resources.get("assignment_id")
    name = about.get("notebook") or resources.get("notebook_id")
    folders = config.CourseDirectory
    if not lab or not name or "autograded_directory" not in folders:
        return set()
    work = Path(folders.get("root", "")) / Path(folders.autograded_directory).parent
    for release in (work / "release", Path(folders.get("release_directory", work))):
        if (path := release / str(lab) / f"{name}.ipynb").is_file():
            cells = nbformat.read(path, as_version=4).cells
            return {(cell.cell_type, cell.source) for cell in cells}
    return set()


def is_check(cell: NotebookNode) -> bool:
    """Whether grading wrote the cell's outputs, and nobody else."""
    marks = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and bool(marks.get("grade")) and not marks.get("solution")


def is_notice(cell: NotebookNode) -> bool:
    """Whether it is grading's own, about a notebook of which nothing could be graded."""
    course = cell.metadata.get("course")  # students' own cells have no metadata
    return isinstance(course, dict) and bool(course.get("notice"))


def _cell(cell: NotebookNode, number: int, room: Room) -> NotebookNode:
    shown = NotebookNode(
        id=f"cell-{number}",
        cell_type=cell.cell_type,
        metadata=NotebookNode(),
        source=visible(room.cut(str(cell.source))),
    )
    if isinstance(marks := cell.metadata.get("nbgrader"), dict):
        shown.metadata.nbgrader = NotebookNode({k: marks[k] for k in MARKS if k in marks})
        if not NAME.fullmatch(str(marks.get("grade_id", ""))):
            shown.metadata.pop("nbgrader")
    if is_notice(cell):
        shown.metadata.course = NotebookNode(notice=True)
    if cell.cell_type == "code":
        shown.execution_count = None
        shown.outputs = []
        for place, output in enumerate(cell.outputs):
            room.text -= EACH
            if room.text <= 0:
                text = f"… cut here: {len(cell.outputs) - place:,} outputs more"
                shown.outputs.append(NotebookNode(output_type="stream", name="stdout", text=text))
                break
            shown.outputs += _output(output, room, ours=is_check(shown))
    return shown


def _label(cell: NotebookNode, ours: set[tuple[str, str]]) -> str:
    """Whose a cell is, where it could be taken for ours."""
    mine = (
        is_notice(cell)
        or (cell.cell_type, str(cell.source)) in ours
        or not str(cell.source).strip()
    )
    return "" if mine or "nbgrader" in cell.metadata else "Added or changed by the student"


def _output(output: NotebookNode, room: Room, ours: bool) -> list[NotebookNode]:
    """The output as it may be shown; nothing where none of it may."""
    kind = output.output_type
    if kind == "stream":
        name = "stderr" if output.name == "stderr" else "stdout"
        return [NotebookNode(output_type=kind, name=name, text=_text(output.text, room))]
    if kind == "error":
        lines = "\n".join(str(line) for line in output.traceback[:LONGEST_TRACE])
        return [NotebookNode(output_type="stream", name="stderr", text=_text(lines, room))]
    data = NotebookNode()
    for mime in SHOWN:
        if mime in output.get("data", {}) and (text := _data(mime, output.data[mime], room)):
            if mime == "text/html" and not ours:
                text = of_student(text)
            data[mime] = text
            break
    made = NotebookNode(output_type="display_data", data=data, metadata=NotebookNode())
    return [made] if data else []


def _data(mime: str, content: Any, room: Room) -> str:
    text = "".join(map(str, content)) if isinstance(content, list) else str(content)
    if not mime.startswith("image/"):
        return _text(text, room)
    if len(text) > room.pictures or not PICTURE.fullmatch(f"data:{mime};base64,{text}"):
        return ""
    room.pictures -= len(text)
    return text


def _text(text: Any, room: Room) -> str:
    """A text with its control characters written; colours stay."""
    cut = room.cut("".join(map(str, text)) if isinstance(text, list) else str(text))
    colours = COLOUR.findall(cut)
    plain = (visible(part) for part in COLOUR.split(cut))
    return "".join(part + colour for part, colour in zip(plain, [*colours, ""], strict=True))
