"""Shared fixtures: the course's own tree, and a lab small enough to build in a second."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from autograde.tree import ROOT_VARIABLE, Tree, find

# The course under test is the one around the tests, whatever a shell says.
os.environ.pop(ROOT_VARIABLE, None)

# A busy machine is no reason to fail. In CI a verdict is of the change alone: there the examples
# are the same each time; new ones are drawn everywhere else, and by `make fuzz`.
settings.register_profile("course", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("course")

# A shell that runs a job in the background has it ignore Ctrl-C, and so what it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MINI = "lab90_mini"
MINI_SOURCE = '''# ---
# jupyter:
#   course:
#     title: A tiny lab
#     minutes: 5
# ---

# %% [markdown]
# Welcome.

# %% [markdown] lang="ru"
# Добро пожаловать.

# %% setup=true
import torch

# %% [markdown] intro="double"
# ### Twice as much
# Double every element.

# %% exercise="double" difficulty=2 minutes=3
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    secret_factor_of_two = 2
    return secret_factor_of_two * x
    ### END SOLUTION

# %% check="double" points=2

# %% explore=true varies=true
print(torch.rand(1).shape)

# %% [markdown] intro="why"
# ### Why?
# Say why.

# %% [markdown] question="why" points=3 minutes=4
# Because the model answer says that doubling is addition to itself.
'''


# Tests that run notebooks, classes, or every check of every lab; `make quick` leaves them out.
SLOW = (
    "autograde/cli/test_round.py",
    "autograde/formgrader",
    "autograde/gradebook",
    "autograde/marking/test_faults.py",
    "autograde/marking/test_follow.py",
    "autograde/marking/test_grading.py",
    "autograde/marking/test_handed_in.py",
    "autograde/marking/test_hostile",
    "autograde/marking/test_journal.py",
    "autograde/marking/schedulers/test_cluster.py",
    "autograde/marking/test_resume.py",
    "autograde/plain",
    "autograde/sandbox/test_sandbox.py",
    "autograde/watching",
    "fuzz/test_scores.py",
    "labs",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow files."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and str(item.path.relative_to(here)).startswith(SLOW):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def course() -> Tree:
    """The course under test."""
    return find(Path(__file__).parent)


@pytest.fixture
def mini(tmp_path: Path, course: Tree) -> Tree:
    """A course with one tiny lab in a folder of its own."""
    (tmp_path / "solutions" / MINI).mkdir(parents=True)
    (tmp_path / "course").mkdir()
    (tmp_path / "labs").mkdir()
    (tmp_path / "README.md").write_text("# A course\n<!-- labs -->\n<!-- /labs -->\n")
    (tmp_path / "pyproject.toml").write_text((course.root / "pyproject.toml").read_text())
    tree = Tree(tmp_path)
    tree.source(MINI).write_text(MINI_SOURCE)
    return tree
