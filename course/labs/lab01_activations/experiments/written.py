"""The student's functions, which may not be written yet."""

from __future__ import annotations

from typing import Any

from torch import Tensor


def answer_of(function: Any, *args: Any) -> Tensor | None:
    """What the student's function gives, or None where it is not there or does not work yet.

    The last argument is the tensor whose shape the answer should have.
    """
    try:
        answer = function(*args).detach()
        return answer if answer.shape == args[-1].shape else None
    except Exception:
        return None
