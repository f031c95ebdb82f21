"""The build: nbgrader's release of a lab, and what differs from the committed notebooks."""

from __future__ import annotations

import shutil

import nbformat
import pytest

from autograde.authoring import build, leaks
from autograde.tree import Tree, find
from tests.conftest import MINI


@pytest.fixture
def built(mini):
    one = build.expected(mini, MINI)
    build.write(mini, one, one.solution)
    return one


def change(path, name, text):
    book = nbformat.read(path, as_version=4)
    next(cell for cell in book.cells if cell["id"] == name).source = text
    nbformat.write(book, path)


def test_the_student_notebook_has_numbered_stubs_and_no_answers(built):
    text = str(built.student)
    assert 'raise NotImplementedError("Exercise 90.1")' in text
    for secret in (
        "secret_factor_of_two",
        "model answer",
        "HIDDEN TESTS",
        "autograde.marking.hidden",
    ):
        assert secret not in text


def test_building_twice_gives_no_difference(mini, built):
    assert build.differences(mini, build.expected(mini, MINI)) == []


def test_a_hand_edited_cell_is_named(mini, built):
    change(mini.student(MINI), "double", "check('double', points=99)")
    (found,) = build.differences(mini, build.expected(mini, MINI))
    assert "labs/lab90_mini/lab90_mini.ipynb: cell double: source differs" in found


def test_a_missing_notebook_is_named(mini, built):
    mini.student(MINI).unlink()
    assert build.differences(mini, built) == ["labs/lab90_mini/lab90_mini.ipynb: missing"]


def test_a_failing_cell_of_the_solution_is_shown(mini, built):
    next(c for c in built.solution.cells if "import torch" in c.source).source = "print(1 / 0)"
    with pytest.raises(build.BuildError, match="ZeroDivisionError"):
        build.execute(MINI, built.solution)


def test_what_a_cell_prints_bit_by_bit_is_stored_in_one_piece():
    printing = "import sys\nfor n in range(3):\n    print(n)\n    sys.stdout.flush()"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(printing)])
    (cell,) = build.execute(MINI, book).cells
    assert [output.text for output in cell.outputs] == ["0\n1\n2\n"]


def test_no_leak_in_a_fresh_release(mini, built):
    assert leaks.find(mini, [MINI]) == []


@pytest.mark.parametrize(
    "line",
    [
        "    secret_factor_of_two  =  2",
        "Because the model answer says that doubling is addition to itself.",
    ],
)
def test_a_solution_line_in_a_public_place_is_found(mini, built, line):
    (mini.root / "course" / "helper.py").write_text(f"# public\n{line}\n")
    (found,) = leaks.find(mini, [MINI])
    assert "course/helper.py:2" in found


def test_a_heading_within_a_module_is_no_secret(mini, built):
    heading = "# Blocks of both kinds " + "-" * 40
    assert leaks.essence(heading) == ""
    assert leaks.essence(f"secret = 2  {heading}") == "secret=2"


def test_hidden_tests_in_a_release_are_found(mini, built):
    change(mini.student(MINI), "double", "### BEGIN HIDDEN TESTS")
    assert any("BEGIN HIDDEN TESTS" in line for line in leaks.find(mini, [MINI]))


def test_a_starter_takes_the_place_of_the_stub(mini):
    source = mini.source(MINI)
    starter = '# %% [raw] starter="double"\n# return x + 1\n\n# %% check="double"'
    source.write_text(source.read_text().replace('# %% check="double"', starter))
    student = build.expected(mini, MINI).student
    cell = next(one for one in student.cells if one["id"] == "double_answer")
    assert cell.source == 'def double(x):\n    """Twice x."""\n    return x + 1'
    assert cell.metadata["course"] == {"exercise": "90.1"}


def test_a_panel_of_earlier_checks_is_named(tmp_path):
    real, copy, lab = find(), Tree(tmp_path), "lab00_setup"
    for place in (Tree.solution, Tree.compiled):
        place(copy, lab).parent.mkdir(parents=True)
        shutil.copy(place(real, lab), place(copy, lab))
    assert build.old_panels(copy, lab) == []
    book = nbformat.read(copy.solution(lab), as_version=4)
    (panel,) = next(cell for cell in book.cells if cell["id"] == "topk_error").outputs
    panel.data["text/html"] = panel.data["text/html"].replace(" 2 · ", " 2 · once ")
    nbformat.write(book, copy.solution(lab))
    (found,) = build.old_panels(copy, lab)
    assert "the panel of topk_error is of earlier checks" in found
