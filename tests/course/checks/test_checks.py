"""The check framework: what a probe carries back, what a judge says, how a report reads."""

from __future__ import annotations

import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograde.authoring.checks import Book, Mistake
from course import weights
from course.checks import (
    Answer,
    Case,
    Finding,
    HandedIn,
    Prepared,
    ask,
    call,
    close,
    gradient,
    holds,
    same,
)
from course.checks.probes import Foreign, plain

X = torch.tensor([-1.0, 0.0, 2.0], dtype=torch.float64)


def square(x):
    return x * x


def one_check(*cases, oracle=None, mistakes=()):
    book = Book("lab91_tests")

    @book.define(oracle=oracle or {"square": square}, mistakes=mistakes)
    def squared(rng):
        """Squares every element."""
        yield from cases

    return book["squared"].shown()


def run(student, *cases, **options):
    return one_check(*cases, **options).run({"square": student} if student else {}, points=2)


VALUES = Case("values", call("square", X), hint="think of x·x")
SLOPE = Case("slope", gradient("square", X), hint="the slope")


def test_a_right_answer_earns_all_points():
    report = run(square, VALUES, SLOPE)
    assert (report.outcome, report.earned) == ("passed", 2)


def test_a_wrong_answer_tells_what_was_tried_expected_found_and_a_hint():
    (result,) = run(lambda x: 2 * x, VALUES).results
    assert result.outcome == "failed"
    assert result.tried == "square([-1, 0, 2])"
    assert (result.expected, result.found) == ("[1, 0, 4]", "[-2, 0, 4]")
    assert result.hint == "think of x·x"


def test_a_known_mistake_gets_its_own_hint_and_name():
    mistake = Mistake("doubled", {"square": lambda x: 2 * x}, "once, not twice")
    first, second = run(lambda x: x + x, VALUES, SLOPE, mistakes=[mistake]).results
    assert (first.mistake, first.hint) == ("doubled", "once, not twice")
    assert second.mistake == "doubled"


def test_points_follow_the_weights_of_the_cases():
    heavy = Case("slope", gradient("square", X), weight=3)
    report = run(lambda x: (x * x).detach(), VALUES, heavy)
    assert report.fraction == 0.25
    assert report.earned == 0.5


def test_an_untouched_stub_is_skipped_and_says_what_to_do():
    def stub(x):
        raise NotImplementedError("Exercise 1.1")

    report = run(stub, VALUES)
    assert (report.outcome, report.earned) == ("skipped", 0)
    assert "write your answer" in report.remark


def test_a_name_that_is_not_there_is_skipped_and_named():
    report = run(None, VALUES)
    assert report.outcome == "skipped"
    assert "`square` is not defined" in str(report)


def test_a_check_that_fails_itself_is_no_failure_of_the_student():
    def broken(x):
        raise OSError("no such file")

    report = run(square, VALUES, oracle={"square": broken})
    assert report.outcome == "grader_error"
    assert "not your mistake" in report.results[0].message


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda x: None, "is there a `return`"),
        (lambda x: (x * x).sum(), "shape (3,)"),
        (lambda x: (x * x).float(), "float32"),
        (lambda x: (x * x).numpy(), "stay with torch"),
        (lambda x: x / x * float("nan"), "nan"),
        (lambda x: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda x: exit(), "SystemExit"),
    ],
)
def test_each_kind_of_wrong_answer_is_told_apart(wrong, told):
    assert told in str(run(wrong, VALUES))


def test_a_gradient_that_autograd_cannot_follow_is_explained():
    assert "detached" in str(run(lambda x: (x * x).detach(), SLOPE))


def test_students_cannot_change_a_checks_inputs():
    def spoils(x):
        x *= 0
        return x

    report = run(spoils, VALUES, VALUES)
    assert [r.outcome for r in report.results] == ["failed", "failed"]
    assert X.tolist() == [-1, 0, 2]


