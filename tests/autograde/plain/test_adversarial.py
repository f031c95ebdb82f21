"""What stock nbgrader gets wrong, each with what is given here; and what nobody can protect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from autograde.plain import classrun
from autograde.results import ClassResult, StudentResult
from tests.autograde.plain import courses
from tests.autograde.plain.courses import NAME, answer, check, markdown

SOURCE = [
    markdown("Double a number."),
    answer(
        "double", "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    ),
    check(
        "doubles",
        2,
        "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert double(5) == 10\n"
        "### END HIDDEN TESTS",
    ),
    check(
        "partly",
        3,
        "points = 0.0\nfor x in (1, 2, 3):\n    if abs(double(x) - 2 * x) < 1e-9:\n"
        "        points += 1\npoints",
    ),
    check(
        "close",
        2,
        "import numpy.testing as npt\nnpt.assert_allclose(double(0.5), 1.0)\n"
        "assert isinstance(double(1), int)",
    ),
    answer("word", "def word():\n    ### BEGIN SOLUTION\n    return 'yes'\n    ### END SOLUTION"),
    check("later", 1, "assert word() == 'yes'"),
]
RIGHT = "def double(x):\n    return 2 * x"
WRONG = "def double(x):\n    return -1"
SHELL = "get_ipython()"

FULL = {"doubles": 2.0, "partly": 3.0, "close": 2.0, "later": 1.0}
NONE = {"doubles": 0.0, "partly": 0.0, "close": 0.0, "later": 1.0}

ANSWERS: dict[str, tuple[str, dict[str, float]]] = {
    "right": (RIGHT, FULL),
    "wrong": (WRONG, NONE),
    "warns": (
        "import sys, warnings\n"
        "def double(x):\n    warnings.warn('slow')\n    print('hm', file=sys.stderr)\n"
        "    return 2 * x",
        FULL,
    ),
    "forges-the-display": (f"def double(x):\n    {SHELL}.displayhook(2.0)\n    return -1", NONE),
    "forges-the-output": (
        "def double(x):\n    from IPython.display import display\n    display(2.0)\n"
        "    print(2.0)\n    return -1",
        NONE,
    ),
    "rewrites-later-cells": (
        f"{SHELL}.input_transformers_post.append(lambda lines: ['pass'])\n{WRONG}",
        {**NONE, "later": 0.0},  # the cell of the other answer is one of them
    ),
    "rewrites-the-tree": (
        "import ast\n"
        "class Nothing(ast.NodeTransformer):\n    def visit_Assert(self, node):\n"
        f"        return ast.Pass()\n{SHELL}.ast_transformers.append(Nothing())\n{WRONG}",
        NONE,
    ),
    "hides-errors": (
        "import IPython.core.interactiveshell as it\n"
        f"it.InteractiveShell.showtraceback = lambda *a, **k: None\n{WRONG}",
        NONE,
    ),
    "patches-what-compares": (
        "import builtins, numpy.testing\n"
        "builtins.abs = lambda x: 0\n"
        f"numpy.testing.assert_allclose = lambda *a, **k: None\n{WRONG}",
        NONE,
    ),
    "fakes-a-module": (
        "import sys, types\n"
        "fake = types.ModuleType('numpy.testing')\nfake.assert_allclose = lambda *a, **k: None\n"
        f"sys.modules['numpy.testing'] = fake\n{WRONG}",
        NONE,
    ),
    "jumps-over-asserts": (
        "import sys\n"
        "def trace(frame, event, arg):\n    if event == 'exception':\n        frame.f_lineno += 1\n"
        f"    return trace\nsys.settrace(trace)\n{WRONG}",
        NONE,
    ),
    "leaves-a-proof": (f"__proof__ = ('0' * 32, 3.0)\n{WRONG}", NONE),
    "exits": ("def double(x):\n    raise SystemExit(0)", NONE),
    "ends-the-process": ("import os\ndef double(x):\n    os._exit(0)", NONE),
    "ends-it-at-exit": (
        "import atexit, os\natexit.register(os._exit, 0)\ndef double(x):\n    raise SystemExit",
        NONE,
    ),
    "crashes": ("import ctypes\ndef double(x):\n    return ctypes.string_at(0)", NONE),
    "loops": ("def double(x):\n    while True:\n        pass", NONE),
    "will-not-be-stopped": (
        "def double(x):\n    while True:\n        try:\n            while True:\n"
        "                pass\n        except BaseException:\n            pass",
        NONE,
    ),
}

TOLD: dict[str, tuple[str, dict[str, float]]] = {
    "agrees-with-everything": (
        "class Yes(int):\n    def __eq__(self, other):\n        return True\n"
        "    def __sub__(self, other):\n        return 0\n"
        "def double(x):\n    return Yes()",
        {**FULL, "close": 0.0},
    ),
    "takes-the-tester-over": (
        "import re, sys\n"
        "def done(self, source):\n"
        "    return re.findall(\"__proof__ = .'(.+)'\", source)[-1], None\n"
        "def double(x):\n    frame = sys._getframe()\n"
        "    while type(frame.f_locals.get('self')).__name__ != 'Tester':\n"
        "        frame = frame.f_back\n"
        "    type(frame.f_locals['self'])._done = done\n    return -1",
        {**FULL, "doubles": 0.0},
    ),
}
"""What can't be prevented where a test runs beside the student's code: a person is told."""


def handed_in(text: str) -> NotebookNode:
    """The released notebook with an answer to the first question; the second is right."""
    cells = [nbformat.from_dict(cell) for cell in SOURCE]
    for cell in cells:
        cell.source = (
            text
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "double"
            else (cell.source.partition("### BEGIN HIDDEN")[0])
        )
    cells[5].source = "def word():\n    return 'yes'"
    return courses.notebook(cells)


def lost() -> NotebookNode:
    """Two test cells were deleted."""
    book = handed_in(RIGHT)
    del book.cells[2:4]
    return book


def stripped() -> NotebookNode:
    """No cell has nbgrader's metadata any more."""
    book = handed_in(RIGHT)
    for cell in book.cells:
        cell.metadata = {}
    return book


