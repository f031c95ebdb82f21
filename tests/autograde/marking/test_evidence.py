"""Evidence of built-ins where an exercise asks for the student's own work."""

from __future__ import annotations

import nbformat
import pytest
from nbformat import NotebookNode

from autograde.marking.evidence import evidence, merged, of_calls

LAB = "lab01_activations"
SETUP = "import torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn"


def notebook(answer: str, own: str = "", name: str = "relu") -> NotebookNode:
    cell = nbformat.v4.new_code_cell(answer)
    cell.metadata["nbgrader"] = {"grade_id": f"{name}_answer", "solution": True}
    cells = [nbformat.v4.new_code_cell(SETUP), nbformat.v4.new_code_cell(own), cell]
    return nbformat.v4.new_notebook(cells=cells)


def used(answer: str, own: str = "") -> str:
    flags = evidence(LAB, notebook(answer, own))
    assert {(flag.code, flag.severity, flag.cell) for flag in flags} <= {
        ("built-in-used", "attention", "relu_answer")
    }
    return "".join(flag.message for flag in flags)


@pytest.mark.parametrize(
    ("answer", "own", "name"),
    [
        ("def relu(x):\n    return F.relu(x)", "", "torch.nn.functional.relu"),
        ("def relu(x):\n    return x.relu_()", "", "Tensor.relu_"),
        ("relu = torch.relu", "", "torch.relu"),
        ("relu = nn.ReLU()", "", "torch.nn.ReLU"),
        ("relu = lambda x: nn.LeakyReLU(0)(x)", "", "torch.nn.LeakyReLU"),
        ("def relu(x):\n    from torch import relu as r\n    return r(x)", "", "torch.relu"),
        ("def relu(x):\n    return getattr(torch, 'relu')(x)", "", "'relu'"),
        (
            "def relu(x):\n    return help(x)",
            "def help(x):\n    return F.relu(x)",
            "functional.relu",
        ),
        ("def relu(x):\n    return r(x)", "T = torch\nr = T.relu", "torch.relu"),
        ("def relu(x):\n    return layer(x)", "layer = nn.ReLU()", "torch.nn.ReLU"),
        (
            "def relu(x):\n    return check['relu'].cases[0].expected",
            "from course.labs.lab01_activations import check",
            "course.labs.lab01_activations.check",
        ),
        (
            "def relu(x):\n    return experiments.act(x)",
            "from course.labs.lab01_activations import experiments",
            "course.labs.lab01_activations.experiments.act",
        ),
        ("%time\ndef relu(x):\n    return F.relu(x)", "", "functional.relu"),
    ],
)
def test_a_built_in_is_found_by_any_of_its_names(answer: str, own: str, name: str) -> None:
    assert name in used(answer, own)


@pytest.mark.parametrize(
    ("answer", "own"),
    [
        ("def relu(x):\n    return x.clamp(min=0)", ""),
        ("def relu(x):\n    return x * (x > 0)\n\nassert relu(x).equal(F.relu(x))", ""),
        ("def relu(x):\n    return x * (x > 0)", "def mine(x):\n    return F.relu(x)"),
        ("def relu(x):\n    return x * (x > 0)", "x = torch.relu(torch.ones(1))"),
        ("def relu(x):\n    return helper.relu(x)", "import helper"),
        (
            "def relu(x):\n    return TABLE[x]",
            "from course.labs.lab05_inception import TABLE",
        ),
        (
            "def relu(x):\n    return [Spec(*one).scaled(2) for one in TABLE.values()]",
            "from course.labs.lab05_inception import TABLE, Spec",
        ),
        ("def relu(x):\n    return F.relu(", ""),
        ("relu = " + "-" * 15_000 + "1", ""),
        ("relu = a" + ".b" * 9_000, ""),
        ("x = " * 4_900 + "1", ""),
    ],
)
def test_an_honest_or_unreadable_answer_is_left_alone(answer: str, own: str) -> None:
    assert used(answer, own) == ""


def test_an_answer_may_use_another_answer() -> None:
    book = notebook("def sigmoid(x):\n    return torch.sigmoid(x)", name="sigmoid")
    tanh = notebook("def tanh(x):\n    return 2 * sigmoid(2 * x) - 1", name="tanh").cells[-1]
    book.cells.append(tanh)
    assert [flag.cell for flag in evidence(LAB, book)] == ["sigmoid_answer"]


def test_a_lab_that_forbids_nothing_has_no_evidence() -> None:
    assert evidence("lab00_setup", notebook("relu = torch.relu")) == ()


def test_a_call_that_was_seen_is_told_once_and_only_of_what_is_forbidden() -> None:
    (seen,) = of_calls(LAB, "relu", ["relu", "exp", "relu_"])
    assert (seen.code, seen.severity, seen.cell) == ("built-in-used", "attention", "relu_answer")
    assert "relu(), relu_()" in seen.message
    assert of_calls(LAB, "relu", ["exp", "<script>" * 99]) == ()
    told = evidence(LAB, notebook("def relu(x):\n    return F.relu(x)"))
    assert merged(told, (seen,)) == told
    assert merged((), (seen,)) == (seen,)
