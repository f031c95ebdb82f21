"""Untrusted bytes to a well-formed notebook. The release here is small and built by hand."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode

from autograde.handing_in.normalise import Flag, Limits, Normalised, normalise

Book = dict[str, Any]

STUBS = {
    "sigmoid_answer": "def sigmoid(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()",
    "relu_answer": (
        "def relu(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()\n\n"
        "def relu_grad(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    ),
    "why": "YOUR ANSWER HERE",
}
SIGMOID = "def sigmoid(x):\n    return 1 / (1 + (-x).exp())"
RELU = "def relu(x):\n    return x.clamp(min=0)\n\ndef relu_grad(x):\n    return (x > 0) * 1.0"
WHY = "Because gradients vanish."
ANSWERS = {"sigmoid_answer": SIGMOID, "relu_answer": RELU, "why": WHY}
EXPLORE = "values = torch.linspace(-5, 5, 100)\nplot(values, sigmoid(values), relu(values))"
GRADED = ["sigmoid", "relu", "why"]


def plain(name: str, kind: str, source: str, *tags: str) -> Book:
    cell: Book = {"id": name, "cell_type": kind, "metadata": {}, "source": source}
    if tags:
        cell["metadata"]["tags"] = list(tags)
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def marked(name: str, kind: str, source: str, points: int | None, solution: bool) -> Book:
    marks = {
        "schema_version": 3,
        "grade_id": name,
        "grade": points is not None,
        "solution": solution,
        "locked": not solution,
        "task": False,
        "cell_type": kind,
    }
    cell = plain(name, kind, source)
    cell["metadata"]["nbgrader"] = marks | ({} if points is None else {"points": points})
    return cell


def make_release() -> NotebookNode:
    from nbgrader.utils import compute_checksum

    cells = [
        plain("title", "markdown", "# Lab 1 · Activations"),
        plain("boot", "code", "import course", "bootstrap"),
        plain("setup", "code", "import torch\nfrom course import check, plot", "setup"),
        plain("intro", "markdown", "## Exercise 1.1 · Sigmoid\n\nWrite the logistic function."),
        marked("sigmoid_answer", "code", STUBS["sigmoid_answer"], None, True),
        marked("sigmoid", "code", "check('sigmoid', points=2)", 2, False),
        plain("next", "markdown", "## Exercise 1.2 · ReLU and its derivative"),
        marked("relu_answer", "code", STUBS["relu_answer"], None, True),
        marked("relu", "code", "check('relu', points=3)", 3, False),
        plain("look", "code", EXPLORE, "explore"),
        marked("rules", "markdown", "Answer in two sentences.", None, False),
        marked("why", "markdown", STUBS["why"], 4, True),
        plain("end", "markdown", "That was activations."),
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": cells}
    release = nbformat.from_dict(book)
    for cell in release.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
    return release


RELEASE = make_release()
RELEASED = nbformat.writes(RELEASE)
LOCKED = {c.id for c in RELEASE.cells if c.metadata.get("nbgrader", {}).get("locked")}


def handed_in(answers: dict[str, str] = ANSWERS) -> Book:
    """The release with its answers filled in, as plain JSON values."""
    book = json.loads(RELEASED)
    for cell in book["cells"]:
        cell["source"] = answers.get(cell["id"], "".join(cell["source"]))
    return book


def at(book: Book, name: str) -> int:
    return next(i for i, cell in enumerate(book["cells"]) if cell.get("id") == name)


def cell_of(book: Book, name: str) -> Book:
    return book["cells"][at(book, name)]


def own(source: str, name: str = "mine") -> Book:
    return plain(name, "code", source)


def run(book: Any) -> Normalised:
    return normalise(json.dumps(book).encode(), RELEASE)


def notebook(result: Normalised) -> NotebookNode:
    assert result.notebook is not None
    return result.notebook


def source(result: Normalised, name: str) -> str:
    return next(c.source for c in notebook(result).cells if c.id == name)


def order(result: Normalised) -> list[str]:
    return [cell.id for cell in notebook(result).cells]


def told(result: Normalised) -> list[tuple[str, str, str]]:
    return [(flag.code, flag.severity, flag.cell) for flag in result.flags]


def without_marks(book: Book, *, ids: bool = False) -> Book:
    for cell in book["cells"]:
        cell["metadata"].pop("nbgrader", None)
        if not ids:
            cell.pop("id")
    return book


def assert_sound(result: Normalised) -> None:
    """What must hold whatever was handed in."""
    whole = [flag for flag in result.flags if flag.severity == "ungradable" and not flag.cell]
    assert (result.notebook is None) == bool(whole)
    assert all(flag.message.isprintable() for flag in result.flags)
    if result.notebook is None:
        return
    nbformat.validate(result.notebook)
    ids = order(result)
    assert len(set(ids)) == len(ids)
    found = [c for c in result.notebook.cells if c.metadata.get("nbgrader")]
    wanted = [c for c in RELEASE.cells if c.metadata.get("nbgrader")]
    assert [(c.id, c.cell_type, c.metadata) for c in found] == [
        (c.id, c.cell_type, c.metadata) for c in wanted
    ]
    assert {c.id: c.source for c in found if c.id in LOCKED} == {
        c.id: c.source for c in wanted if c.id in LOCKED
    }
    again = normalise(nbformat.writes(result.notebook).encode(), RELEASE)
    assert again.notebook == result.notebook
    assert [flag for flag in again.flags if flag.severity != "info"] == []


# --- honest notebooks ---------------------------------------------------------------------------


def test_does_the_release_come_out_as_it_went_in() -> None:
    result = run(RELEASE)
    assert notebook(result) == RELEASE
    assert result.flags == ()


def test_does_nbgrader_accept_a_mended_notebook() -> None:
    """``assert_sound`` compares with the release; here nbgrader itself looks."""
    from nbgrader.nbgraderformat import MetadataValidator

    book = copied(without_marks(handed_in(), ids=True), "sigmoid_answer")
    del book["cells"][at(book, "relu")]
    MetadataValidator().validate_nb(notebook(run(book)))


LABS = sorted((Path(__file__).parents[3] / "labs").glob("*/*.ipynb"))


@pytest.mark.parametrize("path", LABS, ids=lambda path: path.stem)
def test_does_a_real_lab_come_out_as_it_went_in_also_without_ids_and_marks(path: Path) -> None:
    release = nbformat.read(path, as_version=4)
    assert normalise(path.read_bytes(), release) == Normalised(release, ())
    book = without_marks(json.loads(path.read_text()))
    assert normalise(json.dumps(book).encode(), release).notebook == release


def test_does_an_answered_notebook_keep_its_answers_and_lose_its_outputs() -> None:
    book = handed_in()
    cell = cell_of(book, "sigmoid_answer")
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "<script>"}]
    cell["execution_count"] = 7
    book["metadata"]["widgets"] = {"state": {}}
    result = run(book)
    assert {name: source(result, name) for name in ANSWERS} == ANSWERS
    assert all(not c.outputs for c in notebook(result).cells if c.cell_type == "code")
    assert notebook(result).metadata == RELEASE.metadata
    assert result.flags == ()
    assert_sound(result)


def test_can_nbgrader_tell_an_unanswered_cell_that_an_editor_touched() -> None:
    from nbgrader.utils import compute_checksum

    result = run(handed_in({"why": "YOUR ANSWER HERE  \r\n"}))
    cell = next(c for c in notebook(result).cells if c.id == "why")
    assert compute_checksum(cell) == cell.metadata.nbgrader.checksum


def test_is_what_colab_saves_read_without_a_word() -> None:
    """No cell ids, nbformat 4.0, an edited setup cell and an edited experiment."""
    book = handed_in() | {"nbformat_minor": 0}
    cell_of(book, "setup")["source"] += "\nimport math"
    cell_of(book, "look")["source"] = EXPLORE.replace("100", "200")
    book["metadata"]["colab"] = {"provenance": []}
    for number, cell in enumerate(book["cells"]):
        del cell["id"]
        cell["metadata"] |= {"id": f"c{number}", "colab": {"base_uri": "x"}, "outputId": "o"}
    result = run(book)
    assert order(result) == [cell.id for cell in RELEASE.cells]
    assert source(result, "setup").endswith("import math")
    assert "200" in source(result, "look")
    assert result.flags == ()


def test_is_a_picture_in_a_written_answer_kept() -> None:
    book = handed_in()
    picture = {"image.png": {"image/png": "iVBORw0KGgo=", "text/html": "<script>"}}
    cell_of(book, "why")["attachments"] = picture | {"bad": 3}
    cell = next(c for c in notebook(run(book)).cells if c.id == "why")
    assert cell.attachments == {"image.png": {"image/png": "iVBORw0KGgo="}}


def test_is_an_old_notebook_format_read() -> None:
    cells = []
    for cell in handed_in()["cells"]:
        old = {"cell_type": cell["cell_type"], "metadata": cell["metadata"]}
        key = "input" if cell["cell_type"] == "code" else "source"
        cells.append(old | {key: cell["source"].splitlines(keepends=True)})
    cells.append({"cell_type": "heading", "level": 2, "source": "Notes", "metadata": {}})
    result = run({"nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells}]})
    assert {name: source(result, name) for name in ANSWERS} == ANSWERS
    assert notebook(result).cells[-1].source == "## Notes"
    assert told(result) == [("format-upgraded", "info", "")]


# --- the student's own cells --------------------------------------------------------------------


def test_does_a_helper_stay_before_the_exercise_that_needs_it() -> None:
    book = handed_in()
    book["cells"].insert(at(book, "relu_answer"), own("def clip(x): return x"))
    result = run(book)
    ids = order(result)
    assert ids.index("next") < ids.index("mine") < ids.index("relu_answer")
    assert notebook(result).cells[ids.index("mine")].metadata == {}
    assert result.flags == ()


def test_does_a_helper_run_before_the_check_that_was_deleted_after_it() -> None:
    book = handed_in()
    book["cells"][at(book, "sigmoid")] = own("def stable(x): return x")
    result = run(book)
    ids = order(result)
    assert ids.index("sigmoid_answer") < ids.index("mine") < ids.index("sigmoid")
    assert told(result) == [("missing-cell", "info", "sigmoid")]


def test_does_a_restored_setup_cell_run_before_the_students_own_cells() -> None:
    book = handed_in()
    book["cells"][at(book, "setup")] = own("device = torch.device('cpu')")
    result = run(book)
    assert order(result)[:5] == ["title", "boot", "setup", "mine", "intro"]


def test_does_deleted_prose_stay_deleted() -> None:
    book = handed_in()
    for name in ("title", "look", "end"):
        del book["cells"][at(book, name)]
    result = run(book)
    assert not {"title", "look", "end"} & set(order(result))
    assert result.flags == ()


def test_is_the_releases_order_restored_and_told() -> None:
    book = handed_in()
    book["cells"].append(book["cells"].pop(at(book, "sigmoid_answer")))
    result = run(book)
    assert order(result) == [cell.id for cell in RELEASE.cells]
    assert told(result) == [("order-restored", "attention", "")]


def test_does_a_helper_run_before_its_exercise_where_cells_were_moved() -> None:
    book = handed_in()
    moved = book["cells"].pop(at(book, "relu_answer"))
    where = at(book, "sigmoid_answer")
    book["cells"][where:where] = [moved, own("def stable(x): return x")]
    ids = order(run(book))
    assert ids.index("mine") < ids.index("sigmoid_answer") < ids.index("relu_answer")


@pytest.mark.parametrize("bad", ["sigmoid", "look", "mine", "no spaces", "x" * 65, "a\n", 7])
def test_are_ids_of_own_cells_made_valid_and_unique(bad: Any) -> None:
    book = handed_in()
    book["cells"] += [own("a = 1"), own("a = 1") | {"id": bad}, own("a = 1") | {"id": bad}]
    result = run(book)
    assert [cell.source for cell in notebook(result).cells][-3:] == ["a = 1"] * 3
    assert_sound(result)


# --- copies -------------------------------------------------------------------------------------


def copied(book: Book, name: str, text: str | None = None, shift: int = 1) -> Book:
    cell = copy.deepcopy(cell_of(book, name)) | {"id": "copy"}
    book["cells"].insert(at(book, name) + shift, cell | ({"source": text} if text else {}))
    return book


@pytest.mark.parametrize("text", [SIGMOID, STUBS["sigmoid_answer"], "\n"])
def test_do_copies_that_add_nothing_collapse(text: str) -> None:
    result = run(copied(handed_in(), "sigmoid_answer", text))
    assert order(result) == [cell.id for cell in RELEASE.cells]
    assert source(result, "sigmoid_answer") == SIGMOID
    assert told(result) == [("duplicate-cell", "info", "sigmoid_answer")]


def test_is_the_answer_found_in_a_copy_of_an_untouched_cell() -> None:
    book = copied(handed_in({}), "sigmoid_answer", SIGMOID, shift=4)
    assert source(run(book), "sigmoid_answer") == SIGMOID


def test_do_different_answers_both_stay_in_the_order_in_which_the_student_ran_them() -> None:
    other = SIGMOID.replace("1 /", "1.0 /")
    result = run(copied(handed_in(), "sigmoid_answer", other))
    ids = order(result)
    assert source(result, "sigmoid_answer") == SIGMOID
    assert ids[ids.index("sigmoid_answer") + 1] == "copy"
    assert source(result, "copy") == other
    (flag,) = result.flags
    assert (flag.code, flag.severity, flag.cell) == (
        "duplicate-cell",
        "attention",
        "sigmoid_answer",
    )
    assert "cells 5, 6 of the file" in flag.message
    assert_sound(result)


def test_does_a_scratch_copy_lose_to_the_cell_that_defines_the_function() -> None:
    """Even where the scratch cell is the original, by its id and by coming first."""
    book = copied(handed_in(), "sigmoid_answer", SIGMOID)
    cell_of(book, "sigmoid_answer")["source"] = "sigmoid(torch.zeros(3))"
    result = run(book)
    assert source(result, "sigmoid_answer") == SIGMOID
    ids = order(result)
    scratch = notebook(result).cells[ids.index("sigmoid_answer") - 1]
    assert scratch.source == "sigmoid(torch.zeros(3))"


def test_does_the_original_cell_win_over_a_copy_put_before_it() -> None:
    other = SIGMOID.replace("1 /", "1.0 /")
    result = run(copied(handed_in(), "sigmoid_answer", other, shift=0))
    ids = order(result)
    assert source(result, "sigmoid_answer") == SIGMOID
    assert ids.index("copy") == ids.index("sigmoid_answer") - 1


@pytest.mark.parametrize(
    ("text", "severity"), [(None, "info"), ("check('sigmoid', points=200)", "attention")]
)
def test_is_a_copy_of_a_check_left_out(text: str | None, severity: str) -> None:
    result = run(copied(handed_in(), "sigmoid", text))
    assert order(result) == [cell.id for cell in RELEASE.cells]
    assert ("duplicate-cell", severity, "sigmoid") in told(result)


# --- missing and stripped -----------------------------------------------------------------------


def test_is_a_missing_answer_restored_unanswered() -> None:
    book = handed_in()
    del book["cells"][at(book, "relu_answer")]
    result = run(book)
    assert source(result, "relu_answer") == STUBS["relu_answer"]
    assert told(result) == [("missing-cell", "attention", "relu_answer")]
    assert_sound(result)


def test_are_stripped_cells_recovered_by_their_cell_ids() -> None:
    result = run(without_marks(handed_in(), ids=True))
    assert {name: source(result, name) for name in ANSWERS} == ANSWERS
    assert set(told(result)) == {("metadata-recovered", "info", name) for name in ANSWERS}
    assert_sound(result)


def test_are_cell_ids_also_read_where_colab_puts_them() -> None:
    book = without_marks(handed_in({"why": WHY, "relu_answer": "x = 1"}), ids=True)
    for cell in book["cells"]:
        cell["metadata"]["id"] = cell.pop("id")
    assert source(run(book), "relu_answer") == "x = 1"


def test_is_a_cell_id_not_believed_against_the_code() -> None:
    book = without_marks(handed_in({"sigmoid_answer": RELU}), ids=True)
    del book["cells"][at(book, "relu_answer")]
    result = run(book)
    assert source(result, "relu_answer") == RELU
    assert source(result, "sigmoid_answer") == STUBS["sigmoid_answer"]
    assert_sound(result)


def test_is_an_entirely_stripped_notebook_recovered_by_code_and_place() -> None:
    result = run(without_marks(handed_in()))
    assert {name: source(result, name) for name in ANSWERS} == ANSWERS
    assert told(result) == [
        ("metadata-recovered", "info", "sigmoid_answer"),
        ("metadata-recovered", "info", "relu_answer"),
        ("metadata-recovered", "attention", "why"),
    ]
    assert_sound(result)


@pytest.mark.parametrize(
    "code",
    [
        "def sigmoid(x)\n    return (",
        "%%time\n!nvidia-smi\ndef sigmoid(x):\n    return x",
        "@cache\nclass sigmoid:\n    pass",
        "it's = '\nasync def sigmoid(x): ...",
    ],
)
def test_is_an_answer_recognised_by_code_that_python_can_not_parse(code: str) -> None:
    result = run(without_marks(handed_in(ANSWERS | {"sigmoid_answer": code})))
    assert source(result, "sigmoid_answer") == code


@pytest.mark.parametrize(
    "code",
    [
        "text = '''\ndef sigmoid(x):\n'''",
        'text = """\\"""\ndef sigmoid(x):\n',
        "# '''\nclass A:\n    def sigmoid(x): ...\n",
        "x = 'def sigmoid(x)'",
    ],
)
def test_is_text_that_looks_like_the_answer_not_taken_for_it(code: str) -> None:
    result = run(without_marks(handed_in(ANSWERS | {"sigmoid_answer": code})))
    assert source(result, "sigmoid_answer") == STUBS["sigmoid_answer"]
    assert ("missing-cell", "attention", "sigmoid_answer") in told(result)


def test_is_nothing_chosen_between_two_candidates_and_does_their_code_run() -> None:
    book = without_marks(handed_in())
    book["cells"].insert(5, own(SIGMOID + "  # better"))
    result = run(book)
    assert ("ambiguous-answer", "ungradable", "sigmoid_answer") in told(result)
    assert source(result, "sigmoid_answer").startswith("# This cell was not in the notebook")
    code = "\n".join(cell.source for cell in notebook(result).cells)
    assert STUBS["sigmoid_answer"] not in code
    assert code.index(SIGMOID) < code.index("# better") < code.index("check('sigmoid'")
    assert_sound(result)


def test_do_answers_merged_into_one_cell_count() -> None:
    book = handed_in()
    cell_of(book, "sigmoid_answer")["source"] = SIGMOID + "\n\n" + RELU
    del book["cells"][at(book, "relu_answer")]
    result = run(book)
    assert "NotImplementedError" not in "".join(c.source for c in notebook(result).cells)
    assert told(result) == [("merged-answer", "attention", "relu_answer")]
    assert_sound(result)


def test_does_a_split_answer_without_marks_run_and_get_a_flag() -> None:
    first, second = RELU.split("\n\n")
    book = handed_in()
    book["cells"][at(book, "relu_answer") : at(book, "relu")] = [own(first), own(second, "b")]
    result = run(book)
    assert told(result) == [("ambiguous-answer", "ungradable", "relu_answer")]
    assert order(result)[7:11] == ["relu_answer", "mine", "b", "relu"]
    assert STUBS["relu_answer"] not in [cell.source for cell in notebook(result).cells]


def test_is_a_renamed_answer_recognised() -> None:
    book = handed_in()
    cell = cell_of(book, "sigmoid_answer")
    cell["metadata"]["nbgrader"]["grade_id"] = "sigmoid-answer\u202e"
    cell["id"] = "other"
    result = run(book)
    assert source(result, "sigmoid_answer") == SIGMOID
    (flag,) = result.flags
    assert (flag.code, flag.cell) == ("renamed-id", "sigmoid_answer")
    assert r"sigmoid-answer\u202e" in flag.message


def test_do_swapped_ids_go_back() -> None:
    book = handed_in()
    first, second = cell_of(book, "sigmoid_answer"), cell_of(book, "relu_answer")
    first["metadata"], second["metadata"] = second["metadata"], first["metadata"]
    result = run(book)
    assert {name: source(result, name) for name in ANSWERS} == ANSWERS
    assert {code for code, _, _ in told(result)} == {"renamed-id"}
    assert_sound(result)


def test_is_a_stripped_written_answer_never_guessed_between_two() -> None:
    book = handed_in()
    cell_of(book, "why")["metadata"] = {}
    cell_of(book, "why")["id"] = "lost"
    book["cells"].insert(at(book, "lost"), plain("note", "markdown", "My notes."))
    result = run(book)
    assert source(result, "why") == STUBS["why"]
    assert {"lost", "note"} < set(order(result))
    assert told(result) == [("ambiguous-answer", "ungradable", "why")]


# --- changed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_is_the_type_of_an_answer_restored_and_its_text_kept(kind: str) -> None:
    book = handed_in()
    cell_of(book, "sigmoid_answer")["cell_type"] = kind
    result = run(book)
    assert source(result, "sigmoid_answer") == SIGMOID
    assert told(result) == [("cell-type-restored", "attention", "sigmoid_answer")]
    assert_sound(result)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("sigmoid", "points", 100),
        ("sigmoid", "points", [[]]),
        ("sigmoid", "grade", False),
        ("why", "solution", "no"),
        ("sigmoid_answer", "locked", True),
    ],
)
def test_are_changed_marks_restored_and_told(name: str, key: str, value: Any) -> None:
    book = handed_in()
    cell_of(book, name)["metadata"]["nbgrader"][key] = value
    result = run(book)
    assert told(result) == [("marks-restored", "attention", name)]
    assert_sound(result)


def test_is_an_edited_check_put_back() -> None:
    book = handed_in()
    cell_of(book, "sigmoid")["source"] = "print('2 of 2 points')"
    result = run(book)
    assert order(result) == [cell.id for cell in RELEASE.cells]
    assert told(result) == [("locked-cell-restored", "info", "sigmoid")]
    assert_sound(result)


def test_is_a_function_written_into_a_check_cell_kept() -> None:
    text = "def helper(x):\n    return x\ncheck('sigmoid', points=2)"
    book = handed_in()
    cell_of(book, "sigmoid")["source"] = text
    result = run(book)
    ids = order(result)
    assert notebook(result).cells[ids.index("sigmoid") - 1].source == text
    assert told(result) == [("locked-cell-restored", "attention", "sigmoid")]
    assert_sound(result)


def test_is_a_strange_kernel_replaced() -> None:
    book = handed_in()
    book["metadata"]["kernelspec"] = {"name": "evil", "argv": ["sh"], "language": "python"}
    result = run(book)
    assert notebook(result).metadata == RELEASE.metadata
    assert told(result) == [("kernelspec-replaced", "info", "")]


# --- files that are no notebook of this lab -----------------------------------------------------


def nested(depth: int) -> bytes:
    return b'{"cells": ' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize(
    ("data", "code", "hint"),
    [
        (b"", "empty-file", "empty"),
        (b" \n", "empty-file", "empty"),
        (b"PK\x03\x04....", "not-json", "zip"),
        (b"<!DOCTYPE html>", "not-json", "web page"),
        (b"%PDF-1.7", "not-json", "PDF"),
        (b'{"cells": [{"cell_type": "co', "not-json", "breaks off"),
        (b'{"cells": [],}', "not-json", "line 1, column 14"),
        (b"{\n<<<<<<< HEAD\n=======\n>>>>>>> theirs\n}", "not-json", "conflict"),
        (b"\x80\x81\xff", "not-json", "JSON"),
        (b"[1, 2]", "not-a-notebook", "list"),
        (b'{"a": 1}', "not-a-notebook", "list of cells"),
        (b'{"cells": {}, "worksheets": 3}', "not-a-notebook", "list of cells"),
        (nested(100_000), "nested-too-deep", "deep"),
        (b'{"cells": []}', "nothing-recognised", "sigmoid"),
        (b'{"cells": [NaN, 1' + b"0" * 9999 + b"]}", "nothing-recognised", "sigmoid"),
    ],
)
def test_does_the_message_say_what_the_file_is(data: bytes, code: str, hint: str) -> None:
    result = normalise(data, RELEASE)
    assert result.notebook is None
    assert (result.flags[-1].code, result.flags[-1].severity) == (code, "ungradable")
    assert hint in result.flags[-1].message


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(max_bytes=1000), "too-large"),
        (Limits(max_cells=12), "too-many-cells"),
        (Limits(max_containers=20), "too-large"),
    ],
)
def test_is_nothing_read_above_a_limit(limits: Limits, code: str) -> None:
    result = normalise(json.dumps(handed_in()).encode(), RELEASE, limits=limits)
    assert [flag.code for flag in result.flags] == [code]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-le"])
def test_are_other_unicode_encodings_read(encoding: str) -> None:
    book = handed_in(ANSWERS | {"why": "Потому что."})
    result = normalise(json.dumps(book, ensure_ascii=False).encode(encoding), RELEASE)
    assert source(result, "why") == "Потому что."
    assert told(result) == [("not-utf8", "info", "")]


def test_is_a_file_in_an_unknown_encoding_read_and_told() -> None:
    book = handed_in(ANSWERS | {"why": "naïve"})
    result = normalise(json.dumps(book, ensure_ascii=False).encode("latin-1"), RELEASE)
    assert source(result, "why") == "naïve"
    assert told(result) == [("not-utf8", "attention", "")]


def test_does_half_a_surrogate_pair_not_break_what_is_written() -> None:
    result = run(handed_in(ANSWERS | {"why": "\ud83d \ude00"}))
    assert source(result, "why") == "\ufffd \ufffd"
    nbformat.writes(notebook(result)).encode()


def other_lab(*shared: str) -> Book:
    book = handed_in()
    for cell in book["cells"]:
        marks = cell["metadata"].get("nbgrader")
        if marks and marks["grade_id"] not in shared:
            marks["grade_id"] = f"conv_{marks['grade_id']}"
            cell["source"] = f"def conv_{cell['id']}(x): ..."
        cell["id"] = f"o-{cell['id']}"
    return book


@pytest.mark.parametrize("shared", [[], ["why"], ["rules"]])
def test_is_another_labs_notebook_named_by_its_ids(shared: list[str]) -> None:
    result = run(other_lab(*shared))
    assert result.notebook is None
    (flag,) = result.flags
    assert flag.code == "wrong-lab"
    assert "conv_sigmoid" in flag.message
    assert "sigmoid_answer, sigmoid, relu_answer" in flag.message


def test_is_a_notebook_with_none_of_the_graded_cells_left_to_a_person() -> None:
    book = handed_in()
    book["cells"] = [cell_of(book, name) for name in ("boot", "setup", "rules")]
    result = run(book)
    assert (result.notebook, told(result)) == (None, [("nothing-recognised", "ungradable", "")])


def test_are_cells_of_another_lab_kept_as_ordinary_ones() -> None:
    book = handed_in()
    book["cells"].append(marked("conv", "code", "def conv(x): ...", 9, False))
    result = run(book)
    assert notebook(result).cells[-1].metadata == {}
    assert told(result) == [("unknown-grade-id", "info", "")]


@pytest.mark.parametrize(
    "broken",
    [
        3,
        {},
        {"cell_type": ["code"], "source": "a = 1"},
        {"cell_type": "code", "source": {"a": 1}, "metadata": {}},
        {"cell_type": "code", "source": ["a = 1", 2], "metadata": []},
        {"cell_type": "heading", "source": "a = 1", "level": []} | {"source": None},
    ],
)
def test_is_a_broken_cell_told_and_the_rest_read(broken: Any) -> None:
    book = handed_in()
    book["cells"].insert(0, broken)
    result = run(book)
    assert {name: source(result, name) for name in ANSWERS} == ANSWERS
    assert told(result) == [("broken-cell", "attention", "")]
    assert result.flags[0].message.startswith("Cell 1 of the file")
    assert_sound(result)


def test_is_a_release_with_a_repeated_id_refused() -> None:
    """That is our mistake and not a student's."""
    release = copy.deepcopy(RELEASE)
    release.cells.append(copy.deepcopy(release.cells[4]))
    with pytest.raises(ValueError, match="sigmoid_answer"):
        normalise(b"{}", release)