def edited() -> NotebookNode:
    """A test cell of the student's own, worth a hundred points."""
    book = handed_in(WRONG)
    book.cells[2].source = "100"
    book.cells[2].metadata.nbgrader.points = 100
    return book


def copied() -> NotebookNode:
    """A graded cell is there twice."""
    book = handed_in(RIGHT)
    book.cells.insert(3, nbformat.from_dict(book.cells[2]))
    book.cells[3].id = "copied"
    return book


BOOKS = {
    "lost-tests": (lost(), FULL),
    "stripped-metadata": (stripped(), FULL),
    "edited-test": (edited(), NONE),
    "copied-test": (copied(), FULL),
}
CLASS = {
    **{name: (handed_in(text), wanted) for name, (text, wanted) in (ANSWERS | TOLD).items()},
    **BOOKS,
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: Any) -> tuple[Path, ClassResult]:
    """All of them in one class, behind the walls."""
    folder = tmp_path_factory.mktemp("adversaries")
    courses.course(
        folder, courses.notebook(SOURCE), {name: book for name, (book, _) in CLASS.items()}
    )
    return folder, courses.run(folder, folder, NAME, timeout=1.0)


def student(result: ClassResult, name: str) -> StudentResult:
    return next(one for one in result.students if one.student == name)


@pytest.mark.parametrize("name", CLASS)
def test_what_each_gets(name: str, graded: tuple[Path, ClassResult]) -> None:
    folder, result = graded
    wanted = CLASS[name][1]
    assert {one.grade_id: one.points for one in student(result, name).items} == wanted
    stored = courses.cells(folder / "gradebook.db", NAME)
    assert courses.points(stored, name) == wanted


def test_what_was_replaced_and_reached_for_is_told_and_honest_work_is_not(
    graded: tuple[Path, ClassResult],
) -> None:
    _, result = graded
    codes = {one.student: {flag.code for flag in one.attention} for one in result.students}
    assert "tools-replaced" in codes["patches-what-compares"]
    assert "reaches-out" in codes["forges-the-display"]
    assert all("reaches-out" in codes[name] for name in TOLD)
    assert codes["right"] == codes["warns"] == codes["wrong"] == set()


def test_hidden_tests_are_in_the_graded_notebook_and_errors_show_their_line(
    graded: tuple[Path, ClassResult],
) -> None:
    folder, _ = graded
    book = nbformat.read(folder / "autograded" / "wrong" / NAME / f"{NAME}.ipynb", 4)
    cell = next(
        c for c in book.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "doubles"
    )
    assert "double(5)" in cell.source
    (error,) = cell.outputs
    assert "----> 1 assert double(2) == 4" in error.traceback


def test_nothing_is_graded_twice_and_a_changed_test_is(
    graded: tuple[Path, ClassResult], monkeypatch: Any
) -> None:
    from autograde.marking.life import Life

    folder, before = graded
    monkeypatch.setattr(classrun, "proven", lambda warm: [])
    with monkeypatch.context() as patch:
        patch.setattr(Life, "run", None)
        again = courses.run(folder, folder, NAME, timeout=1.0)
    assert again.as_json() == before.as_json()
    assert not again.moves
