"""The questions that every exercise is asked, in notebooks with settings of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from course.checks.battery.parts import next_numbers, seeded, settings, standing


@pytest.fixture(params=[torch.float64, torch.bfloat16])
def default_dtype(request: pytest.FixtureRequest) -> Iterator[torch.dtype]:
    """A default dtype that a cell of the student's own may set."""
    before = torch.get_default_dtype()
    yield request.param
    torch.set_default_dtype(before)


def drawn() -> list[float]:
    with seeded():
        return next_numbers()


def test_random_numbers_are_the_same_whatever_the_default_dtype(default_dtype: torch.dtype) -> None:
    expected = drawn()
    torch.set_default_dtype(default_dtype)
    assert drawn() == expected


def test_random_numbers_are_the_same_whatever_the_default_device() -> None:
    expected = drawn()
    with torch.device("meta"):
        assert drawn() == expected


def test_a_setting_of_the_notebook_s_own_is_no_fault_of_an_answer(
    default_dtype: torch.dtype,
) -> None:
    usual = settings(standing())
    torch.set_default_dtype(default_dtype)
    with torch.no_grad():
        assert settings(standing()) == usual == ["gradients on", "default float32"]


def test_a_setting_that_an_answer_changes_is_told(default_dtype: torch.dtype) -> None:
    before = standing()
    torch.set_default_dtype(default_dtype)
    with torch.no_grad():
        assert settings(before) == [
            "gradients off",
            f"default {str(default_dtype).removeprefix('torch.')}",
        ]
