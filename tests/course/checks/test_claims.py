"""What a question brings back is read where it is judged."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from course.checks import Answer, Case, Known, Prepared, Probe, ask, close, stored
from course.checks.claims import Found, reading
from course.checks.modules import count
from course.checks.sketches import Fingerprint

X = torch.arange(4.0)


def tensors_of(function: Any, x: Tensor) -> list[Tensor]:
    return [function(x)]


def numbers_in(answer: Any, probe: Probe) -> dict[str, int]:
    """What is read in these tests."""
    assert probe.args[0] is not None
    return {"numbers": count(answer)}


def put(value: Any, judge: Found, *known: Known) -> Any:
    case = Case("numbers", ask(tensors_of, "f", X, text="f"), "How many?", judge, {"numbers": 4})
    return Prepared(case, lambda: case.expected, lambda: known).result(Answer("value", value))


def test_is_what_is_found_compared_and_told_in_words() -> None:
    assert put([X], Found(numbers_in)).outcome == "passed"
    lost = put([X, X], Found(numbers_in))
    assert (lost.outcome, lost.expected, lost.found) == ("failed", "numbers: 4", "numbers: 8")


@pytest.mark.parametrize("value", [{"numbers": 4}, 4, True, None, "", [None]])
def test_does_what_should_be_found_earn_nothing_where_it_is_brought(value: Any) -> None:
    lost = put(value, Found(numbers_in))
    assert lost.outcome == "failed"
    assert "numbers" in lost.expected


def test_is_a_mistake_known_by_what_is_found() -> None:
    seen = Fingerprint.of({"numbers": 8}, dtype=False)
    known = Known("twice", "One of them is too many.", seen)
    assert put([X + 3, X], Found(numbers_in), known).mistake == "twice"
    assert put([X, X, X], Found(numbers_in), known).mistake == ""
    assert put("nothing that can be read", Found(numbers_in), known).mistake == ""


def test_is_an_answer_read_as_its_judge_reads_it() -> None:
    probe = ask(tensors_of, "f", X, text="f")
    assert reading(Found(numbers_in), [X], probe) == {"numbers": 4}
    assert reading(Found(numbers_in), 3, probe) is None
    assert reading(close(), 3, probe) == 3


def test_is_such_a_judge_stored() -> None:
    from course.labs.lab07_summary.readings import scores_given

    judge = Found(scores_given, close(1e-3, 0.0))
    assert stored.decoded(stored.encoded(judge)) == judge
