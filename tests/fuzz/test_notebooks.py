"""Notebooks: taken in, made well-formed, searched for evidence, run, shown."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograde.handing_in import intake, roster
from autograde.handing_in.normalise import Normalised, normalise
from autograde.marking import engine, journal, needs
from autograde.marking.carried import carried
from autograde.marking.evidence import evidence
from autograde.sandbox.bounds import TransportError
from autograde.sandbox.outputs import packed, unpacked
from autograde.tree import find
from tests.autograde.reports.test_inert import Active, page
from tests.fuzz.bounds import cases, within
from tests.fuzz.mutations import Changed, Draw, bytes_like, file_like, json_like
from tests.payloads import MARKDOWN, MARKUP

TREE = find(Path(__file__).parent)
LAB = "lab00_setup"
RELEASE = nbformat.read(TREE.student(LAB), as_version=4)
WRITTEN = [TREE.student(LAB).read_text("utf-8"), TREE.solution(LAB).read_text("utf-8")]
GRADED = {
    cell.metadata.nbgrader.grade_id: cell
    for cell in RELEASE.cells
    if cell.metadata.get("nbgrader", {}).get("grade")
}


def sound(found: Normalised) -> NotebookNode | None:
    """The notebook, after a look that what is graded in it is the release's, each cell once."""
    book = found.notebook
    if book is None:
        assert any(flag.severity == "ungradable" for flag in found.flags)
        return None
    nbformat.validate(book)
    marked = [cell for cell in book.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert Counter(cell.metadata.nbgrader.grade_id for cell in marked) == Counter([*GRADED])
    for cell in marked:
        ours = GRADED[cell.metadata.nbgrader.grade_id]
        assert cell.metadata == ours.metadata
        assert cell.source == ours.source or cell.metadata.nbgrader.solution
    return book


def told(found: Normalised) -> None:
    """Each flag is one short line that can be printed."""
    for flag in found.flags:
        assert flag.message.isprintable()
        assert len(flag.message) < 2_000


@cases(500)
@given(file_like(WRITTEN))
def test_any_file_becomes_the_release_with_answers_or_is_refused(file: Changed) -> None:
    with within(5):
        found = normalise(file.value, RELEASE)
        told(found)
        book = sound(found)
        if book is not None:
            assert normalise(nbformat.writes(book).encode(), RELEASE).notebook == book
            assert engine.ungraded(book) == engine.ungraded(RELEASE)
            journal.submission_key(book, found.flags, {})


# What is written in cells ------------------------------------------------------------------------

LINES = [
    *("def topk_error(logits, labels, k):", "    return 0.5", "    x = torch.topk(logits, k)"),
    *("%%time", "%time x", "!ls", "sigmoid?", "%reset -f", "a = b = c", "lambda: (yield)", "\\"),
    *("class A(B):", "    def f(self): ...", "@", "'''", '"""', 'f"{', "f'{x!r:{y}}'", "await x"),
    *("match x:", "    case [*_]:", "global x", "nonlocal x", "return", "del x", "import torch"),
    *(
        "from torch.nn.functional import *",
        "x: int = 1",
        "*a, b = 1",
        "(" * 90,
        "[" * 300,
        "-" * 900,
    ),
    *(
        "a." * 500 + "a",
        "f(" * 60,
        "x = 0" + "0" * 200,
        "\x0c",
        "\0",
        "\ud800",
        "ｄｅｆ ｆ():",
        "# -*- x",
    ),
    *("if x:", "elif", "else:", "\tif x:", " x", "x;" * 300, "not " * 500 + "x", "1_000j", "0777"),
]


@st.composite
def answers(draw: Draw) -> list[str]:
    """Texts for each answer: lines of Python and of what is none."""
    lines = st.lists(st.sampled_from(LINES) | st.text(max_size=9), max_size=9)
    return [draw(lines.map("\n".join)) for _ in range(3)]


@pytest.mark.filterwarnings("ignore")  # of the compiler's, about such code
@cases(300)
@given(answers())
def test_any_code_is_searched_for_evidence(texts: list[str]) -> None:
    document = json.loads(WRITTEN[0])
    places = [one for one in document["cells"] if one["cell_type"] == "code"]
    for cell, text in zip(places[1:], texts, strict=False):
        cell["source"] = text
    with within(5):
        book = sound(normalise(json.dumps(document).encode(), RELEASE))
        assert book is not None
        flags = (*evidence(LAB, book), *carried(LAB, book), *carried("lab07_summary", book))
        assert all(flag.message.isprintable() for flag in flags)
        assert needs.needs(LAB, book)


# What lies in a folder ---------------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        *(f"{LAB}.ipynb", f"{LAB} (1).ipynb", "x.ipynb", ".ipynb", "network.safetensors", "a b"),
        *("network (2).safetensors", "Copy of network.safetensors", "timestamp.txt", ".hidden"),
        *("\x1b[2J", "a\nb", "\udcff", "*", "[a]", "💥", "é" * 100, " ", "-rf", "__MACOSX"),
    ]
)
CONTENT = bytes_like([WRITTEN[0].encode(), b"", b"{}", b"PK\x03\x04" + bytes(40)], 2)
KINDS = st.sampled_from(["file", "file", "file", "link", "folder", "pipe", "loop", "closed"])


