"""Checks of lab 0: which class is the greatest is never a matter of taste."""

from __future__ import annotations

import pytest
import torch

from autograde.authoring import checks, reference
from course.checks import Probe

LAB = "lab00_setup"


def logits_of(probe: Probe) -> list[torch.Tensor]:
    """All logits ``(N, K)`` that a question holds."""
    waiting, found = [*probe.args, *probe.kwargs.values()], []
    while waiting:
        one = waiting.pop()
        if isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, torch.Tensor) and one.ndim == 2 and one.is_floating_point():
            found.append(one)
    return found


@pytest.mark.parametrize("exercise", ["topk_error", "accuracy_by_class"])
def test_no_guess_hangs_on_the_order_of_equal_logits(exercise: str) -> None:
    names, book = reference.load(LAB), checks.load(LAB)
    seen = 0
    for seed in range(20):
        for case in book[exercise].graded(names, seed).cases:
            for logits in logits_of(case.case.probe):
                top = logits.sort(dim=1, descending=True).values
                places = top.shape[1] - 1 if exercise == "topk_error" else 1
                ties = top[:, :places] == top[:, 1 : places + 1]
                # Where all are equal, k of the classes are guessed, whichever they are.
                assert not ties.any() or bool((logits == logits[0, 0]).all()), case.case.title
                seen += 1
    assert seen > 100
