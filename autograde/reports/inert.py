"""Graded notebooks as they may be shown: what a student wrote runs nothing, fetches nothing, and
costs a page at most about a second, however much it is.

:mod:`autograde.nbgrader_settings` makes nbgrader's feedback and formgrader show them so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import nbformat
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from autograde.reports.markup import PICTURE

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
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
MARKS = ("grade_id", "grade", "solution", "task", "points", "locked", "schema_version", "cell_type")


@dataclass
class Room:
    """How much of a page is left."""

    text: int = LONGEST_PAGE
    pictures: int = PICTURES

    def cut(self, text: str) -> str:
        """As much of a text as may be shown, as what can be written into a file."""
        limit = max(min(LONGEST_TEXT, self.text), 0)
        text = text[: limit + 1].encode(errors="replace").decode() + text[limit + 1 :]
        kept = text[:limit]
        self.text -= len(kept)
        return kept + (CUT.format(f"{len(text) - limit:,}") if len(text) > limit else "")


class Inert(Preprocessor):
    """Keeps of a notebook what its page needs, bounded, and drops the rest."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """The notebook to be shown; the given one stays as it was."""
        room, graded = Room(), Room(LONGEST_GRADED)
        shown = NotebookNode(nbformat=4, nbformat_minor=5, metadata=NotebookNode(), cells=[])
        shown.metadata.language_info = NotebookNode(name="python", pygments_lexer="ipython3")
        left_out = 0
        for number, cell in enumerate(nb.cells):
            mine = graded if "nbgrader" in cell.metadata else room
            mine.text -= EACH
            if mine.text > 0:
                shown.cells.append(_cell(cell, number, mine))
            else:
                left_out += 1
        if left_out:
            text = f"*{left_out:,} cells more are in the notebook, and not on this page.*"
            shown.cells.append(nbformat.v4.new_markdown_cell(text, id="cells-left-out"))
        return shown, resources


def _cell(cell: NotebookNode, number: int, room: Room) -> NotebookNode:
    shown = NotebookNode(
        id=f"cell-{number}",
        cell_type=cell.cell_type,
        metadata=NotebookNode(),
        source=room.cut(str(cell.source)),
    )
    if isinstance(marks := cell.metadata.get("nbgrader"), dict):
        shown.metadata.nbgrader = NotebookNode({k: marks[k] for k in MARKS if k in marks})
        if not NAME.fullmatch(str(marks.get("grade_id", ""))):
            shown.metadata.pop("nbgrader")
    if cell.cell_type == "code":
        shown.execution_count = None
        shown.outputs = []
        for place, output in enumerate(cell.outputs):
            room.text -= EACH
            if room.text <= 0:
                text = f"… cut here: {len(cell.outputs) - place:,} outputs more"
                shown.outputs.append(NotebookNode(output_type="stream", name="stdout", text=text))
                break
            shown.outputs += _output(output, room)
    return shown


def _output(output: NotebookNode, room: Room) -> list[NotebookNode]:
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
    """A text without control characters; colours stay."""
    cut = room.cut("".join(map(str, text)) if isinstance(text, list) else str(text))
    colours = COLOUR.findall(cut)
    plain = (CONTROL.sub("", part) for part in COLOUR.split(cut))
    return "".join(part + colour for part, colour in zip(plain, [*colours, ""], strict=True))
