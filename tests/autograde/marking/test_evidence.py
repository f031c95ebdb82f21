"""Evidence of built-ins where an exercise asks for the student's own work."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from nbformat import NotebookNode

from autograde.marking import parsing
from autograde.marking.evidence import _is_installed, evidence, merged, of_calls

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
        ("def relu(x):\n    return torch._foreach_relu([x])[0]", "", "torch._foreach_relu"),
        ("def relu(x):\n    return torch.ops.aten.relu.default(x)", "", "torch.ops.aten.relu"),
        ("def relu(x):\n    return torch._C._nn.elu_backward(x)", "", "elu_backward"),
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
        ("def relu(x):\n    return F.relu(x)\n\nrelu?", "", "functional.relu"),
        ("def relu(x):\n    return F.relu(x)\n\nfiles = !ls", "", "functional.relu"),
        ("%%time\ndef relu(x):\n    return F.relu(x)", "", "functional.relu"),
        ("\n%%capture out\n%%time\ndef relu(x):\n    return F.relu(x)", "", "functional.relu"),
        ("%time relu = torch.relu", "", "torch.relu"),
        ("%timeit -n 1 -r 1 globals()\nrelu = torch.relu", "", "torch.relu"),
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
        (
            "def relu(x):\n    return TABLE[x]",
            "from course.labs.lab05_inception import TABLE",
        ),
        (
            "def relu(x):\n    return [Spec(*one).scaled(2) for one in TABLE.values()]",
            "from course.labs.lab05_inception import TABLE, Spec",
        ),
        ("def relu(x):\n    return F.relu(", ""),
        ("%%bash\nls -l", ""),
    ],
)
def test_an_honest_answer_or_one_that_is_no_python_is_left_alone(answer: str, own: str) -> None:
    assert used(answer, own) == ""


COSTLY = {
    "one name": "f=f\n" * 4_990,
    "operators": "f = " + "-" * 15_000 + "1",
    "attributes": "f = a" + ".b" * 9_000,
    "assignments": "f = " * 4_900 + "1",
    "questions": "f?\n" * 6_600,
    "shell": "x = !ls\n" * 2_400,
    "timed": "%time f\n" * 2_400,
    "definitions": "def f(x): return f(x)\n" * 900,
    "decorators": "@f\n" * 6_600 + "def f(): 0",
    "lines": "\n" * 20_000,
    "cell magics": "%%time\n" * 2_800,
    "too long": "f = 1\n" * 50_000,
}


def test_a_cell_that_only_ipython_can_read_is_said() -> None:
    (flag,) = evidence(LAB, notebook("%%mine\nrelu = torch.relu\n%own 1 2"))
    assert (flag.code, flag.cell) == ("built-in-used", "relu_answer")
    (flag,) = evidence(LAB, notebook("%%mine\nlet relu be torch's ?"))
    assert (flag.code, flag.cell) == ("not-read", "relu_answer")


@pytest.mark.parametrize(
    ("answer", "own", "why"),
    [
        ("def relu(x):\n    return helper.relu(x)", "import helper", "uses helper"),
        ("from mine.answers import relu", "", "uses mine"),
        ("def relu(x):\n    from .mine import r\n    return r(x)", "", "uses "),
        ("relu = eval('torch.re' + 'lu')", "", "only running"),
        ("relu = one", "one = vars(torch)['re' 'lu']", "only running"),
        ("globals()['relu'] = torch.clamp", "", "only running"),
        ("exec(text)", "text = 'relu = torch.re' + 'lu'", "only running"),
        (
            "def relu(x):\n    with torch._C.DisableTorchFunction():\n"
            "        return vars(torch)['re' + 'lu'](x)",
            "",
            "may call what is not heard (DisableTorchFunction)",
        ),
        (
            "def relu(x):\n    return x.as_subclass(Lazy)",
            "class Lazy(Tensor):\n    @classmethod\n    def __torch_function__(*a): ...",
            "may call what is not heard (__torch_function__)",
        ),
        (
            "from concurrent.futures import ThreadPoolExecutor as P\npool = P(1)\n"
            "def relu(x):\n    return pool.submit(getattr(torch, 're' + 'lu'), x).result()",
            "",
            "may call what is not heard (ThreadPoolExecutor)",
        ),
    ],
)
def test_an_answer_that_no_text_tells_is_said(answer: str, own: str, why: str) -> None:
    (flag,) = evidence(LAB, notebook(answer, own))
    assert (flag.code, flag.cell, why in flag.message) == ("not-read", "relu_answer", True)


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_reading_costs_little_and_what_is_not_read_is_said(text: str) -> None:
    book = notebook("def relu(x):\n    return f(x)")
    book.cells[1:2] = [nbformat.v4.new_code_cell(text) for _ in range(20)]
    begun = time.process_time()
    flags = evidence(LAB, book)
    assert time.process_time() - begun < 3
    assert {(flag.code, flag.severity) for flag in flags} == {("not-read", "attention")}
    assert all("nobody has looked" in flag.message for flag in flags)


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


def test_magics_between_quotes_that_never_end_are_not_read_for_long() -> None:
    source = "x = " + "'" * 17_001 + "\n" + "%time y\n" * 6 + "def relu(x):\n    return x"
    begun = time.process_time()
    (flag,) = evidence(LAB, notebook(source))
    assert time.process_time() - begun < 1
    assert flag.severity == "attention"
    assert "only IPython can read" in flag.message


def test_several_threads_may_read_at_once() -> None:
    """Python 3.11 counts the depth of all threads together: some saw another's."""
    nested = "x = " + "(" * 80 + "1" + ")" * 80
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: parsing.tree(nested * 1), range(400)))
    assert all(len(one.body) == 1 for one in found)


def test_is_a_module_looked_for_where_packages_are_and_not_imported() -> None:
    found = {one: _is_installed(one) for one in ("torch", "PIL", "nosuch", ".", "a\0b")}
    assert found == {"torch": True, "PIL": True, "nosuch": False, ".": False, "a\0b": False}


@pytest.mark.parametrize("tag", ["explore", "bootstrap", "parameters"])
def test_a_helper_in_a_cell_that_is_not_run_is_read(tag: str) -> None:
    book = notebook("def relu(x):\n    return helper(x)", "plot(4)\nhelper = torch.relu")
    book.cells[1].metadata["tags"] = [tag]
    (flag,) = evidence(LAB, book)
    assert (flag.code, flag.cell) == ("built-in-used", "relu_answer")
    assert "torch.relu" in flag.message