def put(place: Path, kind: str, data: bytes) -> None:
    """Something of this kind."""
    if kind in ("file", "closed"):
        place.write_bytes(data)
        place.chmod(0o600 if kind == "file" else 0)
    elif kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(place if kind == "loop" else "/etc/hostname")


@cases(200)
@given(
    st.lists(st.tuples(NAMES, KINDS), max_size=4),
    st.lists(st.tuples(NAMES, KINDS, CONTENT), max_size=5),
)
def test_everybody_is_taken_in_whatever_lies_in_the_folders(
    class_: list[tuple[str, str]], files: list[tuple[str, str, Changed]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "anna" / LAB).mkdir(parents=True)
        for name, kind in dict(class_).items():
            put(root / name, kind, b"x")
        for name, (kind, data) in {name: (kind, data) for name, kind, data in files}.items():
            put(root / "anna" / LAB / name, kind, data.value)
        wanted = {"network.safetensors": "network"}
        with within(5):
            found = list(intake.collect(root, LAB, expected=wanted))
            roster.strays(root)
        assert [one.student for one in found] == roster.students(root)
        for one in found:
            assert one.data or one.flags
            assert one.label.isprintable()
            assert all(flag.message.isprintable() for flag in one.flags)
            assert b"".join(one.extra_files.values()) != Path("/etc/hostname").read_bytes()


# What is shown -----------------------------------------------------------------------------------

SHOWN = nbformat.read(TREE.solution(LAB), as_version=4)
for _one in SHOWN.cells:
    _one.metadata.pop("nbgrader", None)  # whose scores come from a gradebook
OUTPUTS = [output for cell in SHOWN.cells for output in cell.get("outputs", ())][:6]
OUTPUTS += [new_output("error", ename="E", evalue="e", traceback=["\x1b[31mE\x1b[0m", "e"])]
RECORDS, TEXTS = packed(json.loads(json.dumps(OUTPUTS)))
MARKED = "\n".join(MARKUP).encode()


@cases(200)
@given(
    json_like([json.dumps(RECORDS)], 3),
    bytes_like([TEXTS, MARKED + TEXTS, MARKED * 20]),
    st.sampled_from(MARKDOWN),
)
def test_any_outputs_are_shown_or_refused_and_nothing_in_them_runs(
    records: Changed, body: Changed, text: str
) -> None:
    with within(5):
        try:
            outputs = unpacked(records.value, body.value, 100)
        except TransportError:
            return
        cells = [new_markdown_cell(text), new_code_cell(text, outputs=outputs)]
        book = new_notebook(cells=[nbformat.from_dict(cell) for cell in cells])
        nbformat.validate(book)
        markup = page(book)
    assert Active(markup).found == calm()


@cache
def calm() -> list[str]:
    """What any page runs."""
    return Active(page(SHOWN)).found
