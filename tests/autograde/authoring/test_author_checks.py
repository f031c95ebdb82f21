"""Checks as an author writes them: visible and hidden cases, oracle, mistakes, loading."""

from __future__ import annotations

import json

import pytest
import torch

from autograde.authoring import answers
from autograde.authoring import compile as compiler
from autograde.authoring.checks import Book, CheckError, Mistake, load
from autograde.tree import Tree, TreeError
from course.checks import Case, call, close, gradient, stored
from course.checks.inputs import normal
from tests.conftest import MINI

X = torch.tensor([-1.0, 0.0, 2.0], dtype=torch.float64)


def square(x):
    return x * x


def a_book(*cases, mistakes=()):
    book = Book("lab91_tests")

    @book.define(oracle={"square": square}, mistakes=mistakes)
    def squared(rng):
        """Squares every element."""
        yield from cases or [Case("values", call("square", normal(rng, 4)))]

    return book


def test_do_hidden_cases_come_on_top_with_fresh_inputs():
    book = a_book()

    @book.hidden("squared")
    def more(rng):
        yield Case("more", call("square", X))

    shown, first, second = (
        book["squared"].shown(),
        book["squared"].graded({"square": square}, 1),
        book["squared"].graded({"square": square}, 2),
    )
    assert [len(one.cases) for one in (shown, first, second)] == [1, 2, 2]
    inputs = [one.cases[0].case.probe.args[0] for one in (shown, first, second)]
    assert len({tuple(x.tolist()) for x in inputs}) == 3


def test_does_grading_expect_what_the_reference_answers():
    report = a_book()["squared"].graded({"square": lambda x: 2 * x}, 1).run({"square": square})
    assert report.fraction == 0


def test_are_a_name_defined_twice_and_an_unknown_check_refused():
    book = a_book()
    with pytest.raises(CheckError, match="defines the check 'squared' twice"):
        book.define(name="squared")(lambda rng: iter(()))
    with pytest.raises(CheckError, match="it has: squared"):
        book["cubed"]
    with pytest.raises(CheckError, match="it has: squared"):
        book.hidden("cubed")(lambda rng: iter(()))


def test_can_two_mistakes_of_a_check_not_share_a_name():
    mistake = Mistake("twice", {"square": abs}, "")
    with pytest.raises(CheckError, match="share a name"):
        a_book(mistakes=[mistake, mistake])


def test_is_a_mistake_with_hints_by_kind_refused_in_words():
    mistake = Mistake("twice", {"square": abs}, {"shape": "Look at the axes."})
    with pytest.raises(CheckError, match="the hint of the mistake 'twice' of 'squared' is no text"):
        a_book(mistakes=[mistake])


def test_is_a_mistake_that_a_case_accepts_unknown_there():
    mistake = Mistake("right value, no slope", {"square": lambda x: (x * x).detach() + 0 * x}, "h")
    cases = Case("values", call("square", X)), Case("slope", gradient("square", X))
    values, slope = a_book(*cases, mistakes=[mistake])["squared"].shown().cases
    assert [len(values.known), len(slope.known)] == [0, 1]


def test_is_a_lab_without_checks_named_with_the_next_step(course):
    with pytest.raises(TreeError, match=r"(?s)book.py, which makes `check = Book\('lab98_none'\)`"):
        load("lab98_none", course)


def test_are_answers_that_nothing_imports_named_with_the_next_step(mini):
    folder = mini.answers(MINI)
    folder.mkdir()
    assert list(answers.load(MINI, Tree(mini.root))) == []
    answers.load.cache_clear()
    (folder / "double.py").write_text("")
    with pytest.raises(TreeError, match=r"would not be tried: expected \S*__init__.py"):
        answers.load(MINI, mini)
    (folder / "__init__.py").write_text("")
    with pytest.raises(TreeError, match=r"has no `answers`: write `from .book import answers`"):
        answers.load(MINI, mini)


def test_is_a_question_about_an_unknown_name_told_with_its_case():
    case = Case("values", call("sqaure", X))
    with pytest.raises(CheckError, match=r"case 'values': .*`sqaure` is not defined. Correct the"):
        compiler.compiled(a_book(case))


def test_is_what_is_stored_what_was_written():
    mistake = Mistake("doubled", {"square": lambda x: 2 * x}, "once, not twice")
    book = a_book(mistakes=[mistake])
    facts = json.loads(compiler.text(compiler.compiled(book)))["checks"]["squared"]
    (one,) = stored.cases(facts)
    assert one.result(one.case.probe.run({"square": square})).outcome == "passed"
    result = one.result(one.case.probe.run({"square": lambda x: x + x}))
    assert (result.outcome, result.mistake, result.hint) == ("failed", "doubled", "once, not twice")


def test_does_rounding_not_count_as_drift_and_a_change_does():
    def line(expected, hint="h"):
        book = a_book(Case("values", call("square", X), hint, expected=expected))
        return json.loads(compiler.text(compiler.compiled(book)))

    long = torch.linspace(0.1, 1, 50, dtype=torch.float64)
    committed = line(long)
    assert not list(compiler.differences(committed, line(long * (1 + 1e-12))))
    (values,) = compiler.differences(committed, line(long * 1.01))
    assert "other values" in values
    (hint,) = compiler.differences(committed, line(long, "other"))
    assert "squared, hints 0 is 'h', now 'other'" in hint


def test_does_a_value_that_can_not_be_stored_name_its_case():
    large = Case("a large one", call("square", torch.rand(100, 100)))
    with pytest.raises(CheckError, match=r"\.py:\d+, squared, case 'a large one'"):
        compiler.compiled(a_book(large))


def test_is_a_judge_of_no_module_refused():
    case = Case("x", call("square", X), judge=lambda answer, expected, probe: None)
    with pytest.raises(CheckError, match="case 'x'"):
        compiler.compiled(a_book(case))
    assert compiler.compiled(a_book(Case("x", call("square", X), judge=close(1e-3))))
