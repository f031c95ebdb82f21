"""Handing in: what is safe is repaired, nothing is lost, and what is not is said."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch

from autograde.handing_in.normalise import Limits, normalise
from autograde.tree import find
from course import handin, weights
from course.__main__ import main
from course.handin import archive, looking
from course.handin.repair import repaired
from course.progress import facts, saved
from course.progress.saved import CHECK_MIME

LAB = "lab01_activations"
TREE = find(Path(__file__).parent)
ANSWER = "def relu(x):\n    return x.clamp(min=0)"

Book = dict[str, Any]
Change = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def book() -> Book:
    """The released notebook with an answer in it."""
    found = json.loads(TREE.student(LAB).read_text())
    at(found["cells"], "relu_answer")["source"] = ANSWER
    return found


def at(cells: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(cell for cell in cells if saved.grade_id(cell) == name)


def names(book: Book) -> list[str]:
    return [name for cell in saved.cells(book) if (name := saved.grade_id(cell))]


def drop(name: str) -> Change:
    return lambda cells: cells.remove(at(cells, name))


def twice(name: str, source: str | None = None) -> Change:
    def change(cells: list[dict[str, Any]]) -> None:
        copy = deepcopy(at(cells, name))
        copy["source"] = copy["source"] if source is None else source
        cells.insert(cells.index(at(cells, name)) + 1, copy)

    return change


def put(name: str, **values: Any) -> Change:
    return lambda cells: at(cells, name).update(values)


def unmark(name: str) -> Change:
    def change(cells: list[dict[str, Any]]) -> None:
        cell = at(cells, name)
        cell["metadata"] = {}
        cell["id"] = f"copied-{name}"

    return change


def more_points(cells: list[dict[str, Any]]) -> None:
    at(cells, "relu")["metadata"]["nbgrader"]["points"] = 100


SAFE: dict[str, tuple[Change, str]] = {
    "a check deleted": (drop("relu"), "the check of 1.3 · The rectifier was not there"),
    "an answer deleted": (drop("elu_answer"), "the answer cell of 1.5 · ELU was not there"),
    "a check changed": (put("relu", source="check('relu', points=9)"), "is as released again"),
    "a check copied": (twice("relu"), "was there 2 times; one is left"),
    "an answer copied": (twice("relu_answer"), "was there 2 times; one is left"),
    "an untouched copy": (
        twice("relu_answer", 'def relu(x):\n    """."""'),
        "both are the answer cell of 1.3 · The rectifier",
    ),
    "marks lost": (unmark("relu_answer"), "had lost its mark, and has it again"),
    "marks changed": (more_points, "the mark of the check of 1.3 · The rectifier was changed"),
    "answer as text": (put("relu_answer", cell_type="markdown"), "of type markdown"),
}


@pytest.mark.parametrize("name", SAFE)
def test_is_every_damage_told_and_the_answer_kept(book: Book, name: str) -> None:
    change, told = SAFE[name]
    change(book["cells"])
    before = deepcopy(book)
    sound, lines = repaired(book, facts(LAB))
    assert book == before
    assert any(told in line.found for line in lines), lines
    assert all(line.advice for line in lines)
    assert ANSWER in [saved.source(cell) for cell in sound["cells"]]
    if all(line.status == "warn" for line in lines):
        assert names(sound) == [saved.grade_id(cell) for cell in facts(LAB).cells]
        again, lines = repaired(sound, facts(LAB))
        assert (again, lines) == (sound, [])


def test_is_a_repaired_notebook_what_the_grader_makes_of_it(book: Book) -> None:
    """The grader has nothing left to say, and sees the same answers."""
    for name in ("a check deleted", "a check changed", "marks lost", "an answer copied"):
        change, _ = SAFE[name]
        damaged = deepcopy(book)
        change(damaged["cells"])
        sound, _ = repaired(damaged, facts(LAB))
        import nbformat

        release = nbformat.read(TREE.student(LAB), as_version=4)
        found = normalise(json.dumps(sound).encode(), release)
        assert found.flags == (), name


def test_is_work_in_a_locked_cell_kept(book: Book) -> None:
    put("relu", source="def helper(x):\n    return x\n")(book["cells"])
    sound, _ = repaired(book, facts(LAB))
    assert "def helper(x):\n    return x\n" in [saved.source(cell) for cell in sound["cells"]]
    assert saved.source(at(sound["cells"], "relu")).startswith("from course.labs")


def test_can_two_answers_not_be_told_apart(book: Book) -> None:
    twice("relu_answer", "def relu(x):\n    return abs(x)")(book["cells"])
    sound, (line, _) = repaired(book, facts(LAB))
    assert line.status == "fail"
    assert "with different text" in line.found
    assert "delete the other cell" in line.advice
    assert names(sound).count("relu_answer") == 2


def test_is_an_older_notebook_without_ids_read(book: Book) -> None:
    for cell in book["cells"]:
        cell.pop("id", None)
        cell["source"] = saved.source(cell).splitlines(keepends=True)
    book["nbformat_minor"] = 0
    drop("elu")(book["cells"])
    sound, (line,) = repaired(book, facts(LAB))
    assert "1.5" in line.found
    assert not [cell for cell in sound["cells"] if "id" in cell]


# The file ---------------------------------------------------------------------------------------


def place(folder: Path, book: Book, lab: str = LAB) -> Path:
    path = folder / lab / f"{lab}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(book))
    return path


def passed(book: Book, name: str, points: float) -> None:
    data = {
        CHECK_MIME: {"check": name, "earned": points, "points": points, "outcome": "passed"},
        "text/plain": "",
    }
    output = {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}
    at(book["cells"], name)["outputs"] = [output]


def test_is_one_archive_written_with_notebook_and_receipt(
    tmp_path: Path, book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    passed(book, "relu", 1)
    path = place(tmp_path / "labs", book)
    monkeypatch.chdir(tmp_path)
    assert main(["handin", "lab01"]) == 0
    told = capsys.readouterr().out
    assert f"{LAB}-handin.zip is ready: hand in this file" in told
    assert "1 of 30 points by visible checks" in told
    assert "not written yet: 1.14" in told
    with zipfile.ZipFile(path.with_name(f"{LAB}-handin.zip")) as packed:
        assert packed.namelist() == [f"{LAB}.ipynb", "receipt.json"]
        assert json.loads(packed.read(f"{LAB}.ipynb")) == book
        receipt = json.loads(packed.read("receipt.json"))
    points = receipt["points of visible checks, as shown in the notebook"]
    assert (points["relu"], sum(points.values())) == (1, 1)
    assert receipt["files"][f"{LAB}.ipynb"]["bytes"] > 1000


def test_does_a_repair_keep_what_was_there(tmp_path: Path, book: Book) -> None:
    drop("relu")(book["cells"])
    path = place(tmp_path, book)
    found = handin.from_file(path, LAB)
    assert found.ready
    assert "relu" in names(json.loads(path.read_text()))
    (kept,) = path.parent.glob("*-before-repair-*.ipynb")
    assert json.loads(kept.read_text()) == book
    assert "Reload Notebook from Disk" in str(found)
    handin.from_file(path, LAB)
    assert len(list(path.parent.glob("*-before-repair-*"))) == 1  # nothing left to repair


def test_are_many_repairs_of_one_kind_counted(tmp_path: Path, book: Book) -> None:
    """As with a notebook that was begun before the checks were released anew."""
    for one in facts(LAB).checked:
        at(book["cells"], one.name)["source"] = f'check("{one.name}", points={one.points})'
    told = handin.from_file(place(tmp_path, book), LAB)
    assert str(told).count("is as released again") == looking.MOST
    assert "9 more cells were put right in the same way" in str(told)
    assert told.ready


def test_is_a_notebook_whose_marks_are_all_lost_put_right(tmp_path: Path, book: Book) -> None:
    for cell in book["cells"]:
        cell["metadata"].pop("nbgrader", None)
    path = place(tmp_path, book)
    assert handin.from_file(path, LAB).ready
    assert names(json.loads(path.read_text())) == [saved.grade_id(c) for c in facts(LAB).cells]


def test_does_only_looking_leave_the_file(tmp_path: Path, book: Book) -> None:
    drop("relu")(book["cells"])
    path = place(tmp_path, book)
    handin.from_file(path, LAB, write=False)
    assert json.loads(path.read_text()) == book


def test_go_the_weights_along(tmp_path: Path) -> None:
    lab = "lab07_summary"
    path = place(tmp_path, json.loads(TREE.student(lab).read_text()), lab)
    without = handin.from_file(path, lab)
    assert without.archive is not None
    assert not without.ready
    assert "network.safetensors" in str(without)
    weights.save(torch.nn.Linear(2, 2), path.with_name("network.safetensors"))
    assert handin.from_file(path, lab).ready
    with zipfile.ZipFile(path.with_name(f"{lab}-handin.zip")) as packed:
        assert packed.namelist() == [f"{lab}.ipynb", "network.safetensors", "receipt.json"]


def test_is_a_large_notebook_packed_without_its_figures(tmp_path: Path, book: Book) -> None:
    passed(book, "relu", 1)
    cell = next(cell for cell in book["cells"] if cell["cell_type"] == "code")
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 21_000_000}]
    found = handin.from_file(place(tmp_path, book), LAB)
    assert found.ready
    assert "without its figures" in str(found)
    assert found.archive is not None
    with zipfile.ZipFile(found.archive) as packed:
        lean = json.loads(packed.read(f"{LAB}.ipynb"))
    assert saved.results(lean)["relu"].earned == 1
    assert Limits().max_bytes == archive.LARGEST


@pytest.mark.slow
def test_does_a_fresh_kernel_tell_what_leans_on_the_past(tmp_path: Path, book: Book) -> None:
    setup = [cell for cell in book["cells"] if "setup" in cell["metadata"].get("tags", ())]
    marked = [cell for cell in book["cells"] if saved.grade_id(cell)]
    book["cells"] = [*setup, *marked]
    at(book["cells"], "relu_answer")["source"] = "def relu(x):\n    return helper(x)"
    at(book["cells"], "sigmoid_answer")["source"] = "remembered + 1"
    for name in ("relu", "tanh"):
        passed(book, name, 1 if name == "relu" else 2)
    at(book["cells"], "leaky_relu_answer")["source"] = (
        "def leaky_relu(x, slope=0.01):\n    return x"
    )
    path = place(tmp_path, book)
    before = str(handin.from_file(path, LAB))
    assert "3 of 30 points by visible checks, as the notebook shows them" in before
    assert "written, not checked yet: 1.1, 1.4" in before
    told = str(handin.from_file(path, LAB, run=True))
    # What was run just now is not called unrun, and what is wrong not unwritten.
    assert "0 of 30 points by visible checks, run in a fresh kernel (the notebook shows 3)" in told
    assert "not checked" not in told
    assert re.search(r"not written yet: 1\.2, .*; not right yet: 1\.1, 1\.3, 1\.4", told)
    assert "the cell that begins with `remembered + 1` stops: NameError" in told
    assert "fewer points: 1.2 · The hyperbolic tangent (0 instead of 2), 1.3" in told