def test_warnings_and_prints_of_a_right_answer_cost_nothing(capsys):
    def chatty(x):
        print("hello from inside")
        warnings.warn("careful", stacklevel=1)
        return x * x

    report = run(chatty, VALUES)
    assert report.outcome == "passed"
    assert report.printed == "hello from inside"
    assert capsys.readouterr() == ("", "")


def test_does_a_wrong_answer_still_tell_what_it_printed_and_what_torch_warns_of():
    answer = Answer("value", X, printed="hello from inside", warned="no leaf")
    result = Prepared(Case("squares", call("square", X)), lambda: X * X).result(answer)
    assert (result.outcome, result.printed, result.warned) == (
        "failed",
        "hello from inside",
        "no leaf",
    )


def test_a_large_tensor_is_told_by_its_worst_element():
    x = torch.linspace(0, 9, 10, dtype=torch.float64)
    case = Case("values", call("square", x))
    (result,) = run(lambda x: torch.where(x == 7, 0.0, x * x), case).results
    assert (result.expected, result.found) == (
        "49 where the input is 7",
        "0 where the input is 7",
    )
    assert "1 of 10 values differ" in result.message


def test_numbers_that_differ_late_are_written_with_enough_digits():
    case = Case("value", call("square", 1.0), judge=close(rtol=0, atol=1e-9))
    (result,) = run(lambda x: 1.000001, case).results
    assert (result.expected, result.found) == ("1", "1.000001")


def test_golden_values_and_exact_counts():
    case = Case("count", call("square", 3), expected=9, judge=same())
    assert run(lambda x: 9, case).outcome == "passed"
    assert run(lambda x: 9.5, case).outcome == "failed"
    assert run(lambda x: True, case).outcome == "failed"


def test_a_property_is_judged_without_an_oracle():
    case = Case("positive", call("square", 3.0), expected=None, judge=holds(lambda y: y > 0, "> 0"))
    assert run(lambda x: 1.0, case).outcome == "passed"
    assert run(lambda x: -1.0, case).results[0].expected == "> 0"


def test_an_answer_that_a_property_can_not_take_is_wrong_and_an_oracle_s_is_our_fault():
    case = Case("positive", call("square", 3.0), judge=holds(lambda y: y > 0, "> 0"))
    assert run(lambda x: "nine", case).outcome == "failed"
    report = one_check(case, oracle={"square": lambda x: "nine"}).run(
        {"square": lambda x: None}, points=1
    )
    assert report.outcome == "grader_error"


def test_a_number_beyond_all_floats_is_wrong_not_our_fault():
    mistake = Mistake("doubled", {"square": lambda x: 2 * x}, "once, not twice")
    case = Case("value", call("square", 3), judge=same())
    for answer in (10**400, -(10**5000), [10**400]):
        assert run(lambda x, a=answer: a, case, mistakes=[mistake]).outcome == "failed"


def test_questions_of_a_lab_can_return_several_things():
    def sizes(function, x):
        return {"shape": list(function(x).shape), "sum": float(function(x).sum())}

    case = Case("sizes", ask(sizes, "square", X, text="the shape and the sum"), judge=same())
    assert run(square, case).outcome == "passed"
    (result,) = run(lambda x: x[:2], case).results
    assert result.found == "shape[0]: 2"


def test_the_panel_escapes_what_students_write():
    def rude(x):
        raise ValueError("<script>alert(1)</script>")

    from course.checks.panel import html

    assert "<script>" not in html(run(rude, VALUES))


def test_as_text_a_report_shows_every_case():
    text = str(run(lambda x: 2 * x, VALUES, SLOPE))
    assert text.splitlines()[0] == "✗ squared: 0 of 2 cases passed, 0 of 2 points"
    assert "hint      think of x·x" in text


