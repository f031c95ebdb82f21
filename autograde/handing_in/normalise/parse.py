"""Bytes to cells: reads any notebook format from 1 to 4.5, and believes nothing.

nbformat's own reader and upgrader raise on most of what must be survived here, so only the few
fields that grading needs are read, each with its type checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

from autograde.handing_in.normalise.flags import Flag, ordinals
from autograde.handing_in.normalise.limits import Limits
from autograde.handing_in.normalise.release import MARKS
from autograde.handing_in.normalise.text import canonical, names, words

CELL_TYPES = {"heading": "markdown", "html": "markdown", "plaintext": "markdown"}
CELL_TYPES |= {name: name for name in ("code", "markdown", "raw")}
SURROGATES = re.compile("[\ud800-\udfff]")
OTHER_FILES = (
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"%PDF", "a PDF"),
    (b"<", "a web page: the page was saved instead of the notebook"),
    (b"version https://git-lfs", "a Git LFS pointer without its file"),
    (b"#", "a script or a text"),
)
PANEL = re.compile(r"<b>\w+: (\d+) of (\d+) cases passed, ")
LONGEST_PANEL = 200_000  # characters
LONGEST_NUMBER = 18  # characters; no number that grading reads has more
SMALLER = (
    "Ask for it again without outputs (Edit, Clear Outputs of All Cells, Save) and with smaller "
    "pictures in its text."
)
HAND_IN_AGAIN = "Ask for the .ipynb file again."


class Unreadable(Exception):
    """The bytes are no notebook; ``flag`` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.flag = Flag(code, "ungradable", "", message)


@dataclass(frozen=True)
class StudentCell:
    """One cell as the student's file has it. Its ``claims`` are its own, and not believed."""

    position: int
    id: str
    cell_type: str
    source: str
    grade_id: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    attachments: dict[str, dict[str, str]] = field(default_factory=dict)
    passed: bool = False  # whether its output says that all cases of a check passed

    @cached_property
    def canonical(self) -> str:
        """The text, as it is compared."""
        return canonical(self.source)

    @cached_property
    def names(self) -> frozenset[str]:
        """All names that it defines."""
        return names(self.source)

    @cached_property
    def words(self) -> frozenset[str]:
        """The text's words."""
        return words(self.source)


@dataclass(frozen=True)
class Submitted:
    """A student's notebook, as far as grading reads it."""

    cells: tuple[StudentCell, ...]
    kernel: str
    python: tuple[int, ...]
    flags: tuple[Flag, ...]


def parse(data: bytes, limits: Limits) -> Submitted:
    """Read a notebook.

    Raises:
        Unreadable: the bytes are no notebook, or exceed a limit.
    """
    _check_size(data, limits)
    text, flags = _decoded(data)
    document = _loaded(text, data)
    raw, more = _raw_cells(document)
    if len(raw) > limits.max_cells:
        raise Unreadable(
            "too-many-cells",
            f"The notebook has {len(raw):,} cells, at most {limits.max_cells:,} are read. "
            "Look at the file; ask for it again without what was generated.",
        )
    cells = tuple(_cell(position, cell) for position, cell in enumerate(raw))
    return Submitted(cells, _kernel(document), _python(document), (*flags, *more, *_broken(raw)))


def _check_size(data: bytes, limits: Limits) -> None:
    if len(data) > limits.max_bytes:
        raise Unreadable(
            "too-large",
            f"The file has {len(data):,} bytes, at most {limits.max_bytes:,} are read. {SMALLER}",
        )
    if not data.strip():
        raise Unreadable("empty-file", f"The file is empty. {HAND_IN_AGAIN}")
    if data.count(b"[") + data.count(b"{") > limits.max_containers:
        raise Unreadable(
            "too-large",
            f"The file holds more than {limits.max_containers:,} JSON values. {SMALLER}",
        )


def _decoded(data: bytes) -> tuple[str, tuple[Flag, ...]]:
    encoding: str = json.detect_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text, encoding = data.decode("cp1252", errors="replace"), ""
    if encoding == "utf-8":
        return text, ()
    if encoding:
        message = f"The file is {encoding.upper()}, expected UTF-8. Read as such; nothing to do."
        return text, (Flag("not-utf8", "info", "", message),)
    message = (
        "The file is not UTF-8 and was read as Windows-1252: letters outside ASCII may be wrong. "
        "If an answer looks garbled, ask for the file as JupyterLab saves it."
    )
    return text, (Flag("not-utf8", "attention", "", message),)


def _loaded(text: str, data: bytes) -> dict[str, Any]:
    try:
        # Numbers of any length and NaN are valid to this parser; none of them matters here.
        document = json.loads(
            text, parse_int=_integer, parse_float=_number, parse_constant=lambda _: None
        )
    except json.JSONDecodeError as error:
        raise Unreadable("not-json", _why_no_json(error, data)) from None
    except RecursionError:
        raise Unreadable(
            "nested-too-deep", f"The file's JSON is nested too deeply to read. {HAND_IN_AGAIN}"
        ) from None
    if not isinstance(document, dict):
        kind = type(document).__name__
        raise Unreadable(
            "not-a-notebook", f"The file is JSON, but a {kind}, not a notebook. {HAND_IN_AGAIN}"
        )
    return document


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= LONGEST_NUMBER else 0


