"""Numbers written into a project's code are told to a person."""

from __future__ import annotations

import time

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode

from autograde.authoring import build, samples
from autograde.marking.carried import FREE, carried, weight_of
from autograde.tree import find

LAB = "lab07_summary"


def notebook(lab: str = LAB, more: str = "", tags: tuple[str, ...] = ()) -> NotebookNode:
    """The reference's notebook, with a cell of the student's own."""
    built = build.expected(find(), lab)
    book = samples.answered(built.solution, built.student)
    cell = nbformat.v4.new_code_cell(more)
    cell.metadata["tags"] = list(tags)
    book.cells.insert(2, cell)
    return book


def test_an_honest_notebook_is_not_told() -> None:
    assert carried(LAB, notebook()) == ()


@pytest.mark.parametrize(
    "source",
    [
        f"WEIGHTS = [{', '.join(['0.25'] * 8000)}]",
        f"WEIGHTS = '{'aZ9' * 4000}'",
        f"WEIGHTS = b'{'aZ9' * 4000}'",
        f"WEIGHTS = {'9' * 90_000}",
        f'"""{"aZ9" * 4000}"""',
        f"WEIGHTS = '{'aZ9 ' * 4000}'.split()",
        f"WEIGHTS = [{', '.join(['0.25'] * 8000)}",  # it does not even end
    ],
)
def test_a_network_in_the_code_is_told(source: str) -> None:
    (flag,) = carried(LAB, notebook(more=source))
    assert (flag.code, flag.severity, flag.cell) == (
        "carries-numbers",
        "attention",
        "trained_network_answer",
    )


def test_cells_that_grading_does_not_run_do_not_count() -> None:
    assert carried(LAB, notebook(more=f"x = [{'1, ' * 9000}]", tags=("explore",))) == ()


def test_what_such_a_cell_defines_runs_and_counts() -> None:
    book = notebook(more=f"plot(4)\nx = [{'1,' * 1900}]", tags=("explore",))
    book.cells += [book.cells[2]] * 2
    (flag,) = carried(LAB, book)
    assert flag.code == "carries-numbers"


def test_a_lab_without_a_file_is_not_told() -> None:
    assert carried("lab01_activations", notebook("lab01_activations", f"[{'1, ' * 9000}]")) == ()


def test_prose_and_comments_are_free() -> None:
    assert weight_of(f'def f():\n    """{"One word. " * 150}"""\n    # {"0.5 " * 900}\n') == 0


@given(st.text(max_size=200))
def test_any_text_has_a_weight(source: str) -> None:
    assert 0 <= weight_of(source) <= max(FREE, 2 * len(source))


def test_quotes_that_never_end_cost_nothing() -> None:
    begun = time.process_time()
    assert weight_of("x = " + "'" * 400_001) > FREE
    assert time.process_time() - begun < 1
