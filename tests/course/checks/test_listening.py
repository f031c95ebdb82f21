"""What is heard while a student's code runs: warnings, prints; the random state stays."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
import torch

from course.checks.listening import own_randomness
from course.checks.probes import Probe

NOTEBOOK = """
import random, warnings
import numpy as np
import torch

def forgetful(x):
    y = (x.requires_grad_() * 2)
    y.sum().backward()
    return y.grad

def noisy(x):
    for number in range(50):
        warnings.warn(f"odd {number}", stacklevel=1)
    return x

def old(x):
    warnings.warn("will go away", DeprecationWarning, stacklevel=1)
    return x

def drawing(x):
    return torch.rand(2), np.random.rand(2), random.random()
"""


@pytest.fixture(scope="module")
def notebook():
    names = {}
    exec(compile(NOTEBOOK, "<cell>", "exec"), names)
    return names


def asked(name, notebook, question=lambda function, x: function(x)):
    return Probe(question, (name,), (torch.ones(2),)).run(notebook)


def test_a_warning_of_torch_is_passed_on_each_time_and_without_its_tail(notebook, capsys):
    for _ in range(2):
        told = asked("forgetful", notebook).warned
        assert told.startswith("PyTorch warns: The .grad attribute of a Tensor that is not a leaf")
        assert "Triggered internally" not in told
    assert capsys.readouterr() == ("", "")


def test_many_warnings_are_few(notebook):
    assert asked("noisy", notebook).warned.split("\n") == [
        f"Python warns: odd {number}" for number in range(3)
    ]


def test_what_is_about_next_year_s_version_is_not_told(notebook):
    assert asked("old", notebook).warned == ""


def test_a_question_s_own_warning_is_not_told(notebook):
    def warning(function, x):
        warnings.warn("ours", stacklevel=1)
        return function(x)

    assert asked("drawing", notebook, warning).warned == ""


def test_the_random_state_is_as_it_was(notebook):
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    with own_randomness():
        first, second = asked("drawing", notebook).value, asked("drawing", notebook).value
    assert torch.equal(first[0], second[0])
    assert first[2] == second[2]
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()
    assert random.getstate() == before[2]
