"""How values are written in a panel: whole where a reader takes them in, cut where not."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course.checks import wording
from course.checks.probes import Foreign

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=2000),
    lambda inner: st.lists(inner, max_size=60) | st.dictionaries(st.text(), inner, max_size=60),
    max_leaves=200,
)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (61706, "61,706"),
        (1 / 3, "0.3333"),
        (torch.tensor([[1.0, 2.0]]), "[[1, 2]]"),
        (torch.zeros(64, 10), "tensor of shape (64, 10)"),
        ({"shape": [2, 3]}, "{shape: [2, 3]}"),
        (Foreign("ndarray", "array([1])"), "ndarray array([1])"),
    ],
)
def test_small_values_are_written_out(item, text):
    assert wording.value(item) == text


def test_a_long_list_says_how_much_more_there_is():
    text = wording.value(list(range(1024)))
    assert text.startswith("[0, 1, 2, ")
    assert text.endswith(", … 1,000 more]")


@given(PLAIN)
def test_no_value_is_longer_than_a_reader_wants(item):
    assert len(wording.value(item)) <= wording.MOST_CHARACTERS


def test_a_type_with_an_endless_name_is_cut():
    assert len(wording.value(Foreign("x" * 100_000, ""))) <= wording.MOST_CHARACTERS
