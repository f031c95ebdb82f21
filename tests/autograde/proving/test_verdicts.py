"""From what came out of a trial to what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from autograde.authoring.answers import Attempt
from autograde.authoring.checks import Mistake
from autograde.proving import verdicts
from autograde.proving.pool import Outcome

DIED, BROKEN = Outcome(died="took longer than 10 s"), Outcome(broken="KeyError: 'x'")


def told(share: float, outcome: str = "failed") -> dict[str, Any]:
    lost = [] if share == 1 else ["a case: found 3"]
    return {"share": share, "outcome": outcome, "lost": lost}


def answered(visible: float, *graded: float) -> Outcome:
    return Outcome({"visible": told(visible), "graded": [told(one) for one in graded]})


def wrong(**facts: Any) -> Attempt:
    return Attempt("double", "the square", {}, False, **facts)


@pytest.mark.parametrize(
    ("outcome", "trouble"),
    [
        (answered(1.0, 1.0, 1.0), ""),
        (answered(0.5, 1.0, 1.0), "visible: 50 %, a case: found 3"),
        (answered(1.0, 1.0, 0.99), "graded, seed 2: 99 %, a case: found 3"),
        (DIED, "took longer than 10 s"),
        (BROKEN, "KeyError: 'x'"),
    ],
)
def test_what_is_wrong_with_a_right_answer(outcome: Outcome, trouble: str) -> None:
    assert verdicts.of_right(outcome) == trouble


@pytest.mark.parametrize(
    ("outcome", "attempt", "trouble"),
    [
        (answered(0.5, 0.5), wrong(), ""),
        (answered(1.0, 0.5), wrong(), "visible: full points"),
        (answered(1.0, 0.5), wrong(unseen=True), ""),
        (answered(0.5, 0.5, 1.0), wrong(), "graded, seed 2: full points"),
        (answered(0.2, 0.5), wrong(at_most=0.3), "graded, seed 1: 50 %, not 0 % to 30 %"),
        (answered(0.2, 0.5), wrong(at_least=0.3), "visible: 20 %, not 30 % to 100 %"),
        (DIED, wrong(), ""),
        (BROKEN, wrong(), "KeyError: 'x'"),
    ],
)
def test_what_is_wrong_with_a_wrong_answer(
    outcome: Outcome, attempt: Attempt, trouble: str
) -> None:
    assert verdicts.of_wrong(outcome, attempt) == trouble


def test_is_a_check_that_fails_itself_no_catch_of_a_wrong_answer() -> None:
    failing = Outcome({"visible": told(0.5, "grader_error"), "graded": [told(0.5)]})
    assert "the check itself fails" in verdicts.of_wrong(failing, wrong())


@pytest.mark.parametrize(
    ("caught", "trouble"),
    [
        (["a case", "a case"], ""),
        (["", ""], "passes"),
        (["a case", ""], "passes on 1 of 2 seeds"),
        (["! a case: KeyError", "a case"], "the check itself fails ! a case: KeyError"),
    ],
)
def test_what_is_wrong_with_a_mutant(caught: list[str], trouble: str) -> None:
    assert verdicts.of_mutant(Outcome({"caught": caught, "idle": False})) == trouble


def test_are_mutants_that_die_caught_but_not_those_that_we_could_not_try() -> None:
    assert verdicts.of_mutant(DIED) == ""
    assert verdicts.of_mutant(BROKEN) == "KeyError: 'x'"


def test_is_a_mutant_that_is_said_to_be_right_a_trouble_if_it_is_caught() -> None:
    assert verdicts.of_explained(Outcome({"caught": ["", "a case"]})) == ""
    told = verdicts.of_explained(Outcome({"caught": ["a case", "a case"]}))
    assert told == "is said to be right, but fails: a case"
    assert "took longer" in verdicts.of_explained(DIED)


def test_how_much_a_lazy_answer_gets() -> None:
    assert verdicts.of_lazy(answered(0.9, 0.3, 0.1)) == ""
    assert verdicts.of_lazy(answered(0.0, 0.1, 0.31)) == "31 % of the points"
    assert verdicts.lazy_share(DIED) == 0.0


def test_how_much_a_claim_gets() -> None:
    assert verdicts.of_claims(answered(0.9, 0.3, 0.1)) == ""
    told = "31 % of the points, whatever the student's objects are"
    assert verdicts.of_claims(answered(0.0, 0.11, 0.51)) == told
    assert verdicts.of_claims(answered(0.0, 0.0, 0.42)) == ""  # two seeds drew the same
    assert verdicts.nothing(answered(0.0, 1.0)) == ""
    assert verdicts.of_claims(BROKEN) == verdicts.nothing(BROKEN) == "KeyError: 'x'"


def test_is_a_built_in_that_nobody_is_told_of_a_trouble_only_if_it_answers() -> None:
    assert verdicts.of_builtin(answered(0.0, 0.1)) == ""
    assert verdicts.of_builtin(answered(1.0, 1.0)) == "100 %, and nobody is told"


@pytest.mark.parametrize(
    ("named", "trouble"),
    [
        ({"squared": [["squared"]]}, ""),
        ({}, "visible: not recognised"),
        ({"squared": [["squared"]], "halved": [["halved"]]}, "visible: taken for halved"),
        ({"squared": [["squared"]], "halved": [["halved", "squared"]]}, ""),
    ],
)
def test_is_a_known_mistake_named_and_no_other(named: dict[str, Any], trouble: str) -> None:
    graded = {"named": {"squared": [["squared"]]}, "hints": ["At 3?"]}
    outcome = Outcome({"mistakes": [{"named": named, "hints": ["At 3?"]}, graded]})
    assert verdicts.of_mistake(outcome, Mistake("squared", {}, "At 3?")) == trouble
    if not trouble:
        told = verdicts.of_mistake(outcome, Mistake("squared", {}, "At 4?"))
        assert told == "visible: recognised, but its hint is not shown"


def test_may_a_mistake_be_named_as_another_that_has_the_same_hint() -> None:
    seen = {"named": {"halved": [["halved"]]}, "hints": ["At 3?"]}
    outcome, mistake = Outcome({"mistakes": [seen, seen]}), Mistake("squared", {}, "At 3?")
    assert verdicts.of_mistake(outcome, mistake) == "visible: not recognised"
    assert verdicts.of_mistake(outcome, mistake, {"squared", "halved"}) == ""


def test_is_a_wrong_answers_mistake_looked_for_where_it_is_seen() -> None:
    found = [{"named": {}}, {"named": {"squared": []}}]
    outcome = Outcome({"mistakes": found})
    assert verdicts.of_named(outcome, wrong(mistake="squared")) == "not recognised as squared"
    assert verdicts.of_named(outcome, wrong(mistake="squared", unseen=True)) == ""
    assert verdicts.of_named(outcome, wrong()) == ""
