"""The zip for Gradescope: one lab with its checks and answers, the engine, and two scripts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from autograde.publishing import contents
from autograde.tree import Tree

TREE = "tree"  # the course's folder in the zip
SCRIPTS = ("setup.sh", "run_autograder")
CONSTRAINTS = "constraints.txt"
TOP = ("pyproject.toml", "nbgrader_config.py")
NOT_GRADING = {"__pycache__", "answers", "samples"}  # of a lab's secret folder
ENGINE = ("**/*.py", "**/templates/**/*")
NAME = re.compile(r"[\w.-]+")


def package(tree: Tree, lab: str) -> bytes:
    """The zip's bytes. It holds answers and hidden checks: for Gradescope, never for students.

    Raises:
        NotReady: the lab is not built as its source says.
    """
    contents.refuse_old(tree, [lab], "en")
    files = {name: _template(name) for name in SCRIPTS}
    files["requirements.txt"] = "\n".join([*_requirements(tree), ""]).encode()
    pins = tree.root / CONSTRAINTS
    files[CONSTRAINTS] = pins.read_bytes() if pins.is_file() else b""
    files |= {f"{TREE}/{path}": data for path, data in _tree(tree, lab)}
    return contents.zipped(files, SCRIPTS)


def _tree(tree: Tree, lab: str) -> Iterator[tuple[str, bytes]]:
    """A course of one lab, with all that grading it needs."""
    project = tomllib.loads((tree.root / "pyproject.toml").read_text("utf-8"))
    yield from contents.library(
        tree, [lab], project["tool"]["setuptools"]["package-data"]["course"]
    )
    engine = Path(str(resources.files("autograde")))
    for path in sorted({one for pattern in ENGINE for one in engine.glob(pattern)}):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"autograde/{path.relative_to(engine).as_posix()}", path.read_bytes()
    tops = [tree.root / name for name in TOP]
    shared = [path for path in tree.solutions.iterdir() if path.is_file()]
    own = [path for path in (tree.solutions / lab).rglob("*") if path.is_file()]
    for path in sorted([*tops, *shared, *own]):
        inside = path.relative_to(tree.root)
        if path.is_file() and not NOT_GRADING & set(inside.parts):
            yield inside.as_posix(), path.read_bytes()


def _requirements(tree: Tree) -> list[str]:
    """What the engine imports, without the project itself: the container has it in the zip."""
    project = tomllib.loads((tree.root / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["instructor"]]
    return [one for one in wanted if _name(one) != project["name"]]


def _name(requirement: str) -> str:
    found = NAME.match(requirement)
    return found[0] if found else ""


def _template(name: str) -> bytes:
    return resources.files("autograde.gradescope").joinpath("templates", name).read_bytes()