# --- anything at all ----------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["cell_type", "source", "metadata", "nbgrader", "id", "cells"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
TEXTS = st.sampled_from(
    [SIGMOID, RELU, WHY, *STUBS.values(), EXPLORE, "check('relu', points=3)", "", "x = 1"]
) | st.text(max_size=40)
NAMES = st.sampled_from([cell.id for cell in RELEASE.cells]) | st.text(max_size=8)
FIELDS = st.sampled_from(["cell_type", "source", "metadata", "id", "outputs", "attachments"])
MARKS = st.sampled_from(["grade_id", "grade", "solution", "locked", "task", "points", "checksum"])


@given(data=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=150, deadline=None)
def test_do_arbitrary_bytes_never_raise(data: bytes) -> None:
    assert_sound(normalise(data, RELEASE))


@given(cells=st.lists(JSON | st.fixed_dictionaries({"source": TEXTS, "id": NAMES}), max_size=6))
@settings(max_examples=80, deadline=None)
def test_do_arbitrary_cells_never_raise(cells: list[Any]) -> None:
    assert_sound(run({"cells": [*handed_in()["cells"][:8], *cells]}))


def delete(draw: Callable[..., Any], cells: list[Any], index: int) -> None:
    del cells[index]


def duplicate(draw: Callable[..., Any], cells: list[Any], index: int) -> None:
    cells.insert(draw(st.integers(0, len(cells))), copy.deepcopy(cells[index]))


