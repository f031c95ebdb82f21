"""The workflow that reports points on every push: what it may, and that its command works."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from autograde.publishing.contents import CLASSROOM
from autograde.publishing.publish import Wish, publish
from autograde.tree import Tree
from tests.autograde.publishing.test_published import answered, notebook, outside

LAB = "lab00_setup"
URL = "https://github.com/uni/cnn-labs"
PINNED = re.compile(r"actions/[\w-]+@(v\d+|[0-9a-f]{40})")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def there(course: Tree, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classroom") / "cnn-labs"
    publish(course, str(folder), Wish((LAB,), URL, classroom=True))
    return folder


@pytest.fixture(scope="module")
def workflow(there: Path) -> dict[str, Any]:
    # YAML 1.1 takes the word "on" for a truth value; GitHub does not.
    text = (there / CLASSROOM).read_text().replace("\non:", '\n"on":')
    return yaml.safe_load(text)


def points(there: Path, workflow: dict[str, Any], page: Path) -> subprocess.CompletedProcess[str]:
    """The workflow's own command."""
    command = workflow["jobs"]["run-autograding-tests"]["steps"][-1]["run"]
    program, *words = command.split()
    assert program == "python"
    environment = {**outside(), "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)}
    return subprocess.run(
        [sys.executable, *words],
        cwd=there,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_workflow_has_the_names_that_classroom_looks_for_and_few_rights(
    workflow: dict[str, Any],
) -> None:
    assert workflow["name"] == "Autograding Tests"
    assert list(workflow["jobs"]) == ["run-autograding-tests"]
    assert set(workflow["on"]) == {"push", "workflow_dispatch"}
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert used
    assert all(PINNED.fullmatch(one) for one in used)
    assert "secrets." not in json.dumps(workflow)


def test_its_command_reports_the_points_of_the_checks_run_anew(
    there: Path, workflow: dict[str, Any], course: Tree, tmp_path: Path
) -> None:
    path = there / "labs" / LAB / f"{LAB}.ipynb"
    untouched = path.read_bytes()
    done = points(there, workflow, tmp_path / "before.md")
    assert done.returncode == 0, done.stderr
    assert "fresh kernel" not in done.stdout  # nothing is written yet, so nothing is run
    assert '{"totalPoints": 0.0, "maxPoints": 8}' in done.stdout

    book = answered(notebook(there), course)
    for cell in book.cells:  # what the file says of an earlier run does not count
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "accuracy_by_class":
            told = "accuracy_by_class: 9 of 9 cases passed, 2 of 2 points"
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": told})]
    nbformat.write(book, path)
    done = points(there, workflow, tmp_path / "after.md")
    path.write_bytes(untouched)
    assert done.returncode == 0, done.stderr
    assert "::notice title=Autograding complete::Points 6/8" in done.stdout.splitlines()
    report = '::notice title=Autograding report::{"totalPoints": 6.0, "maxPoints": 8}'
    assert report in done.stdout.splitlines()
    page = (tmp_path / "after.md").read_text()
    assert page.startswith("## 6 of 8 points by visible checks")
    assert "| 0.3 · Which classes are hard? | 0 of 2 | ○ open |" in page


def test_a_damaged_notebook_is_named_and_the_run_fails(
    there: Path, workflow: dict[str, Any], tmp_path: Path
) -> None:
    path = there / "labs" / LAB / f"{LAB}.ipynb"
    untouched = path.read_bytes()
    path.write_text('{"cells": [')
    done = points(there, workflow, tmp_path / "page.md")
    path.write_bytes(untouched)
    assert done.returncode == 1
    assert f"{LAB}.ipynb: this is no notebook" in done.stdout
    assert "Get the lab's notebook again" in (tmp_path / "page.md").read_text()
