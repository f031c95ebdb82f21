"""What a proof finds of a good check and of a weak one, and what a person is told."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from autograde.authoring import answers, checks, reference
from autograde.proving import equivalents, proof, report, subjects
from autograde.proving.proof import Plan, Proof
from autograde.tree import ROOT_VARIABLE, Tree
from tests.conftest import MINI

CHECK = '''
import torch

from autograde.authoring.checks import Book, Mistake
from course.checks import Case, call, gradient
from course.checks.inputs import normal

check = Book("lab90_mini")


@check.define(
    oracle={"double": lambda x: x + x},
    mistakes=[Mistake("squared", {"double": lambda x: x * x}, "At 3?")],
    forbids=["mul"],
)
def double(rng):
    """Twice as much."""
    yield Case("numbers", call("double", normal(rng, 4)))
'''
REST = """
    yield Case("the gradient", gradient("double", normal(rng, 4)), weight=0.5)
    yield Case("a row in single precision", call("double", normal(rng, 1, 4).float()))
"""
ANSWERS = """
from autograde.authoring.answers import Answers

answers = Answers("lab90_mini")
answers.right("double", "by addition", lambda x: x + x)
answers.wrong("double", "the square", lambda x: x * x, mistake="squared")
"""


@pytest.fixture
def prove(mini: Tree, monkeypatch: pytest.MonkeyPatch):
    """Prove the tiny lab's exercise with a check and answers of these texts."""
    monkeypatch.setenv(ROOT_VARIABLE, str(mini.root))
    for cached in (answers.load, checks.load, reference.load, reference.cells):
        cached.cache_clear()

    def run(check: str = CHECK + REST, given: str = ANSWERS) -> Proof:
        for folder, text in ((mini.checks(MINI), check), (mini.answers(MINI), given)):
            folder.mkdir()
            (folder / "__init__.py").write_text(text)
        (subject,) = subjects.subjects(mini, MINI)
        return proof.prove(mini, subject, Plan(seeds=2), 2, lambda done, of: None)

    return run


def troubles(found: Proof, kind: proof.Kind) -> dict[str, str]:
    return {one.item.says: one.trouble for one in found.of(kind) if one.trouble}


def survivors(found: Proof) -> set[str]:
    return {one.item.mutant.source for one in found.of("mutant") if one.trouble}


def text(found: Proof) -> str:
    out = io.StringIO()
    console = Console(file=out, width=200)
    console.print(report.table(MINI, [found]))
    for line in report.told(found):
        console.print(line, soft_wrap=True)
    return out.getvalue()


def test_does_a_good_check_hold(prove) -> None:
    found = prove()
    assert troubles(found, "right") == troubles(found, "wrong") == troubles(found, "lazy") == {}
    assert len(found.of("right")) == 2
    assert len(found.of("mutant")) > 8
    assert survivors(found) == set()
    assert found.holds, text(found)


def test_is_a_weak_check_told_with_the_change_that_it_misses(prove) -> None:
    found = prove(CHECK)
    assert not found.holds
    assert any(
        source.endswith("(secret_factor_of_two * x).detach()") for source in survivors(found)
    )
    told = text(found)
    assert "- return secret_factor_of_two * x" in " ".join(told.split())
    assert "+ return (secret_factor_of_two * x).detach()" in " ".join(told.split())


def test_is_a_right_answer_that_loses_points_told(prove) -> None:
    given = ANSWERS + 'answers.right("double", "half", lambda x: x / 2)\n'
    found = prove(given=given)
    assert set(troubles(found, "right")) == {"half"}
    assert not found.holds


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("lambda x: 2 * x", "visible: full points"),
        ("lambda x: x * x, at_least=0.9", "visible: 0 %, not 90 % to 100 %"),
        ("lambda x: 3 * x, mistake='squared'", "not recognised as squared"),
    ],
)
def test_is_a_wrong_answer_that_is_not_judged_as_said_told(prove, answer: str, told: str) -> None:
    found = prove(given=f'{ANSWERS}answers.wrong("double", "other", {answer})\n')
    assert troubles(found, "wrong") == {"other": told}


def test_is_a_wrong_answer_that_never_ends_caught(prove) -> None:
    given = f"{ANSWERS}\ndef loop(x):\n    while True: pass\n\n"
    found = prove(given=f'{given}answers.wrong("double", "for ever", loop)\n')
    assert troubles(found, "wrong") == {}