def move(draw: Callable[..., Any], cells: list[Any], index: int) -> None:
    cells.insert(draw(st.integers(0, len(cells) - 1)), cells.pop(index))


def retype(draw: Callable[..., Any], cells: list[Any], index: int) -> None:
    cells[index]["cell_type"] = draw(st.sampled_from(["code", "markdown", "raw", "heading"]))


def strip(draw: Callable[..., Any], cells: list[Any], index: int) -> None:
    cells[index]["metadata"] = {}
    if draw(st.booleans()):
        cells[index].pop("id", None)


def rename(draw: Callable[..., Any], cells: list[Any], index: int) -> None:
    cells[index]["metadata"] = {"nbgrader": {"grade_id": draw(NAMES)}}
    if draw(st.booleans()):
        cells[index]["id"] = draw(NAMES)


def rewrite(draw: Callable[..., Any], cells: list[Any], index: int) -> None:
    text = draw(TEXTS)
    cells[index]["source"] = draw(st.sampled_from([text, text.splitlines(keepends=True)]))


def merge(draw: Callable[..., Any], cells: list[Any], index: int) -> None:
    if index + 1 < len(cells):
        second = cells.pop(index + 1)
        cells[index]["source"] = f"{text_of(cells[index])}\n{text_of(second)}"


