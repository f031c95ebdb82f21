"""What is brought back without the right object earns nothing, where a check is well made."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Book
from autograde.proving import claims
from autograde.proving.subjects import Subject, seeds
from autograde.tree import find
from course.checks import Case, ask, call, same
from course.checks.inputs import normal

SEEDS = seeds(2)


def says_yes(function: Any, x: Tensor) -> bool:
    return bool(function(x).equal(2 * x))


def subject(*, constant: bool = False) -> Subject:
    book = Book("lab90_mini")

    @book.define(oracle={"double": lambda x: x + x}, constant=constant)
    def double(rng: Generator) -> Any:
        """Twice as much."""
        x = normal(rng, 4)
        yield Case("the numbers", call("double", x))
        yield Case("a yes", ask(says_yes, "double", x, text="double"), judge=same(), expected=True)

    @book.hidden("double")
    def large(rng: Generator) -> Any:
        yield Case("many numbers", call("double", normal(rng, 300)), weight=2)

    return Subject(
        find(), "lab90_mini", book["double"], "double = None", {"double": lambda x: 2 * x}
    )


def earned(one: Subject) -> dict[str, float]:
    return {
        says: max(claims.put(one.graded(seed), made(seed)).fraction for seed in SEEDS)
        for says, made in claims.claims(one, SEEDS).items()
    }


def test_are_values_on_drawn_inputs_no_claim_and_a_yes_is_one() -> None:
    found = earned(subject())
    assert found[claims.ANOTHER] == found["True"] == found[claims.VISIBLE] == 0.25
    assert found["False"] == found["0"] == found["{}"] == found["[]"] == 0.0


def test_are_the_answers_those_of_another_seed() -> None:
    one = subject()
    check = one.graded(SEEDS[0])
    (answer, *_) = claims.claims(one, SEEDS)[claims.ANOTHER](SEEDS[0])
    wanted = one.graded(SEEDS[1]).cases[0].expected
    assert torch.equal(answer.value, wanted)
    assert not torch.equal(answer.value, check.cases[0].expected)


def test_is_what_is_not_stored_of_a_visible_check_not_brought() -> None:
    one = subject()
    brought = claims.claims(one, SEEDS)[claims.VISIBLE](SEEDS[0])
    assert len(brought) == 2
    assert isinstance(brought[0].value, Tensor)
    report = claims.put(one.graded(SEEDS[0]), brought[:1])
    assert [result.outcome for result in report.results] == ["failed"] * 3


def test_is_a_constant_for_everybody_nothing_to_be_caught_and_other_claims_are() -> None:
    fixed = {says: claims.is_fixed(subject(constant=True), says) for says in earned(subject())}
    assert {says for says, it_is in fixed.items() if it_is} == {claims.ANOTHER, claims.VISIBLE}
    assert not claims.is_fixed(subject(), claims.ANOTHER)
