"""The authors' page: it has every tag, and its first commands do what it says, in minutes."""

from __future__ import annotations

import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograde.authoring import faults, samples
from autograde.tree import Tree, find

COURSE = find(Path(__file__).parent)
PAGE = (COURSE.root / "docs" / "authoring.md").read_text("utf-8")
CODE = re.compile(r"`(\w+)(?:=[^`]*)?`")
SECONDS = 300  # of processor time for everything; an author's fifteen minutes have 900


def first_column(head: str) -> list[str]:
    """What the rows of the page's table begin with that has this in its head."""
    rows = PAGE[PAGE.index(f"| {head} |") :].partition("\n\n")[0].split("\n")[2:]
    return [CODE.match(row.split("|")[1].strip())[1] for row in rows]  # type: ignore[index]


@pytest.mark.parametrize(
    ("head", "known"),
    [
        ("tag", faults.TAGS),
        ("in the header", samples.HEADER),
        ("tag of a cell", samples.TAGS),
    ],
)
def test_has_the_page_every_tag_once(head: str, known: set[str] | tuple[str, ...]) -> None:
    assert sorted(first_column(head)) == sorted(known)


def test_has_the_page_every_edit() -> None:
    row = next(line for line in PAGE.split("\n") if line.startswith("| `edits`"))
    told = {one.partition(":")[0] for one in re.findall(r"`([\w:]+)`", row)} - {"edits"}
    assert told == set(samples.EDITS)


@pytest.fixture
def empty(tmp_path: Path) -> Tree:
    """A course without labs."""
    left_out = shutil.ignore_patterns("lab0*", "*.npz", "__pycache__")
    shutil.copytree(COURSE.root / "course", tmp_path / "course", ignore=left_out)
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "seed.txt").write_text("a secret\n")
    (tmp_path / "README.md").write_text("<!-- labs -->\n<!-- /labs -->\n")
    shutil.copy(COURSE.root / "pyproject.toml", tmp_path)
    return Tree(tmp_path)


@pytest.mark.slow
def test_lead_the_pages_commands_to_a_graded_class_in_minutes(empty: Tree) -> None:
    commands = re.search(r"```sh\n(.*?)```", PAGE, re.DOTALL)[1].strip().split("\n")  # type: ignore[index]
    before, said = resource.getrusage(resource.RUSAGE_CHILDREN), {}
    for line in commands:
        words = shlex.split(line, comments=True)
        done = subprocess.run(
            # the folder is not what is installed here: an author's own is
            [sys.executable, "-m", words[0], "--trusted", *words[1:]],
            capture_output=True,
            text=True,
            cwd=empty.root,
            env={**os.environ, "PYTHONPATH": str(COURSE.root)},
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        said[words[1]] = done.stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < SECONDS
    [lab] = empty.lab_names()
    assert "finding" not in said["prove"]
    assert "100.0 %" in said["prove"]
    assert "Every submission came out as its file name says." in said["demo"]
    assert f"{lab} student: ok" in said["verify"]
    page = (empty.root / "README.md").read_text()
    assert f"(labs/{lab}/{lab}.ipynb) | 2 exercises, about 25 minutes" in page
    assert (empty.root / "demo-class" / lab / "gradebook.db").is_file()
    assert len(list((empty.root / "demo-class" / lab / "feedback").rglob("*.html"))) == 4
