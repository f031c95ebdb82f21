"""The student side: few dependencies, a light import, nothing of the instructors'."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograde.tree import find

COURSE = find(Path(__file__).parent)
NAMED = {"torch", "torchvision", "numpy", "matplotlib", "safetensors", "tqdm"}
BROUGHT = {"PIL", "cycler", "mpl_toolkits"}  # with torchvision and matplotlib
OPTIONAL = {"IPython", "matplotlib_inline", "ipywidgets", "google"}  # where a notebook is running
OPTIONAL |= {"nbclient", "nbformat"}  # with JupyterLab
ALLOWED = NAMED | BROUGHT | OPTIONAL | {"course"}
NOT_NEEDED = ["matplotlib", "torchvision", "torch", "IPython", "course.checks", "course.data"]
STUDENT_FILES = [
    *sorted((COURSE.root / "course").rglob("*.py")),
    *sorted(COURSE.labs.rglob("*.ipynb")),
]


def imported(code: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names)


def code_of(path: Path) -> str:
    if path.suffix == ".py":
        return path.read_text()
    cells = nbformat.read(path, as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    return "\n".join(sources).replace("%pip", "pass  # pip")


@pytest.mark.parametrize("path", STUDENT_FILES, ids=lambda path: path.name)
def test_students_need_nothing_but_the_few_packages_they_have(path):
    assert imported(code_of(path)) <= ALLOWED


def test_importing_the_course_loads_nothing_heavy():
    code = "import sys, course; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not set(NOT_NEEDED) & set(loaded)


def test_the_package_has_no_upper_bounds_for_students():
    import tomllib

    project = tomllib.loads((COURSE.root / "pyproject.toml").read_text())["project"]
    assert not [need for need in project["dependencies"] if "<" in need or "==" in need]
