"""A whole lab: which exercises, what a blank costs, and the command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from autograde.authoring import answers, checks, reference
from autograde.proving import cascade, whole
from autograde.proving.proof import Proof
from autograde.tree import ROOT_VARIABLE, Tree, find
from tests.autograde.cli.test_cli import autograde
from tests.autograde.proving.test_proof import ANSWERS, CHECK, REST
from tests.conftest import MINI

Graded = Iterator[tuple[str, dict[str, float]]]


@pytest.fixture
def proved(mini: Tree, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """The command on the tiny lab with checks of this text: exit code, output, errors."""
    monkeypatch.setenv(ROOT_VARIABLE, str(mini.root))
    for cached in (answers.load, checks.load, reference.load, reference.cells):
        cached.cache_clear()

    def run(check: str, *words: str) -> tuple[int, str, str]:
        for folder, text in ((mini.checks(MINI), check), (mini.answers(MINI), ANSWERS)):
            folder.mkdir()
            (folder / "__init__.py").write_text(text)
        done = autograde(mini, "prove", "--seeds", "1", *words)
        return done.returncode, done.stdout, done.stderr

    return run


def test_is_a_good_check_a_success(proved) -> None:
    code, out, _ = proved(CHECK + REST, "--exercise", "double")
    assert code == 0, out
    assert "double" in out
    assert "finding" not in out


def test_is_a_weak_check_a_failure(proved) -> None:
    code, out, _ = proved(CHECK, "--exercise", "double")
    assert code == 1
    assert "finding double: mutant, detached: passes" in out


def test_can_machines_read_it(proved) -> None:
    code, out, _ = proved(CHECK, "--exercise", "double", "--json")
    (found,) = json.loads(out)
    assert code == 1
    assert found["right"] == {"tried": 2, "good": 2}
    assert found["mutant"]["good"] < found["mutant"]["tried"]
    assert {one["kind"] for one in found["findings"]} == {"mutant"}
    assert found["blank costs"] is None


def test_is_an_unknown_exercise_an_error(proved) -> None:
    code, _, told = proved(CHECK, "--exercise", "triple")
    assert code == 2
    assert "no exercise is called 'triple'. There are: double." in told


@pytest.fixture
def costs(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """What lab 6 loses by blanks, where grading finds these losses; and how often it graded."""
    asked = list[list[str]]()
    found: dict[str, dict[str, float]] = {}

    def graded(tree: Tree, lab: str, names: list[str], jobs: int) -> Graded:
        asked.append(names)
        yield from ((name, found.get(name, {})) for name in names)

    monkeypatch.setattr(cascade, "_graded", graded)
    monkeypatch.setattr(cascade, "_keys", lambda tree, lab, names: {name: name for name in names})
    subjects = whole.chosen(find(), ["lab06_resnet"], [])["lab06_resnet"]

    def run(share: float = 1.0, **lost: dict[str, float]) -> tuple[list[Proof], list[list[str]]]:
        found.update(lost)
        found["" if "nothing" in lost else "unused"] = lost.get("nothing", {})
        proofs = [Proof(one, ()) for one in subjects]
        return whole.with_blanks(Tree(tmp_path), proofs, share, 1), asked

    return run


def lost(proofs: list[Proof]) -> dict[str, object]:
    return {one.subject.name: one.lost for one in proofs if one.lost}


def test_is_what_a_blank_costs_others_a_finding(costs) -> None:
    proofs, _ = costs(make_shortcut={"BasicBlock": 6.0})
    assert lost(proofs) == {"make_shortcut": {"BasicBlock": 6.0}}
    assert [one.subject.name for one in proofs if not one.holds] == ["make_shortcut"]


def test_is_what_the_reference_loses_anyway_no_cost_of_a_blank(costs) -> None:
    usual = {"BasicBlock": 2.0}
    proofs, _ = costs(nothing=usual, make_shortcut={"BasicBlock": 2.5}, BasicBlock=usual)
    assert lost(proofs) == {"make_shortcut": {"BasicBlock": 0.5}}
    assert {one.subject.name: one.alone for one in proofs if one.alone} == usual


def test_is_every_needed_exercise_blank_once_in_a_sample(costs) -> None:
    proofs, asked = costs(share=0.0)
    tried = {one.subject.name for one in proofs if one.lost is not None}
    assert {"make_shortcut", "BasicBlock", "Bottleneck"} <= tried
    assert len(tried) < len(proofs)
    costs(share=0.0)
    assert asked[1] == []  # all is known
