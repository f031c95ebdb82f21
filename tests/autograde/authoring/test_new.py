"""A lab that `autograde new` begins: it builds, its checks pass, and bad names are refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograde.authoring import new, source
from autograde.authoring.new import NewLabError
from autograde.tree import Tree
from tests.conftest import MINI

LAB = "lab08_doubling"


def autograde(tree: Tree, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in another course, whose ``course`` package hides the installed one."""
    place = str(tree.root)
    return subprocess.run(
        [sys.executable, "-c", "from autograde.cli import main; main()", *words],
        capture_output=True,
        text=True,
        cwd=place,
        env={**os.environ, "PYTHONPATH": place, "COURSE_ROOT": place},
        check=False,
    )


@pytest.fixture
def empty(tmp_path: Path, course: Tree) -> Tree:
    """A course without labs."""
    left_out = shutil.ignore_patterns("lab0*", "*.npz", "__pycache__")
    shutil.copytree(course.root / "course", tmp_path / "course", ignore=left_out)
    (tmp_path / "tests").mkdir()
    shutil.copy(new.__file__, tmp_path / "tests")  # its example is public, and no leak
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "seed.txt").write_text("a secret\n")
    (tmp_path / "README.md").write_text("<!-- labs -->\n<!-- /labs -->\n")
    shutil.copy(course.root / "pyproject.toml", tmp_path)
    return Tree(tmp_path)


@pytest.mark.slow
def test_does_a_new_lab_build_and_pass_at_once(empty: Tree, course: Tree) -> None:
    made = autograde(empty, "new", LAB, "Doubling: a first step")
    assert made.returncode == 0, made.stderr
    assert f"solutions/{LAB}/lab.py" in made.stdout
    assert f"autograde build {LAB}" in made.stdout
    built = autograde(empty, "build")
    assert (built.returncode, built.stdout) == (0, f"{LAB}: built\n"), built.stderr
    again = autograde(empty, "build", "--check")
    assert (again.returncode, again.stdout) == (0, f"{LAB}: no difference\n"), again.stderr
    page = (empty.root / "README.md").read_text()
    assert f"[8 · Doubling: a first step](labs/{LAB}/{LAB}.ipynb) | 2 exercises, about 10" in page
    ours = f"src = ['{empty.root}', '{course.root}']"
    for words in (["check", "--config", ours], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *words, "."]
        done = subprocess.run(ruff, capture_output=True, text=True, cwd=empty.root, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("title", ["Plain", "With: a colon", 'With "quotes" # and', "8", "- x"])
def test_does_any_title_fit_the_header(mini: Tree, title: str) -> None:
    new.write(mini, LAB, title)
    assert source.parse(LAB, mini.source(LAB).read_text()).title == title


@pytest.mark.parametrize(
    ("lab", "title", "told"),
    [
        ("doubling", "A title", "expected a name such as lab09_name"),
        ("lab8_doubling", "A title", "two digits"),
        ("lab08_Doubling", "A title", "small letters"),
        ("../lab08_doubling", "A title", "expected a name"),
        (MINI, "A title", f"solutions/{MINI} exists: choose another name"),
        ("lab90_other", "A title", f"{MINI} has this number: choose another one, lab91 is free"),
        (LAB, " ", "expected a title"),
        (LAB, "two\nlines", "expected a title of one line"),
    ],
)
def test_is_a_bad_name_or_title_refused(mini: Tree, lab: str, title: str, told: str) -> None:
    before = sorted(mini.root.rglob("*"))
    with pytest.raises(NewLabError, match=told):
        new.write(mini, lab, title)
    assert sorted(mini.root.rglob("*")) == before
