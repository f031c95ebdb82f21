"""What `autograde new` begins fits in, reads well, and takes no name that is taken."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograde.authoring import answers, new, skeleton, source
from autograde.authoring.listing import ListingError, with_module
from autograde.authoring.new import NewError
from autograde.errors import DesignedError
from autograde.tree import Tree, find
from tests.conftest import MINI, MINI_SOURCE

LAB = "lab08_doubling"
COURSE = find(Path(__file__).parent)


def formatted(root: Path, paths: list[Path], *options: str) -> str:
    """What ruff finds in these files of a course that begins; options are of its check."""
    shutil.copy(COURSE.root / "pyproject.toml", root)
    code = [str(path) for path in paths if path.suffix == ".py" and "samples" not in path.parts]
    ours = f"src = ['{root}', '{COURSE.root}']"
    found = ""
    for words in (["format", "--diff"], ["check", "--config", ours, *options]):
        command = [sys.executable, "-m", "ruff", *words, *code]
        done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
        found += done.stdout if done.returncode else ""
    return found


@pytest.mark.parametrize("title", ["Plain", "With: a colon", 'With "quotes" # and', "8", "- x"])
def test_does_any_title_fit_the_header(mini: Tree, title: str) -> None:
    new.write(mini, LAB, title)
    assert source.parse(LAB, mini.source(LAB).read_text()).title == title


def test_is_a_new_lab_formatted_and_entitled_by_its_name(mini: Tree) -> None:
    lab = "lab08_batch_norm"
    made = new.write(mini, lab)
    assert source.parse(lab, mini.source(lab).read_text()).title == "Batch norm"
    assert formatted(mini.root, made) == ""
    assert not [path for path in made if re.search("@[A-Z]+@", path.read_text())]


@pytest.mark.parametrize("lab", COURSE.lab_names())
def test_do_exercises_fit_into_every_lab(tmp_path: Path, lab: str) -> None:
    tree = Tree(tmp_path)
    for path in (COURSE.source(lab), *COURSE.checks(lab).glob("__init__.py")):
        place = tmp_path / path.relative_to(COURSE.root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    before = source.parse(lab, tree.source(lab).read_text())
    names = ["f", "thirty_letters_are_the_longest"]
    made = [path for name in names for path in new.add_exercise(tree, lab, name, "One more")]
    # What the lab's own lines are like is not ours to judge.
    theirs = f"lint.extend-per-file-ignores = {{'solutions/{lab}/lab.py' = ['ALL']}}"
    assert formatted(tmp_path, made, "--config", theirs) == ""
    after = source.parse(lab, tree.source(lab).read_text())
    assert after.minutes == before.minutes + 2 * 10
    assert [one.name for one in after.exercises] == [
        *(one.name for one in before.exercises),
        *names,
    ]
    assert {one.source for one in before.cells} <= {one.source for one in after.cells}
    listed = ast.parse((tree.checks(lab) / "__init__.py").read_text()).body
    imports = [a.name for one in listed if isinstance(one, ast.ImportFrom) for a in one.names]
    assert set(names) <= set(imports)


def test_has_an_exercise_enough_answers_of_both_kinds() -> None:
    made = answers.Answers("lab00_setup")
    code = skeleton.OF_EXERCISE["solutions/@LAB@/answers/@NAME@.py"].replace("@NAME@", "f")
    made.changed = lambda exercise, change: {"f": change}  # type: ignore[method-assign]
    code = code.replace("from .book import answers\n", "")
    exec(compile(code, "answers", "exec"), {"answers": made, "__name__": "answers"})
    assert sum(one.right for one in made) >= 3
    assert sum(not one.right for one in made) >= 5


def _without_torch(text: str) -> str:
    return text.replace("import torch\n", "import math\n").replace("torch.rand(1).shape", "math.pi")


@pytest.mark.parametrize(
    ("change", "called"),
    [
        (lambda text: text, "values: torch.Tensor"),
        (lambda text: text.replace("import torch", "from torch import Tensor"), "values: Tensor"),
        (_without_torch, "values: Tensor"),
        (lambda text: text.replace("# %% setup=true\nimport torch\n\n", ""), "values: Tensor"),
    ],
    ids=["torch", "Tensor", "neither", "no setup cell"],
)
def test_does_the_reference_know_what_a_tensor_is(
    mini: Tree, change: Callable[[str], str], called: str
) -> None:
    mini.source(MINI).write_text(change(MINI_SOURCE))
    new.add_exercise(mini, MINI, "pooled")
    found = source.parse(MINI, mini.source(MINI).read_text())
    names: dict[str, object] = {}
    for _, code in source.reference_code(found):
        assert called in code or "def pooled" not in code
        exec(code, names)
    assert callable(names["pooled"])


def test_comes_an_exercise_behind_the_help_of_the_last(mini: Tree) -> None:
    folded = "\n# %% [markdown]\n# <details><summary>Help</summary></details>\n\n# %%\nprint(1)\n"
    mini.source(MINI).write_text(MINI_SOURCE + folded)
    new.add_question(mini, MINI, "why_so", "Why so?")
    cells = source.parse(MINI, mini.source(MINI).read_text()).cells
    first = [one.source.split("\n")[0] for one in cells[-4:]]
    assert first[0].startswith("<details>")
    assert (first[1], first[3]) == ("### Why so?", "print(1)")


@pytest.mark.parametrize(
    ("lab", "title", "told"),
    [
        ("doubling", "A title", "expected a name such as lab20_name"),
        ("lab8_doubling", "A title", "two digits"),
        ("lab08_Doubling", "A title", "small letters"),
        ("lab08_удвоение", "A title", "small letters of English"),
        ("../lab08_doubling", "A title", "expected a name"),
        (MINI, "A title", f"solutions/{MINI} exists: choose another name"),
        ("lab90_other", "A title", f"{MINI} has this number: choose another one, lab91 is free"),
        (LAB, " ", "expected a title"),
        (LAB, "two\nlines", "expected a title of one line"),
    ],
)
def test_is_a_bad_name_or_title_refused(mini: Tree, lab: str, title: str, told: str) -> None:
    before = sorted(mini.root.rglob("*"))
    with pytest.raises(NewError, match=told):
        new.write(mini, lab, title)
    assert sorted(mini.root.rglob("*")) == before


@pytest.mark.parametrize(
    ("lab", "name", "told"),
    [
        ("lab91_none", "pooled", "no lab is called 'lab91_none'"),
        (MINI, "double", "'double' is taken by the exercise 90.1: choose another name"),
        (MINI, "double_answer", "is taken by the exercise 90.1"),
        (MINI, "torch", "is taken by the setup cell"),
        (MINI, "book", "is taken by book.py"),
        (MINI, "Pooled", "small letters of English"),
        (MINI, "two-words", "expected the name of a function"),
        (MINI, "среднее", "small letters of English"),
        (MINI, "lambda", "no word of Python"),
        (MINI, "a" * 31, "30 at most"),
        (MINI, "here", f"solutions/{MINI}/checks/here.py exists: choose another name"),
    ],
)
def test_is_a_bad_exercise_refused(mini: Tree, lab: str, name: str, told: str) -> None:
    (mini.checks(MINI)).mkdir()
    (mini.checks(MINI) / "here.py").write_text("")
    before = {path: path.is_file() and path.read_bytes() for path in mini.root.rglob("*")}
    with pytest.raises(DesignedError, match=told):
        new.add_exercise(mini, lab, name)
    assert before == {path: path.is_file() and path.read_bytes() for path in mini.root.rglob("*")}


def test_are_modules_listed_as_people_count() -> None:
    text = with_module(
        'from . import conv10\n\n__all__ = ["check", "conv10"]\n', "conv2", Path("x")
    )
    assert text == 'from . import conv2, conv10\n\n__all__ = ["check", "conv2", "conv10"]\n'
    with pytest.raises(ListingError, match=r"x:2: .* run this again"):
        with_module("\nfrom . import (", "conv2", Path("x"))
