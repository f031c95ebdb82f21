"""What the build says of checks that do not fit their lab, and of pieces that are missing."""

from __future__ import annotations

import gzip
import json
import shutil

import pytest

from autograde.authoring import compile as compiler
from autograde.authoring.checks import CheckError, load
from autograde.authoring.samples import SampleError
from autograde.marking import demo
from autograde.tree import Tree, TreeError
from tests.conftest import MINI, MINI_SOURCE

CHECK = '''
from autograde.authoring.checks import Book, Mistake
from course.checks import Case, call

check = Book("lab90_mini")


@check.define(
    oracle={"double": lambda x: x + x},
    mistakes=[Mistake("squared", {"double": lambda x: x * x}, "At 3?")],
)
def double(rng):
    """Twice as much."""
    yield Case("three", call("double", 3))
    yield Case("five", call("double", 5))
'''


@pytest.fixture
def checked(mini: Tree):
    """The mini course with a check; the function writes another text of it."""

    def write(*changes: tuple[str, str], source: str = MINI_SOURCE) -> Tree:
        text = CHECK
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        shutil.rmtree(mini.checks(MINI), ignore_errors=True)
        mini.checks(MINI).mkdir()
        (mini.checks(MINI) / "__init__.py").write_text(text)
        mini.source(MINI).write_text(source)
        home = mini.compiled(MINI).parent
        home.mkdir(parents=True, exist_ok=True)
        (home / "__init__.py").write_text("")
        return mini

    return write


def unpacked(tree: Tree) -> str:
    return gzip.decompress(tree.compiled(MINI).read_bytes()).decode()


def pack(tree: Tree, text: str) -> None:
    tree.compiled(MINI).write_bytes(gzip.compress(text.encode()))


def test_is_a_check_that_fits_stored_once(checked):
    tree = checked()
    assert compiler.build(tree, MINI) == [f"course/labs/{MINI}/checks.json.gz: missing"]
    assert list(json.loads(unpacked(tree))["checks"]) == ["double"]
    assert compiler.build(tree, MINI) == compiler.drift(tree, MINI) == []


def test_are_an_oracle_and_a_reference_that_disagree_told_with_the_case(checked):
    tree = checked(("x + x", "x + 3"))
    told = "lab90_mini/checks/__init__.py:8, double: the oracle and lab.py disagree on 'five'"
    with pytest.raises(CheckError, match=told):
        compiler.build(tree, MINI)
    assert not tree.compiled(MINI).exists()


def test_is_a_reference_that_does_not_define_the_name_told(checked):
    tree = checked(source=MINI_SOURCE.replace("def double(x)", "def twice(x)"))
    with pytest.raises(CheckError, match="disagree on 'three': `double` is not defined"):
        compiler.build(tree, MINI)


def test_is_a_mistake_that_passes_every_case_told(checked):
    tree = checked(
        ('call("double", 3)', 'call("double", 2)'), ('call("double", 5)', 'call("double", 0)')
    )
    with pytest.raises(CheckError, match="the mistake 'squared' passes every case: it is no mis"):
        compiler.build(tree, MINI)


def test_is_a_mistake_that_raises_a_mistake(checked):
    assert compiler.build(checked(("x * x", "x * None")), MINI)


def test_is_a_case_about_a_handed_in_file_left_out(checked):
    tree = checked(
        (
            "import Case, call",
            "import Case, HandedIn, ask\nfrom course.checks.probes import called",
        ),
        (
            '    yield Case("three", call("double", 3))\n'
            '    yield Case("five", call("double", 5))\n',
            '    file = HandedIn("network.safetensors")\n'
            '    yield Case("file", ask(called, "double", file, text="f"), expected=None)\n',
        ),
    )
    assert compiler.build(tree, MINI)


def test_is_an_exercise_without_a_check_told(checked):
    tree = checked(("def double", "def triple"))
    told = "the exercise 'double' has no check. Write a function double under @check.define"
    with pytest.raises(CheckError, match=told):
        compiler.build(tree, MINI)


def test_does_a_new_exercise_without_a_check_not_pass_as_up_to_date(checked):
    tree = checked()
    compiler.build(tree, MINI)
    tree.source(MINI).write_text(MINI_SOURCE.replace('"double"', '"twice"'))
    for command in (compiler.build, compiler.drift):
        with pytest.raises(CheckError, match="the exercise 'twice' has no check"):
            command(tree, MINI)


def test_is_a_hidden_check_of_an_unknown_name_told(checked):
    hidden = '\n\n@check.hidden("duoble")\ndef more(rng):\n    yield from ()\n'
    tree = checked(('    yield Case("five", call("double", 5))\n', hidden))
    with pytest.raises(
        CheckError, match=r"no check 'duoble'; it has: double. Did you mean 'double'"
    ):
        load(MINI, tree)


def test_are_missing_folders_told_where_the_notebook_imports_them(checked):
    assert compiler.build(checked(), MINI)
    imports = MINI_SOURCE.replace("import torch", f"from course.labs.{MINI} import check")
    tree = checked(source=imports)
    shutil.rmtree(tree.compiled(MINI).parent)
    for command in (compiler.build, compiler.drift):
        with pytest.raises(TreeError, match=rf"expected course/labs/{MINI}/__init__.py, which"):
            command(tree, MINI)
    shutil.rmtree(tree.checks(MINI))
    for command in (compiler.build, compiler.drift):
        with pytest.raises(TreeError, match=rf"write solutions/{MINI}/checks/: see docs/authoring"):
            command(tree, MINI)
    tree.source(MINI).write_text(MINI_SOURCE)
    assert compiler.build(tree, MINI) == compiler.drift(tree, MINI) == []


def test_are_missing_samples_told(mini):
    for _ in range(2):  # no folder, then an empty one
        with pytest.raises(SampleError, match=rf"add solutions/{MINI}/samples/reference--full.py"):
            demo.class_of(mini, MINI)
        mini.samples(MINI).mkdir(exist_ok=True)


def test_is_an_edit_of_the_stored_file_named_whatever_its_stamp_says(checked):
    tree = checked()
    compiler.build(tree, MINI)
    facts = json.loads(unpacked(tree))
    facts["checks"]["double"]["cases"][0]["expected"] = 7
    facts["built"] = compiler._stamp(tree, MINI, facts["checks"])
    pack(tree, compiler.text(facts))
    (told,) = compiler.drift(tree, MINI)
    assert told.endswith("double, cases 0, expected is 7, now 6")


def test_is_a_stored_file_with_more_in_it_named(checked):
    tree = checked()
    compiler.build(tree, MINI)
    pack(tree, unpacked(tree).replace('{"lab"', '{"note": "mine", "lab"', 1))
    (told,) = compiler.drift(tree, MINI)
    assert "not written as `autograde build` writes it" in told


def test_is_a_broken_stored_file_named_with_the_next_step(checked):
    tree = checked()
    tree.compiled(MINI).write_bytes(b"{")
    with pytest.raises(CheckError, match="delete it, and run `autograde build lab90_mini`"):
        compiler.build(tree, MINI)