def corrupt(draw: Callable[..., Any], cells: list[Any], index: int) -> None:
    cells[index][draw(FIELDS)] = draw(JSON)


def tamper(draw: Callable[..., Any], cells: list[Any], index: int) -> None:
    metadata = cells[index].get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("nbgrader"), dict):
        metadata["nbgrader"][draw(MARKS)] = draw(JSON | NAMES)


def add(draw: Callable[..., Any], cells: list[Any], index: int) -> None:
    cells.insert(index, own(draw(TEXTS), draw(NAMES)))


EDITS = [delete, duplicate, move, retype, strip, rename, rewrite, merge, corrupt, tamper, add]


@st.composite
def mangled(draw: Callable[..., Any]) -> Book:
    """An answered notebook after some edits, honest and hostile."""
    book = handed_in(draw(st.sampled_from([ANSWERS, {}, {"relu_answer": RELU}])))
    for _ in range(draw(st.integers(1, 7))):
        if book["cells"]:
            index = draw(st.integers(0, len(book["cells"]) - 1))
            draw(st.sampled_from(EDITS))(draw, book["cells"], index)
    if draw(st.booleans()):
        book["nbformat_minor"] = 0
        for cell in book["cells"]:
            cell.pop("id", None)
    return book


def text_of(cell: Any) -> str:
    value = cell.get("source")
    lines = value if isinstance(value, list) else [value]
    return "".join(line for line in lines if isinstance(line, str))


