"""Own work: which names an answer in a running notebook is made with, and which it calls."""

from __future__ import annotations

import linecache
import sys
from itertools import count
from types import ModuleType

import pytest
import torch
import torch.nn.functional as F

from course.checks import call
from course.checks.own import Rules, used_by
from course.checks.probes import Probe

SETUP = """import torch
import torch.nn.functional as F
from torch import Tensor, nn
from course.labs.lab01_activations import check
from course import instruments
"""
CELLS = count()
RULES = Rules.of(["relu", "leaky_relu", "alexnet"])


def notebook(*cells):
    """Names that cells define, whose text Python finds as it finds a kernel's."""
    names = {}
    for text in (SETUP, *cells):
        file = f"/tmp/ipykernel_1/{next(CELLS)}.py"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        exec(compile(text, file, "exec"), names)
    return names


@pytest.mark.parametrize(
    ("answer", "own", "name"),
    [
        ("def relu(x):\n    return F.relu(x)", "", "torch.nn.functional.relu"),
        ("def relu(x):\n    return x.relu_()", "", "Tensor.relu_"),
        ("relu = torch.relu", "", "torch.relu"),
        ("relu = nn.ReLU()", "", "torch.nn.ReLU"),
        ("relu = lambda x: nn.LeakyReLU(0)(x)", "", "torch.nn.LeakyReLU"),
        ("def relu(x):\n    from torch import relu as r\n    return r(x)", "", "torch.relu"),
        ("def relu(x):\n    return help(x)", "def help(x):\n    return F.relu(x)", "torch.nn"),
        ("def relu(x):\n    return r(x)", "r = torch.relu", "torch.relu"),
        ("def relu(x):\n    return layer(x)", "layer = nn.ReLU()", "torch.nn.ReLU"),
        (
            "class relu(nn.Module):\n    def forward(self, x):\n        return F.relu(x)",
            "",
            "torch.nn.functional.relu",
        ),
        ("def relu(x):\n    return check['relu'].cases[0].expected", "", "course.checks.Checks"),
        ("def relu(x):\n    return instruments.act(x)", "", "course.instruments.act"),
        (
            "def relu(x):\n    return alexnet()(x)",
            "from torchvision.models import alexnet",
            "torchvision.models",
        ),
        ("import torchvision\nrelu = torchvision.models.AlexNet", "", "torchvision.models"),
    ],
)
def test_a_built_in_is_found_by_any_of_its_names(answer, own, name):
    found = used_by(["relu"], notebook(own, answer), RULES)
    assert any(one.startswith(name) for one in found), found


@pytest.mark.parametrize(
    ("answer", "own"),
    [
        ("def relu(x):\n    return x.clamp(min=0)", ""),
        ("def relu(x):\n    return x * (x > 0)\n\nassert F.relu(torch.ones(1)) == 1", ""),
        ("def relu(x):\n    return x * (x > 0)", "def mine(x):\n    return F.relu(x)"),
        ("def relu(x):\n    return other(x)", "def other(x):\n    return F.relu(x)"),
        (
            "def relu(x):\n    r = x * (x > 0)\n    return r",
            "def other(x):\n    from torch import relu as r\n    return r(x)",
        ),
        ("relu = 3", ""),
    ],
)
def test_an_answer_of_one_s_own_is_no_evidence(answer, own):
    assert used_by(["relu"], notebook(own, answer), RULES, others=["other"]) == []


def test_what_an_exercise_allows_is_not_told():
    names = notebook("def relu(x):\n    return instruments.act(x)")
    assert used_by(["relu"], names, Rules.of([], ["course.instruments"])) == []


def heard(text, question=lambda relu, x: relu(x), watched=("relu", "leakyrelu")):
    names = notebook(text)
    return Probe(question, ("relu",), (torch.ones(2),), watched=watched).run(names)


@pytest.mark.parametrize(
    "text",
    [
        "def relu(x):\n    return F.relu(x)",
        "def relu(x):\n    return getattr(x, 're' + 'lu')()",
        "layer = nn.ReLU()\ndef relu(x):\n    return layer(x)",
    ],
)
def test_a_call_is_seen_however_it_is_written(text):
    assert heard(text).calls == ("relu",)
    assert heard(text, watched=()).calls == ()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("torch._foreach_sigmoid([x])[0]", "_foreach_sigmoid"),
        ("torch.ops.aten.sigmoid_backward(x, x)", "sigmoid_backward"),
        ("torch.ops.aten.sigmoid.default(x)", "sigmoid"),
    ],
)
def test_a_call_is_seen_by_torch_s_own_names_of_its_parts(call, name):
    assert heard(f"def relu(x):\n    return {call}", watched=("sigmoid",)).calls == (name,)


@pytest.mark.parametrize(
    "text",
    [
        "__name__ = 'course.labs.mine'\ndef relu(x):\n    return F.relu(x)",
        "__name__ = 'torch.mine'\ndef relu(x):\n    return F.relu(x)",
        "__name__ = 3\ndef relu(x):\n    return F.relu(x)",
        "names = {'__name__': 'course.checks.laws', 'F': F}\n"
        "exec('def relu(x): return F.relu(x)', names)\nrelu = names['relu']",
    ],
)
def test_a_call_is_seen_whatever_module_a_cell_says_that_it_is(text):
    assert heard(text).calls == ("relu",)


def test_a_question_s_own_calls_are_not_the_student_s(monkeypatch):
    module = ModuleType("course.labs.lab_any.questions")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    code = "def asking(relu, x):\n    return relu(F.relu(x))"
    names = vars(module)
    names["F"] = F
    exec(code, names)
    assert heard("def relu(x):\n    return x * (x > 0)", names["asking"]).calls == ()


def test_what_is_watched_answers_as_ever():
    assert torch.equal(heard("def relu(x):\n    return F.relu(x) + 1").value, torch.ones(2) + 1)
    assert call("relu", torch.ones(2)).watched == ()
