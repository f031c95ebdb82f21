"""Whether cutting off a gradient changes anything."""

from __future__ import annotations

import pytest
import torch

from autograde.proving.graphs import WATCH, carries
from course.checks import Case, Check, call
from course.checks.cases import Prepared


def check(*args: object) -> Check:
    case = Case("it", call("f", *args))
    return Check("f", "About f.", (Prepared(case, lambda: None),))


@pytest.mark.parametrize(
    ("watched", "found"),
    [
        ("x * 2", True),
        ("x > 0", False),
        ("x.argmax()", False),
        ("x.detach()", False),
        ("torch.zeros(3)", False),
        ("[x.shape, x]", True),
    ],
)
def test_is_a_gradient_seen_where_one_flows(watched: str, found: bool) -> None:
    source = f"def f(x):\n    {WATCH}({watched})\n    return x"
    assert carries(source, {"torch": torch}, [check(torch.ones(3))]) is found


def test_does_nobody_know_where_gradients_stop_the_answer() -> None:
    source = f"def f(x):\n    return float({WATCH}(x > 0).sum()) + x.numpy().sum()"
    assert carries(source, {}, [check(torch.ones(3))])


def test_are_tensors_within_arguments_followed() -> None:
    source = f"def f(pair):\n    return {WATCH}(pair[1])"
    assert carries(source, {}, [check((1, torch.ones(3)))])
    assert not carries(source, {}, [check((1, torch.ones(3, dtype=torch.int64)))])
