"""An adapter for functions of a network and images, whose answers must hold no graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from course.checks import ProbeError


def bare(function: Any) -> Callable[..., dict[str, Any]]:
    """A function of a network and images: its answer, and whether graphs are left somewhere."""

    def answers(model: nn.Module, images: Tensor, *rest: Any) -> dict[str, Any]:
        found = function(model, images, *rest)
        if not isinstance(found, Tensor):
            raise ProbeError("expected a tensor")
        return {
            "answer": found.detach(),
            "answer holds a graph": found.requires_grad,
            "images need a gradient afterwards": images.requires_grad,
        }

    return answers
