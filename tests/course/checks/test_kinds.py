"""In which way an answer fails is told first, and a hint belongs to one way."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from course.checks import Case, Finding, ProbeError, ask, call, close, gradient, same
from course.checks.advice import advice
from course.checks.cases import Known, Prepared
from course.checks.kinds import KINDS, SENTENCES, hint_for, of_part
from course.checks.probes import Answer, Probe
from course.checks.sketches import Fingerprint, sketched

X = torch.tensor([-1.0, 0.5, 2.0, 3.0], dtype=torch.float64)
VALUES = Case("values", call("square", X), "a hint about values")
SLOPE = Case("slope", gradient("square", X), "a hint about slopes")


def square(x):
    return x * x


def tried(answer, case=VALUES, **others):
    expected = case.probe.run({"square": square}).value
    prepared = Prepared(case, lambda: expected)
    return prepared.put(lambda probe: probe.run({"square": answer, **others}))


@pytest.mark.parametrize(
    ("wrong", "kind", "hint"),
    [
        (lambda x: 2 * x, "values", "a hint about values"),
        (lambda x: (x * x).flip(0), "order", "a hint about values"),
        (lambda x: None, "none", ""),
        (lambda x: (x * x,), "sequence", ""),
        (lambda x: (x * x).numpy(), "ndarray", ""),
        (lambda x: np.float64(1).item(), "type", ""),
        (lambda x: (x * x).float(), "dtype", ""),
        (lambda x: (x * x).sum(), "shape", ""),
        (lambda x: {}["a"], "raised", advice("KeyError: 'a'")),
    ],
)
def test_a_hint_about_values_is_for_values_alone(wrong, kind, hint):
    result = tried(wrong)
    assert (result.outcome, result.kind, result.hint) == ("failed", kind, hint)


def test_a_hint_for_a_kind_is_for_that_kind_alone():
    case = Case("values", call("square", X), {"none": "return it", "values": "x times x"})
    assert tried(lambda x: None, case).hint == "return it"
    assert tried(lambda x: x, case).hint == "x times x"
    assert tried(lambda x: x.sum(), case).hint == ""


def test_a_hint_for_a_kind_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="none of: raised"):
        Case("values", call("square", X), {"value": "x times x"})


def test_a_gradient_s_numbers_have_the_hint_and_a_lost_graph_has_not():
    wrong = tried(lambda x: x * x * x, SLOPE)
    assert (wrong.kind, wrong.hint) == ("gradient", "a hint about slopes")
    for lost in (lambda x: (x * x).detach(), lambda x: torch.tensor((x * x).tolist())):
        result = tried(lost, SLOPE)
        assert (result.kind, result.hint) == ("detached", "")


def test_a_gradient_beside_right_values_is_told_apart():
    def both(function, x):
        return {"value": function(x), "gradient": x if function(x)[0] == 1 else function(x)}

    case = Case("both", ask(both, "square", X, text="both"), {"gradient": "which slope?"})
    expected = {"value": X * X, "gradient": 2 * X}
    prepared = Prepared(case, lambda: expected)
    result = prepared.put(lambda probe: probe.run({"square": square}))
    assert (result.kind, result.hint) == ("gradient", "which slope?")


def test_what_a_question_refuses_says_of_which_kind_it_is():
    def asking(function, x):
        raise ProbeError("the layer has no weight", "missing")

    case = Case("values", ask(asking, "square", X, text="it"), {"missing": "call it weight"})
    result = Prepared(case, lambda: None).put(lambda probe: probe.run({"square": square}))
    assert (result.kind, result.hint, result.found) == (
        "missing",
        "call it weight",
        "the layer has no weight",
    )


def test_a_judge_of_a_lab_need_not_know_of_kinds():
    def judge(answer, expected, probe):
        return Finding(False, "a text", str(answer))

    case = Case("values", call("square", X), "a hint", judge)
    prepared = Prepared(case, lambda: X)
    assert prepared.put(lambda probe: probe.run({"square": lambda x: None})).kind == "none"
    assert prepared.put(lambda probe: probe.run({"square": square})).kind == "values"


def test_few_values_are_never_said_to_be_in_another_order():
    pair = Case("values", call("square", torch.tensor([1.0, 0.0])))
    assert tried(lambda x: (x * x).flip(0), pair).kind == "values"
    names = Case("names", call("square", X), judge=same(), expected=["a", "b", "c", "d"])
    prepared = Prepared(names, lambda: names.expected)
    turned = prepared.put(lambda probe: probe.run({"square": lambda x: ["b", "a", "c", "d"]}))
    assert (turned.kind, turned.found) == ("order", "result[0]: 'b'")


def test_single_precision_is_told_and_has_no_hint_about_values():
    case = Case("values", call("square", X), "square it", close(1e-9, 1e-12))
    found = tried(lambda x: (x.float() / 3).square().double() * 9, case)
    assert (found.kind, found.hint) == ("precision", "")
    assert tried(lambda x: x * x + 1e-3, case).kind == "values"
    coarse = Case("values", call("square", X), judge=close(1e-4, 1e-5))
    assert tried(lambda x: x * x + 2e-4, coarse).kind == "values"
    many = torch.linspace(-1, 1, 5_000, dtype=torch.float64)
    large = Case("values", call("square", many), "square it", close(1e-9, 1e-12))
    kept = Prepared(large, lambda: sketched(many * many))
    for wrong, kind in ((1e-6, "precision"), (1e-3, "values")):
        answer = Answer("value", many * many + wrong)
        assert kept.result(answer).kind == kind


def test_every_kind_has_its_sentence():
    assert set(SENTENCES) == set(KINDS)
    assert all(hint_for("a text", kind) in ("", "a text") for kind in KINDS)


# Stubs ------------------------------------------------------------------------------------------

NOTEBOOK = """
def shortcut(x):
    raise NotImplementedError("Exercise 6.3")

