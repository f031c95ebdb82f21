"""What the checks of lab 0 ask, beyond plain calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor


def dtype_after(function: Callable[..., Any], *args: Any) -> str:
    """The dtype of what the function returns."""
    result = function(*args)
    if not isinstance(result, Tensor):
        return f"no tensor but {type(result).__name__}"
    return str(result.dtype).removeprefix("torch.")


def for_each_k(
    function: Callable[..., Any], logits: Tensor, labels: Tensor, ks: tuple[int, ...]
) -> dict[str, Any]:
    """What the function gives for each k."""
    return {f"k = {k}": function(logits.clone(), labels, k) for k in ks}


def raised(function: Callable[..., Any], *args: Any) -> str:
    """Name of the exception that the function raises on these arguments."""
    try:
        function(*args)
    except NotImplementedError:
        raise
    except Exception as error:
        return type(error).__name__
    return "no error"
