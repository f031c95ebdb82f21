"""What is proved of an exercise: which of its names are asked."""

from __future__ import annotations

import pytest

from autograde.proving.subjects import subjects
from autograde.tree import find


@pytest.mark.parametrize(
    ("exercise", "own", "asked"),
    [
        ("trained_network", ("build_network",), False),  # its file is asked, not its function
        ("build_network", ("build_network",), True),
        ("debug_this_network", ("Network", "as_input", "train_epoch", "predict"), True),
    ],
)
def test_are_those_names_lazy_that_a_check_asks(
    exercise: str, own: tuple[str, ...], asked: bool
) -> None:
    (one,) = subjects(find(), "lab07_summary", [exercise])
    assert (one.own, one.is_asked) == (own, asked)