def _number(digits: str) -> float:
    return float(digits) if len(digits) <= LONGEST_NUMBER else 0.0


def _why_no_json(error: json.JSONDecodeError, data: bytes) -> str:
    start = data.lstrip()[:64]
    for mark, kind in OTHER_FILES:
        if start.startswith(mark):
            return f"The file is no notebook; it looks like {kind}. {HAND_IN_AGAIN}"
    if b"\n<<<<<<< " in data and b"\n>>>>>>> " in data:
        return "The file holds Git's conflict marks (<<<<<<<). Ask for it with the merge finished."
    where = f"line {error.lineno}, column {error.colno}"
    if start.startswith(b"{") and not data.rstrip().endswith(b"}"):
        return f"The JSON breaks off at {where}, as in an unfinished upload. {HAND_IN_AGAIN}"
    return f"The file is not valid JSON: {error.msg} at {where}. {HAND_IN_AGAIN}"


def _raw_cells(document: dict[str, Any]) -> tuple[list[Any], tuple[Flag, ...]]:
    cells = document.get("cells")
    if isinstance(cells, list):
        return cells, ()
    sheets = document.get("worksheets")
    if isinstance(sheets, list):  # formats 1 to 3
        parts = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        found = list(chain.from_iterable(part for part in parts if isinstance(part, list)))
        message = "The notebook is of a format before 4. Read and upgraded; nothing to do."
        return found, (Flag("format-upgraded", "info", "", message),)
    raise Unreadable(
        "not-a-notebook",
        f"The file is JSON, but has no list of cells, so it is no notebook. {HAND_IN_AGAIN}",
    )


def _kernel(document: dict[str, Any]) -> str:
    spec = _dict(_dict(document.get("metadata")).get("kernelspec"))
    return _text(spec.get("name")) or ""


def _python(document: dict[str, Any]) -> tuple[int, ...]:
    """The version of Python that the file says it ran with; empty where it says none."""
    about = _dict(_dict(document.get("metadata")).get("language_info"))
    found = re.match(r"(\d{1,3})\.(\d{1,3})", _text(about.get("version")) or "")
    return tuple(map(int, found.groups())) if found else ()


def _cell(position: int, raw: Any) -> StudentCell:
    raw = _dict(raw)
    metadata = _dict(raw.get("metadata"))
    marks = _dict(metadata.get("nbgrader"))
    return StudentCell(
        position,
        _text(raw.get("id")) or _text(metadata.get("id")) or "",  # Colab's stands in the metadata
        _cell_type(raw),
        _source(raw) or "",
        _text(marks.get("grade_id")) or "",
        {name: marks[name] for name in MARKS if name in marks},
        _attachments(raw.get("attachments")),
        _has_passed(raw.get("outputs")),
    )


def _has_passed(outputs: Any) -> bool:
    """Whether the panel among a cell's outputs says that every case of its check passed."""
    for output in outputs if isinstance(outputs, list) else ():
        html = _dict(_dict(output).get("data")).get("text/html")
        lines = html if isinstance(html, list) else [html]
        text = "".join(line for line in lines if isinstance(line, str))[:LONGEST_PANEL]
        if found := PANEL.search(text):
            return found[1] == found[2] != "0"
    return False


def _cell_type(raw: dict[str, Any]) -> str:
    named = raw.get("cell_type")
    if isinstance(named, str) and named in CELL_TYPES:
        return CELL_TYPES[named]
    return "code" if raw.keys() & {"outputs", "execution_count", "input"} else "raw"


def _source(raw: dict[str, Any]) -> str | None:
    """The text, or None where there is none or part of it is not text."""
    value = raw.get("source", raw.get("input"))
    if isinstance(value, list):
        text = _text("".join(line for line in value if isinstance(line, str)))
    else:
        text = _text(value)
    if text and raw.get("cell_type") == "heading":
        level = raw.get("level")
        return "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1) + " " + text
    return text


def _broken(raw: list[Any]) -> Iterator[Flag]:
    broken = [position for position, cell in enumerate(raw) if _is_broken(cell)]
    if broken:
        yield Flag(
            "broken-cell",
            "attention",
            "",
            f"{ordinals(broken).capitalize()} of the file: no text, or not a notebook cell. "
            "What could be read was kept; look whether an answer is missing.",
        )


def _is_broken(cell: Any) -> bool:
    if not isinstance(cell, dict) or cell.get("cell_type") not in list(CELL_TYPES):
        return True
    value = cell.get("source", cell.get("input"))
    whole = isinstance(value, list) and all(isinstance(line, str) for line in value)
    return not (isinstance(value, str) or whole)


def _attachments(value: Any) -> dict[str, dict[str, str]]:
    """Pictures pasted into a written answer; anything else is left out."""
    found = {}
    for name, bundle in _dict(value).items():
        pictures = {
            kind: "".join(data) if isinstance(data, list) else data
            for kind, data in _dict(bundle).items()
            if kind.startswith("image/") and kind.isascii() and _is_ascii(data)
        }
        if pictures:
            found[_text(name) or ""] = pictures
    return found


def _is_ascii(value: Any) -> bool:
    lines = value if isinstance(value, list) else [value]
    return all(isinstance(line, str) and line.isascii() for line in lines)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    """A string that can be encoded: JSON may spell half a surrogate pair."""
    return SURROGATES.sub("\ufffd", value) if isinstance(value, str) else None
