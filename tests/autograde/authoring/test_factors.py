"""A mistake by a factor is named only where the factor says which it is."""

from __future__ import annotations

import pytest
import torch

from autograde.authoring.factors import ambiguous, common_factor, readings
from course.checks import call
from course.checks.sketches import sketched


def counted(*shape: int, **kwargs: int) -> object:
    return call("count", torch.ones(shape), **kwargs)


@pytest.mark.parametrize(
    ("shape", "factor", "told"),
    [
        ((2, 3, 5), 2, True),  # the batch, or multiply and add
        ((3, 4, 5), 2, False),
        ((7, 3, 5), 7, False),  # nothing but the batch
        ((7, 3, 5), 1 / 7, False),
        ((1, 3, 6, 6), 6, True),  # rows or columns
        ((1, 3, 6, 6), 1 / 6, True),
        ((1, 3, 6, 6), 36, False),
    ],
)
def test_a_factor_with_two_readings_is_ambiguous(shape, factor, told):
    assert ambiguous(120 * factor, 120, counted(*shape)) is told


def test_a_number_given_is_a_reading_too():
    assert readings(counted(5, 3, kernel=3), 3) == 2
    assert readings(counted(5, 4, kernel=3), 3) == 1


def test_what_is_no_factor_is_never_ambiguous():
    x = torch.tensor([1.0, 2.0, 0.0])
    assert common_factor(x * 3, x) == 3
    assert common_factor(x + 3, x) is None
    assert common_factor({"a": [1, 2.0]}, {"a": [2, 4.0]}) == 0.5
    assert common_factor("text", 3) is None
    assert not ambiguous(torch.tensor([1.0, 2.0, 1.0]), x, counted(2, 2))


def test_a_sketch_has_the_factor_of_the_whole():
    x = torch.randn(400, generator=torch.Generator().manual_seed(0))
    assert common_factor(2 * x, sketched(x)) == pytest.approx(2)
    assert common_factor(2 * x.roll(1), sketched(x)) is None
