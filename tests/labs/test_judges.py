"""No answer makes a judge fail: a student's process could say anything."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from autograde.authoring import reference
from course import weights
from course.checks.cases import Budget
from course.checks.probes import Answer
from course.checks.sketches import Sketch
from tests.labs.test_checks import EXERCISES, beside_the_notebook, visible

__all__ = ["beside_the_notebook"]  # a fixture

ANSWERS = 4
"""To each case."""

INSTEAD: list[Any] = [
    *(None, True, 0, -1, 2**70, -(2**70), 10**400, 1.5, float("nan"), float("inf"), 1 + 2j),
    *("", "1", "nan", "x" * 50, [], {}, [None], [[]], [1, [2]], {"a": 1}, {"fits": torch.ones(2)}),
    *(torch.ones(2), torch.ones(()), torch.zeros(0, 3), torch.ones(2, dtype=torch.bool)),
]
TENSORS: list[Callable[[Tensor], Any]] = [
    *(lambda x, d=d: x.to(d) for d in (torch.int64, torch.uint8, torch.bool, torch.complex64)),
    *(lambda x, d=d: x.to(d) for d in (torch.float64, torch.bfloat16, torch.float8_e4m3fn)),
    *(lambda x, v=v: torch.full_like(x, v) for v in (0, 1e30, float("nan"), float("inf"))),
    *(lambda x: x.flatten(), lambda x: x[None], lambda x: x[..., :0], lambda x: x[0]),
    *(lambda x: -x, lambda x: x.T, lambda x: x.expand(2, *x.shape), lambda x: x.tolist()),
]


def wild(rng: random.Random, value: Any) -> Any:
    """The value with something of it replaced, left out or doubled."""
    if isinstance(value, Tensor) and rng.random() < 0.7:
        try:
            return rng.choice(TENSORS)(value)
        except Exception:  # not for this tensor
            return None
    if isinstance(value, list | dict) and value and rng.random() < 0.8:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        changed, at = value.copy(), rng.choice(keys)
        if rng.random() < 0.15:
            del changed[at]
        else:
            changed[at] = wild(rng, changed[at])
        return changed
    return rng.choice(INSTEAD)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("lab", "name"), EXERCISES)
def test_a_judge_can_t_be_made_to_fail(lab: str, name: str) -> None:
    rng = random.Random(f"{lab} {name}")
    for one in visible(lab, name).cases:
        probe = one.case.probe.with_files(weights.read)
        value = one.expected  # stored; what is judged by a law has none
        if value is None or isinstance(value, Sketch):
            value = probe.run(reference.load(lab)).value
        for _ in range(ANSWERS):
            answer = wild(rng, wild(rng, value) if rng.random() < 0.5 else value)
            result = one.result(Answer("value", answer), probe, Budget(0))
            assert result.outcome in ("passed", "failed"), (result.title, result.message, answer)
