"""Attacks by the file itself: notebooks that are none, names, links, odd JSON, weights."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograde.tree import find

LAB, WEIGHTS_LAB = "lab01_activations", "lab07_summary"
WEIGHTS = "network.safetensors"
Make = Callable[[Path, bytes], None]
TRICKS: list[Trick] = []


@dataclass(frozen=True)
class Trick:
    """One attack, and what must come out."""

    name: str
    make: Make
    outcome: str
    flags: tuple[str, ...] = ()
    points: dict[str, float] = field(default_factory=dict)
    family: str = "misleading"
    lab: str = LAB


def trick(outcome: str, *flags: str, family: str = "misleading", **points: float) -> Any:
    """Keep a function that writes a hostile folder; its name is the student's."""

    def keep(make: Make) -> Make:
        name = make.__name__.strip("_").replace("_", "-")
        TRICKS.append(Trick(name, make, outcome, flags, points, family))
        return make

    return keep


def weights(outcome: str, *flags: str, family: str = "misleading", **points: float) -> Any:
    """Keep a function that gives the bytes of the project's file."""

    def keep(make: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        name = make.__name__.strip("_").replace("_", "-")

        def write(home: Path, honest: bytes) -> None:
            (home / f"{WEIGHTS_LAB}.ipynb").write_bytes(honest)
            (home / WEIGHTS).write_bytes(make(_good()))

        TRICKS.append(Trick(name, write, outcome, flags, points, family, WEIGHTS_LAB))
        return make

    return keep


def _good() -> bytes:
    return (find(Path(__file__).parent).samples(WEIGHTS_LAB) / "good.safetensors").read_bytes()


def _write(home: Path, book: Any) -> None:
    (home / f"{LAB}.ipynb").write_text(json.dumps(book))


def _named(book: Any, name: str) -> Any:
    return next(
        cell
        for cell in book["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == name
    )


# --- what lies there -------------------------------------------------------------------------


@trick("ungradable", "symlink-refused")
def _neighbours_notebook(home: Path, honest: bytes) -> None:
    (home / f"{LAB}.ipynb").symlink_to(f"../../zz-honest/{LAB}/{LAB}.ipynb")


@trick("ungradable", "wrong-kind")
def _folder_for_a_file(home: Path, honest: bytes) -> None:
    (home / f"{LAB}.ipynb" / "x").mkdir(parents=True)


@trick("ungradable", "too-large")
def _sparse_giant(home: Path, honest: bytes) -> None:
    with (home / f"{LAB}.ipynb").open("wb") as file:
        file.truncate(1 << 28)


@trick("ungradable", "several-notebooks")
def _which_of_two(home: Path, honest: bytes) -> None:
    for name in ("one.ipynb", "two.ipynb"):
        (home / name).write_bytes(honest)


@trick("full", "extra-notebooks")
def _odd_names_beside(home: Path, honest: bytes) -> None:
    (home / f"{LAB}.ipynb").write_bytes(honest)
    for name in ("-rf.ipynb", "\u202ebpnyi.ipynb", "a\nb.py", "$(touch quince)", "..\\..\\x", " "):
        (home / name).write_text("{}")


@trick("full")
def _shadows_of_modules(home: Path, honest: bytes) -> None:
    """Modules of the same names as the grader's, beside the notebook."""
    (home / f"{LAB}.ipynb").write_bytes(honest)
    for name in ("torch.py", "course.py", "autograde.py", "sitecustomize.py", "nbgrader_config.py"):
        (home / name).write_text("import os\nos.system('touch quince /tmp/quince')\n")
    (home / "x.pth").write_text("import os; os.system('touch /tmp/quince')\n")


# --- what is in the file ---------------------------------------------------------------------


@trick("ungradable", "nested-too-deep")
def _deep_json(home: Path, honest: bytes) -> None:
    (home / f"{LAB}.ipynb").write_text('{"cells": ' + "[" * 200_000 + "]" * 200_000 + "}")


@trick("ungradable", "too-large")
def _million_lists(home: Path, honest: bytes) -> None:
    (home / f"{LAB}.ipynb").write_text('{"cells": [' + "[]," * 3_000_000 + "[]]}")


@trick("full")
def _huge_numbers(home: Path, honest: bytes) -> None:
    book = json.loads(honest)
    book["nbformat"], book["cells"][2]["execution_count"] = 4, 12345
    text = json.dumps(book).replace("12345", "9" * 4000, 1)
    (home / f"{LAB}.ipynb").write_text(text)


@trick("full")
def _numbers_without_end(home: Path, honest: bytes) -> None:
    book = json.loads(honest)
    book["metadata"]["x"] = [float("nan"), float("inf")]
    _write(home, book)


@trick("full")
def _same_keys_twice(home: Path, honest: bytes) -> None:
    """Two lists of cells: which one a reader sees depends on the reader."""
    text = honest.decode()
    (home / f"{LAB}.ipynb").write_text('{"cells": [], ' + text.lstrip().removeprefix("{"))


@trick("full")
def _other_format(home: Path, honest: bytes) -> None:
    book = json.loads(honest)
    book["nbformat"], book["nbformat_minor"] = 99, -1
    _write(home, book)


@trick("full")
def _without_ids(home: Path, honest: bytes) -> None:
    book = json.loads(honest)
    book["nbformat_minor"] = 0
    for cell in book["cells"]:
        cell.pop("id", None)
    _write(home, book)


@trick("full")
def _one_id_for_all(home: Path, honest: bytes) -> None:
    book = json.loads(honest)
    for cell in book["cells"]:
        cell["id"] = "sigmoid"
    _write(home, book)


@trick("full", "renamed-id")
def _one_mark_for_all(home: Path, honest: bytes) -> None:
    """Every answer calls itself the answer to ELUFunction, which has most points."""
    book = json.loads(honest)
    for cell in book["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code":
            cell["metadata"]["nbgrader"]["grade_id"] = "ELUFunction_answer"
    _write(home, book)


@trick("full")
def _other_language(home: Path, honest: bytes) -> None:
    book = json.loads(honest)
    book["metadata"]["kernelspec"] = {"name": "bash", "language": "bash", "display_name": "Bash"}
    book["metadata"]["language_info"] = {"name": "R", "file_extension": "/../../quince"}
    _write(home, book)


@trick("ungradable", "not-a-notebook")
def _cells_are_no_list(home: Path, honest: bytes) -> None:
    book = json.loads(honest)
    book["cells"] = {str(number): cell for number, cell in enumerate(book["cells"])}
    _write(home, book)


@trick("full", "broken-cell")
def _sources_are_no_text(home: Path, honest: bytes) -> None:
    book = json.loads(honest)
    at = next(n for n, c in enumerate(book["cells"]) if c.get("id") == "relu_answer")
    for odd in (None, 7, {"a": 1}, [1, None, ["x"]], [["print(1)"]]):
        cell = {"cell_type": "code", "metadata": {}, "source": odd, "outputs": 3}
        book["cells"].insert(at, {**cell, "execution_count": "x"})
    _write(home, book)


@trick("full")
def _other_encoding(home: Path, honest: bytes) -> None:
    (home / f"{LAB}.ipynb").write_bytes(honest.decode().encode("utf-16"))


@trick("ungradable", "not-json")
def _bad_bytes(home: Path, honest: bytes) -> None:
    (home / f"{LAB}.ipynb").write_bytes(honest.replace(b"sigmoid", b"sig\x00\xff\xfemoid"))


@trick("full")
def _half_characters(home: Path, honest: bytes) -> None:
    book = json.loads(honest)
    book["cells"].insert(3, nbformat.v4.new_code_cell("x = '\ud800\udfff\ud800'", id="half"))
    book["cells"].insert(3, nbformat.v4.new_markdown_cell("\udcff \x00 \x1b[2J", id="half-2"))
    _write(home, book)


@trick("full", "locked-cell-restored")
def _own_checks(home: Path, honest: bytes) -> None:
    """The locked cells say what they should cost."""
    book = json.loads(honest)
    for name in ("relu", "elu", "selu"):
        _named(book, name)["source"] = "1000.0"
    _write(home, book)


@trick("loses-relu", "locked-cell-restored", "marks-restored", relu=0)
def _another_check(home: Path, honest: bytes) -> None:
    """relu's check asks for tanh, and its points are those of all."""
    book = json.loads(honest)
    _named(book, "relu_answer")["source"] = "def relu(x):\n    return torch.full_like(x, 7)"
    _named(book, "relu")["source"] = 'check("tanh", points=41)'
    _named(book, "relu")["metadata"]["nbgrader"]["points"] = 41
    _write(home, book)


@trick("loses-relu", "marks-restored", relu=0)
def _check_before_answer(home: Path, honest: bytes) -> None:
    """Cells in another order, outputs that say 1.0, and the check's cell declared an answer."""
    book = json.loads(honest)
    _named(book, "relu_answer")["source"] = "def relu(x):\n    return torch.full_like(x, 7)"
    check = _named(book, "relu")
    shown = {"output_type": "execute_result", "data": {"text/plain": "1.0"}, "metadata": {}}
    check["outputs"] = [{**shown, "execution_count": 1}]
    check["metadata"]["nbgrader"] |= {"solution": True, "locked": False}
    book["cells"].remove(check)
    book["cells"].insert(0, check)
    _write(home, book)


@trick("full")
def _many_empty_cells(home: Path, honest: bytes) -> None:
    book = json.loads(honest)
    book["cells"] += [nbformat.v4.new_code_cell("", id=f"e{n}") for n in range(1500)]
    _write(home, book)


@trick("ungradable", "too-many-cells")
def _too_many_cells(home: Path, honest: bytes) -> None:
    book = json.loads(honest)
    book["cells"] += [nbformat.v4.new_code_cell("", id=f"e{n}") for n in range(40_000)]
    _write(home, book)


@trick("full")
def _attached_paths(home: Path, honest: bytes) -> None:
    """Attachments and metadata that name files of the machine."""
    book = json.loads(honest)
    cell = nbformat.v4.new_markdown_cell("![x](attachment:../../../quince)", id="attached")
    cell["attachments"] = {"../../../quince": {"image/png": "QQ=="}, "/etc/passwd": {"x": "y"}}
    book["cells"].insert(2, cell)
    book["metadata"] |= {"path": "/etc/passwd", "widgets": {"x": "y" * 100_000}}
    _write(home, book)


@trick("ungradable", "wrong-lab", family="costing")
def _marks_in_a_thousand_cells(home: Path, honest: bytes) -> None:
    """A thousand marks of no lab: lines for the instructor, in which those about others drown."""
    book = json.loads(honest)
    for number in range(1000):
        cell = nbformat.v4.new_code_cell("1", id=f"flood{number}")
        marks = {"grade": True, "grade_id": f"quince{number}", "locked": True, "points": 1}
        cell.metadata["nbgrader"] = {**marks, "schema_version": 3, "solution": False, "task": False}
        book["cells"].append(cell)
    _write(home, book)


@trick("full", family="costing")
def _hostile_markdown(home: Path, honest: bytes) -> None:
    """The student's own Markdown: brackets, raw HTML, scripts, frames, formulas, depth."""
    book = json.loads(honest)
    frame = "<iframe srcdoc=\"<script>parent.document.title='quince'</script>\"></iframe>"
    texts = ["[" * 200_000, "![" * 100_000, "[a](" * 100_000, "> " * 20_000, "- " * 20_000]
    texts += ["<script>quince()</script>", "<img src=x onerror=quince()>", "$" * 99_999]
    texts += ["[x](javascript:quince())", frame, "<svg onload=quince()>", "|a" * 50_000]
    texts += ["<div>" * 50_000, "<style>body{display:none}</style>", "&#x202e;" * 10_000]
    book["cells"][4:4] = [
        nbformat.v4.new_markdown_cell(text, id=f"md{number}") for number, text in enumerate(texts)
    ]
    _write(home, book)


@trick("full", family="costing")
def _stored_outputs(home: Path, honest: bytes) -> None:
    """Forged outputs of cells that grading skips or does not change."""
    book = json.loads(honest)
    script = "<script>document.title='quince'</script>"
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            data = {"text/html": script * 500, "text/plain": "1.0"}
            one = {"output_type": "display_data", "data": data, "metadata": {}}
            cell["outputs"] = [one] * 8
    _write(home, book)


# --- the project's weights -------------------------------------------------------------------


@weights("loses-trained_network", trained_network=0)
def _header_without_end(good: bytes) -> bytes:
    return struct.pack("<Q", 2**63) + good[8:]


@weights("loses-trained_network", trained_network=0)
def _deep_header(good: bytes) -> bytes:
    header = b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    return struct.pack("<Q", len(header)) + header


@weights("loses-trained_network", trained_network=0)
def _overlapping_tensors(good: bytes) -> bytes:
    """A thousand tensors in the same bytes: a small file, large in memory."""
    one = {"dtype": "F32", "shape": [1000], "data_offsets": [0, 4000]}
    header = json.dumps({f"t{number}": one for number in range(1000)}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4000)


@weights("loses-trained_network", trained_network=0)
def _huge_shapes(good: bytes) -> bytes:
    one = {"dtype": "F32", "shape": [2**40, 2**40, 0], "data_offsets": [0, 0]}
    header = json.dumps({"features.0.weight": one}).encode()
    return struct.pack("<Q", len(header)) + header


@weights("loses-trained_network", trained_network=0, family="poisoning")
def _armed_weights(good: bytes) -> bytes:
    return pickle.dumps(_Armed())


@weights("loses-trained_network", "too-large", trained_network=0, family="exhausting")
def _large_weights(good: bytes) -> bytes:
    return good[:8] + bytes(30 << 20)


class _Armed:
    """Leaves a file behind wherever it is unpickled."""

    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/quince",)


def _linked_weights(home: Path, honest: bytes) -> None:
    """The neighbour's weights, by a link."""
    (home / f"{WEIGHTS_LAB}.ipynb").write_bytes(honest)
    (home / WEIGHTS).symlink_to(f"../../zz-honest/{WEIGHTS_LAB}/{WEIGHTS}")


TRICKS.append(
    Trick(
        "linked-weights",
        _linked_weights,
        "loses-trained_network",
        ("symlink-refused",),
        {"trained_network": 0},
        "reading",
        WEIGHTS_LAB,
    )
)


def hand_in_weights(home: Path) -> None:
    """Good weights beside an honest notebook."""
    shutil.copyfile(
        find(Path(__file__).parent).samples(WEIGHTS_LAB) / "good.safetensors", home / WEIGHTS
    )