class Block(nn.Module):
    def __init__(self):
        super().__init__()

    def forward(self, x):
        return shortcut(x)

class Blank(nn.Module):
    def forward(self, x):
        raise NotImplementedError("Exercise 6.4")

class Headless(nn.Module):
    pass

def halved(x):
    return torch.linalg.svd(x.half())
"""


def on_module(kind, x):
    return kind()(x)


@pytest.fixture
def notebook():
    names = {"nn": nn, "torch": torch}
    exec(compile(NOTEBOOK, "<cell>", "exec"), names)
    return names


def asked(name, notebook, question=on_module):
    return Probe(question, (name,), (torch.ones(2, 2),)).run(notebook)


def test_a_stub_of_another_exercise_is_named_and_the_answer_that_uses_it_fails(notebook):
    answer = asked("Block", notebook)
    told = "`shortcut` (exercise 6.3) is not written yet, and this answer uses it"
    assert (answer.kind, answer.cause, answer.error) == ("raised", "unwritten", told)
    result = Prepared(VALUES, lambda: X).result(answer)
    assert (result.outcome, result.kind, result.found) == ("failed", "unwritten", told)
    assert result.hint == result.expected == ""


def test_a_stub_that_is_asked_itself_is_skipped_and_named(notebook):
    answer = asked("Blank", notebook)
    assert answer.kind == "not_attempted"
    result = Prepared(VALUES, lambda: X).result(answer)
    assert result.outcome == "skipped"
    assert result.message.startswith("`Blank` (exercise 6.4) is not written yet: write your")


@pytest.mark.parametrize("name", ["Headless", "halved"])
def test_what_torch_has_not_implemented_is_no_stub(name, notebook):
    question = on_module if name == "Headless" else lambda function, x: function(x)
    answer = asked(name, notebook, question)
    assert (answer.kind, answer.cause) == ("raised", "raised")


def test_an_error_names_the_student_s_own_line():
    names = {}
    code = "def square(x):\n    y = x + 1\n    return y @ x.half()\n"
    exec(compile(code, "/tmp/anywhere.py", "exec"), names)
    error = Probe(lambda f, x: f(x), ("square",), (X,)).run(names).error
    assert "(in `square`, line 3" in error


# Advice -----------------------------------------------------------------------------------------


class Unready(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1)


class Selfless:
    def forward(x):
        return x


LEAF = torch.ones(3, requires_grad=True)


def twice():
    loss = (LEAF**2).sum()
    loss.backward()
    loss.backward()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (lambda: torch.ones(2, 3) @ torch.ones(2, 3), "shape"),
        (lambda: torch.ones(2, 3) + torch.ones(2, 4), "shape"),
        (lambda: nn.Linear(2, 3)(torch.ones(5)), "shape"),
        (lambda: nn.Conv2d(3, 2, 1)(torch.ones(1, 4, 5, 5)), "shape"),
        (lambda: torch.ones(4).reshape(3), "shape"),
        (lambda: nn.Linear(2, 3)(torch.ones(2).double()), "float64"),
        (lambda: nn.Conv2d(3, 2, 1)(torch.ones(1, 3, 5, 5).double()), "float64"),
        (lambda: LEAF.add_(1), "in place"),
        (lambda: (LEAF * 2).backward(), "one number"),
        (twice, "retain_graph"),
        (lambda: torch.ones(3).sum().backward(), "requires_grad_"),
        (lambda: torch.autograd.grad(LEAF.sum(), torch.ones(1, requires_grad=True)), "depend"),
        (lambda: LEAF.numpy(), "NumPy"),
        (lambda: bool(torch.ones(3) > 0), "torch.where"),
        (lambda: float(torch.ones(3)), "one number"),
        (lambda: {}["a"], "no such key"),
        (lambda: [][1], "beyond the end"),
        (lambda: torch.ones(3)[4], "beyond the end"),
        (lambda: Selfless().forward(1), "`self`"),
        (Unready, "super().__init__()"),
        (lambda: square(1, 2), "arguments"),
        (lambda: square(y=2), "arguments"),
        (lambda: None.shape, "None"),
        (lambda: torch.ones(2, 3).T.view(6), "reshape"),
        (lambda: nn.LazyLinear(3).weight.numel(), "lazy layer"),
        (lambda: nn.LazyLinear(3).weight.shape, "lazy layer"),
    ],
)
def test_common_errors_have_their_advice(code, told):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each has its own type
        code()
    assert told in advice(f"{type(caught.value).__name__}: {caught.value}")


# Known mistakes ---------------------------------------------------------------------------------


def recognised(answer, *known):
    prints = [Known(n, h, Fingerprint.of(value, dtype=True, rtol=1e-5)) for n, h, value in known]
    prepared = Prepared(VALUES, lambda: X * X, lambda: prints)
    return prepared.put(lambda probe: probe.run({"square": answer}))


def test_a_mistake_is_named_unless_another_with_other_advice_answers_alike():
    twice, plus = ("twice", "not 2x", 2 * X), ("plus", "not x + x", X + X)
    other = ("other", "not 2x", X + X)
    assert recognised(lambda x: 2 * x, twice).mistake == "twice"
    assert recognised(lambda x: 2 * x, twice, other).mistake == "twice"
    result = recognised(lambda x: 2 * x, twice, plus)
    assert (result.mistake, result.hint) == ("", "a hint about values")


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ("answer", "values"),
        ("gradient at x", "gradient"),
        ("arguments with a .grad afterwards", "changed"),
        ("the same call again", "changed"),
        ("next random numbers", "changed"),
    ],
)
def test_a_part_of_an_answer_that_says_what_changed_has_a_kind_of_its_own(part, kind):
    assert of_part(part, "values") == kind


def test_beside_an_error_only_a_short_expectation_is_told():
    long = Prepared(VALUES, lambda: {f"part {n}": X for n in range(9)})
    assert long.put(lambda probe: probe.run({"square": lambda x: 1 / 0})).expected == ""
    assert tried(lambda x: 1 / 0).expected == "[1, 0.25, 4, 9]"