def lines_of(texts: list[str]) -> set[str]:
    return {line.strip() for text in texts for line in text.splitlines()}


def claimed(cell: Any) -> Any:
    marks = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
    marks = marks.get("nbgrader") if isinstance(marks.get("nbgrader"), dict) else {}
    return marks.get("grade_id")


@given(book=mangled())
@settings(max_examples=250, deadline=None)
def test_is_no_line_of_code_lost_whatever_happened_to_a_notebook(book: Book) -> None:
    result = run(book)
    assert_sound(result)
    recognisable = [c for c in book["cells"] if claimed(c) in (*GRADED, *ANSWERS)]
    strangers = [c for c in book["cells"] if claimed(c) not in (None, "", *RELEASE_IDS)]
    if len(recognisable) > len(strangers):
        assert result.notebook is not None
    if result.notebook is not None:
        code = [c for c in book["cells"] if c.get("cell_type") == "code"]
        written = lines_of([text_of(c) for c in code if claimed(c) not in list(LOCKED)])
        kept = lines_of([c.source for c in result.notebook.cells])
        assert written - lines_of([c.source for c in RELEASE.cells]) <= kept


RELEASE_IDS = [
    c.metadata["nbgrader"]["grade_id"] for c in RELEASE.cells if c.metadata.get("nbgrader")
]


@given(
    places=st.lists(st.integers(0, len(RELEASE.cells)), max_size=6),
    deleted=st.sets(st.sampled_from([cell.id for cell in RELEASE.cells if cell.id != "why"])),
    ids=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_do_a_students_cells_stay_in_the_students_order(
    places: list[int], deleted: set[str], ids: bool
) -> None:
    book = handed_in()
    for number, place in enumerate(places):
        book["cells"].insert(place, own(f"step_{number} = {number}", f"mine-{number}"))
    book["cells"] = [cell for cell in book["cells"] if cell["id"] not in deleted]
    handed = [text_of(cell) for cell in book["cells"]]
    if not ids:
        for cell in book["cells"]:
            del cell["id"]
    kept = [cell.source for cell in notebook(run(book)).cells]
    assert [text for text in kept if text in handed] == handed


def test_is_a_flag_one_line_of_plain_text() -> None:
    """Whatever a student wrote into an id."""
    book = handed_in()
    book["cells"].append(marked("\x1b[31m\n<b>", "code", "a", 1, False))
    (flag,) = run(book).flags
    assert isinstance(flag, Flag)
    assert r"\x1b[31m\n<b>" in flag.message
