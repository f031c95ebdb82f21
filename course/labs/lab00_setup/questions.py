"""What the checks of lab 0 ask, beyond plain calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor


def for_each_k(
    function: Callable[..., Any], logits: Tensor, labels: Tensor, ks: tuple[int, ...]
) -> dict[str, Any]:
    """What the function gives for each k."""
    return {f"k = {k}": function(logits.clone(), labels, k) for k in ks}


def one_at_a_time(
    function: Callable[..., Any], logits: Tensor, labels: Tensor, k: int
) -> list[Any]:
    """What the function gives for each image alone."""
    count = len(labels)
    return [function(logits[n : n + 1], labels[n : n + 1], k) for n in range(count)]
