"""JupyterLab, Colab, VS Code and Kaggle as the course tells them apart."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from course import preflight
from course.labs.shared.pages import live_front_end

NAMES = ("JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD", "KAGGLE_KERNEL_RUN_TYPE")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)


def test_a_notebook_that_a_program_runs_has_nobody_to_move_a_slider() -> None:
    assert not live_front_end()


@pytest.mark.parametrize(
    ("name", "value", "live"),
    [
        ("JPY_SESSION_NAME", "lab01.ipynb", True),
        ("VSCODE_PID", "17", True),
        ("VSCODE_CWD", "/home/student", True),
        ("KAGGLE_KERNEL_RUN_TYPE", "Interactive", True),
        ("KAGGLE_KERNEL_RUN_TYPE", "Batch", False),  # Save & Run All: no one is there
    ],
)
def test_a_front_end_is_known_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, live: bool
) -> None:
    monkeypatch.setenv(name, value)
    assert live_front_end() is live


def test_colab_is_known_by_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    assert live_front_end()


def test_vs_code_tells_its_kernel_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "mine.ipynb"
    path.write_text(json.dumps({"cells": []}))
    shell = SimpleNamespace(user_ns={"__vsc_ipynb_file__": str(path)})
    monkeypatch.setattr(preflight, "_shell", lambda: shell)
    assert preflight.running_file() == path
    assert preflight.running_notebook() == {"cells": []}


def test_kaggle_shows_no_file_and_the_preflight_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(preflight, "_shell", lambda: SimpleNamespace(kernel=None, user_ns={}))
    found = preflight.run(tmp_path).lines[-1]
    assert (found.name, found.status) == ("notebook", "warn")
    assert "hand in the .ipynb itself" in found.advice