def test_foreign_objects_never_reach_a_judge():
    class Equal:
        def __eq__(self, other):
            return True

        __hash__ = None

        def __repr__(self):
            return "the right answer"

    assert isinstance(plain([Equal()])[0], Foreign)
    assert run(lambda x: Equal(), VALUES).outcome == "failed"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from([10**400, -(10**400)])
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=5)
    | st.lists(st.floats(-9, 9), max_size=8).map(torch.tensor),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(values, values)
def test_any_plain_answer_is_judged_without_an_error(answer, expected):
    finding = close()(plain(answer), plain(expected), VALUES.probe)
    assert finding.passed or finding.expected or finding.found or finding.message


@settings(max_examples=100, deadline=None)
@given(values)
def test_every_value_equals_itself(value):
    item = plain(value)
    assert close(0, 0)(item, item, VALUES.probe).passed


# Handed-in files --------------------------------------------------------------------------------

NAME = "network.safetensors"


def fitted(build, tensors, x):
    model = build()
    weights.fill(model, tensors, NAME)
    return model(x).detach()


def counted(answer, expected, probe):
    """Judges by the file itself: what is counted is never what was answered."""
    tensors = probe.args[0]
    count = sum(tensor.numel() for tensor in tensors.values())
    return Finding(answer.shape == (5, 1), "5 rows", "others", measured={"parameters": count})


def handed_in_check(**options):
    probe = ask(fitted, "build", HandedIn(NAME), torch.ones(5, 2), text="your network")
    case = Case("your network", probe, judge=counted, expected=None)
    return one_check(case, VALUES, oracle={"square": square, "build": None}, **options)


@pytest.fixture
def beside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / NAME


def test_a_file_beside_the_notebook_stands_in_the_probe_and_the_judge_counts_it(beside):
    weights.save(torch.nn.Linear(2, 1), beside)
    mistake = Mistake("doubled", {"square": lambda x: 2 * x}, "once, not twice")
    check = handed_in_check(mistakes=[mistake])
    objects = {"build": lambda: torch.nn.Linear(2, 1), "square": lambda x: x + x}
    first, second = check.run(objects).results
    assert (first.outcome, first.measured) == ("passed", {"parameters": 3})
    assert second.mistake == "doubled"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no file network.safetensors beside the notebook"),
        (b"no tensors", "expected a whole safetensors file"),
    ],
)
def test_a_file_that_can_not_be_read_fails_its_case_alone(beside, content, told):
    if content:
        beside.write_bytes(content)
    objects = {"build": lambda: torch.nn.Linear(2, 1), "square": square}
    first, second = handed_in_check().run(objects).results
    assert (first.outcome, first.measured, second.outcome) == ("failed", {}, "passed")
    assert told in first.found
    assert "weights of your network in network.safetensors" in first.expected


def test_without_file_and_answer_it_is_not_attempted(beside):
    def stub():
        raise NotImplementedError

    first, _ = handed_in_check().run({"build": stub}).results
    assert first.outcome == "skipped"


def test_a_case_about_a_file_needs_something_to_expect(beside):
    weights.save(torch.nn.Linear(2, 1), beside)
    probe = ask(fitted, "build", HandedIn(NAME), torch.ones(5, 2), text="")
    report = one_check(Case("x", probe)).run({"build": lambda: torch.nn.Linear(2, 1)})
    assert "'x' is about a handed-in file: give what it expects" in report.results[0].message


def test_a_keyword_may_stand_for_a_file():
    probe = ask(fitted, "build", tensors=HandedIn(NAME), text="")
    assert probe.files == (NAME,)
    assert probe.with_files(lambda name: {"a": X}).kwargs["tensors"]["a"] is X


def test_what_a_student_returns_is_never_measured():
    claim = {"measured": {"accuracy": 1.0}, "accuracy": 1.0}
    case = Case("x", call("square", X), judge=holds(lambda answer: True, "anything"))
    (result,) = run(lambda x: claim, case).results
    assert (result.outcome, result.measured) == ("passed", {})
