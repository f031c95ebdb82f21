"""What is stored of known mistakes: only those that a case can tell apart."""

from __future__ import annotations

import torch

from autograde.authoring.checks import Book, Mistake
from autograde.authoring.compile import compiled, told_apart
from course.checks import Case, ask, call, stored
from course.checks.inputs import made
from course.checks.sketches import Fingerprint


def packed(*values):
    return stored.packed(Fingerprint.of(list(values), dtype=False, rtol=1e-5))


def test_two_mistakes_that_answer_alike_and_need_other_advice_are_not_named():
    known = {"a": packed(1.0), "b": packed(1.000001), "c": packed(2.0)}
    assert set(told_apart(known, {"a": "one", "b": "another", "c": "third"})) == {"c"}
    assert set(told_apart(known, {"a": "one", "b": "one", "c": "third"})) == {"a", "b", "c"}


def test_hints_by_kind_come_back_from_what_is_stored():
    book = Book("lab91_tests")
    hint = {"values": "which factor?", "dtype": "as it came"}
    x = torch.ones(3)

    @book.define(oracle={"stored": made}, mistakes=[Mistake("m", {"stored": abs}, "no")])
    def stored_hints(rng):
        """Hints."""
        yield Case("a", call("stored", x), hint, expected=x)
        yield Case("b", call("stored", x), "which factor?", expected=x)
        yield Case("c", call("stored", x), expected=x)

    check = compiled(book)["checks"]["stored_hints"]
    assert check["hints"] == ["which factor?", "as it came"]
    assert [one.case.hint for one in stored.cases(check)] == [hint, "which factor?", ""]


def test_a_value_is_told_by_the_name_that_the_exercise_gives_its_argument():
    book = Book("lab91_tests")
    y = torch.linspace(-1, 1, 9)

    @book.define(oracle={"slope": lambda output: output * (1 - output)})
    def slope(rng):
        """Slopes."""
        yield Case("a", call("slope", y))
        yield Case("b", ask(made, "slope", y, text="it"), expected=y)

    check = compiled(book)["checks"]["slope"]
    first, second = stored.cases(check)
    assert second.case.probe.argument == ""
    result = first.put(lambda probe: probe.run({"slope": lambda x: x * (1 - x) + (x == 1)}))
    assert (result.expected, result.found) == ("0 where output is 1", "1 where output is 1")