def test_does_a_reason_explain_a_survivor_and_no_other(prove) -> None:
    change = "- return secret_factor_of_two * x\n+ return (secret_factor_of_two * x).detach()"
    given = f'{ANSWERS}answers.equivalent("double", """{change}""", "nobody asks")\n'
    found = prove(CHECK, given)
    explained = [one for one in found.of("mutant") if one.reason]
    assert [one.reason for one in explained] == ["nobody asks"]
    assert explained[0] not in found.findings
    assert found.findings


def test_is_a_reason_for_what_is_caught_a_finding(prove) -> None:
    change = "- secret_factor_of_two = 2\n+ secret_factor_of_two = 3"
    found = prove(given=f'{ANSWERS}answers.equivalent("double", """{change}""", "as good")\n')
    assert troubles(found, "mutant")["3 for 2"].startswith("is said to be right, but fails: ")
    assert not found.holds


def test_is_a_reason_for_no_mutant_told(prove) -> None:
    change = "- secret_factor_of_two = 2\n+ secret_factor_of_two = 2.5"
    found = prove(given=f'{ANSWERS}answers.equivalent("double", """{change}""", "of old")\n')
    assert found.idle == ("of old",)
    assert "no mutant is explained by 'of old'" in text(found)


def test_is_a_reason_that_does_not_fit_the_reference_refused(prove) -> None:
    found = prove(given=f'{ANSWERS}answers.equivalent("double", "- none\\n+ x", "of old")\n')
    assert found.broken.startswith("the reference has 0 times 'none'")
    assert not found.holds


def test_is_a_lazy_answer_that_gets_too_much_told(prove) -> None:
    lenient = """
    yield Case("zeros", call("double", torch.zeros(3)))
"""
    found = prove(CHECK + lenient)
    assert troubles(found, "lazy") == {
        "the input back": "50 % of the points",
        "zeros of the right shape": "50 % of the points",
        "what the panel showed": "50 % of the points",
    }
    assert found.lazy_share == 0.5


CLAIMED = """
    yield Case("of nothing", call("double", torch.zeros(3)))
"""


def test_are_answers_that_fit_other_inputs_told(prove) -> None:
    found = prove(CHECK + CLAIMED)
    whatever = "50 % of the points, whatever the student's objects are"
    told = "another student's answers", "what the visible check expects"
    assert troubles(found, "claim") == dict.fromkeys(told, whatever)
    assert found.replayed == 0.5
    assert "finding double: claim, another student's answers: 50 %" in text(found)


def test_is_a_right_answer_that_is_a_constant_no_finding(prove) -> None:
    found = prove(CHECK.replace("    forbids", "    constant=True,\n    forbids") + CLAIMED)
    assert troubles(found, "claim") == {}
    assert found.replayed == 0.5
    assert "50 %, a constant" in text(found)


def test_are_forbidden_built_ins_told_to_a_person(prove) -> None:
    assert prove().told > 0


def test_is_a_check_that_fails_itself_no_catch(prove) -> None:
    broken = """
    from course.checks import holds
    from course.checks.kinds import advice_for_nobody
"""
    assert "ImportError" in prove(CHECK + broken).broken


def test_is_nothing_tried_twice_that_is_known(prove, mini: Tree) -> None:
    first = prove()
    path = mini.root / "build" / "prove" / MINI / "double.jsonl"
    lines = path.read_text().count("\n")
    again = proof.prove(mini, first.subject, Plan(seeds=2), 2, lambda done, of: None)
    assert path.read_text().count("\n") == lines
    assert [one.outcome for one in again.results] == [one.outcome for one in first.results]


def test_does_a_changed_check_ask_anew(prove, mini: Tree) -> None:
    first = prove().subject.digest
    home = mini.checks(MINI) / "__init__.py"
    home.write_text(home.read_text() + "\n# another\n")
    (subject,) = subjects.subjects(mini, MINI)
    assert subject.digest != first


def test_is_the_change_shown_as_it_is_pasted(prove) -> None:
    found = prove(CHECK)
    for one in found.of("mutant"):
        change = equivalents.change(found.subject.source, one.item.mutant.source)
        assert all(line[0] in "-+" for line in change.split("\n") if line)


def test_is_the_folder_of_the_caller_kept(prove) -> None:
    here = Path.cwd()
    prove()
    assert Path.cwd() == here
