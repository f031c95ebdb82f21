"""Which exercises an answer needs, read from its text."""

from __future__ import annotations

import pytest
from nbformat import NotebookNode, v4

from autograde.marking import needs
from autograde.marking.needs import Text

LAB = "lab06_resnet"


@pytest.mark.parametrize(
    ("source", "uses"),
    [
        ("def f(x):\n    return g(x)", {"g"}),
        ("class A(B):\n    def f(self):\n        return [C(i) for i in self.g]", {"B", "C"}),
        ("def f(g):\n    return g(1)", set()),
        ("def f():\n    g = 1\n    def h():\n        return g\n    return h", set()),
        ("g = 1\ndef f():\n    return g", set()),
        ("import g\ng.h()", set()),
        ("def f():\n    return x.g", {"x"}),
        ("@g\ndef f(): ...", {"g"}),
        ("%timeit g(1)\nh(1)", {"h"}),
    ],
)
def test_are_names_from_outside_found(source: str, uses: set[str]) -> None:
    assert Text.of(source).uses - {"self"} == uses


@pytest.mark.parametrize(
    "source",
    [
        "def f(:",
        "\0",
        "x = " + "(" * 5000,
        "x = " + "-" * 19_000 + "1",
        "x = " + "[" * 90 + "]" * 90,
        "x = " + "a." * 6000 + "b",
        "x = " + "f(" * 3000 + ")" * 3000,
        "x = " + "lambda: " * 2000 + "1",
        "y" * 100_000,
        "\ud800",
    ],
    ids=range(10),
)
def test_no_cell_stops_the_grader(source: str) -> None:
    Text.of(source)


def test_are_the_references_needs_found_all_the_way_down() -> None:
    course = needs.course(LAB)
    assert course.behind("make_resnet") == {"BasicBlock", "Bottleneck", "make_shortcut"}
    assert course.behind("gradient_norms") == frozenset()


def notebook(answers: dict[str, str], own: str = "") -> NotebookNode:
    cells = [v4.new_code_cell(own, id="own")]
    for name, source in answers.items():
        marks = {"grade_id": f"{name}_answer", "solution": True}
        cells.append(v4.new_code_cell(source, metadata={"nbgrader": marks}))
    return v4.new_notebook(cells=cells)


def test_does_an_answer_need_what_its_helpers_use() -> None:
    book = notebook(
        {"gradient_norms": "def gradient_norms(m, loss):\n    return tidy(m)"},
        own="def tidy(m):\n    return BasicBlock(1, 1)",
    )
    found = needs.needs(LAB, book)["gradient_norms"]
    assert found == {"BasicBlock", "make_shortcut"}


def test_does_an_answer_that_uses_nothing_need_what_the_reference_does() -> None:
    assert needs.needs(LAB, notebook({}))["Bottleneck"] == {"make_shortcut"}


def test_are_names_that_a_check_asks_for_needed() -> None:
    assert needs.needs("lab07_summary", notebook({}))["trained_network"] == {"build_network"}


def test_an_early_answer_needs_no_later_exercise() -> None:
    """Else whoever writes the first by means of the second would be given the course's second."""
    book = notebook({"elu": "def elu(x, alpha=1.0):\n    return ELUFunction.apply(x, alpha)"})
    assert needs.needs("lab01_activations", book)["elu"] == frozenset()
    book = notebook({"elu_grad": "def elu_grad(y, alpha=1.0):\n    return slope_of(elu, y)"})
    assert needs.needs("lab01_activations", book)["elu_grad"] == {"elu"}
