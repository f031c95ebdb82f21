"""What counts as a whole number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from course.checks.whole import is_whole, kind_of_number


@pytest.mark.parametrize("one", [3, np.int64(3), torch.tensor(3), torch.tensor(3).prod()])
def test_whole_numbers_of_any_type(one: Any) -> None:
    assert is_whole(one)
    assert kind_of_number(one) == "int"


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (3.0, "float"),
        (np.float64(3), "float64"),
        (torch.tensor(3.0), "Tensor"),
        (torch.tensor([3]), "Tensor"),
        ("3", "str"),
    ],
)
def test_others_keep_their_name(one: Any, kind: str) -> None:
    assert not is_whole(one)
    assert kind_of_number(one) == kind
