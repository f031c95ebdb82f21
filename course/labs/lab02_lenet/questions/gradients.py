"""An output, and its gradients at what it depends on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from course.checks import ProbeError
from course.checks.modules import a_tensor

Leaves = Mapping[str, Tensor]


def gradients_at(output: Any, upstream: Tensor, leaves: Leaves) -> dict[str, Tensor]:
    """Gradients of ``sum(upstream · output)``; a leaf that plays no part gets zeros.

    Raises:
        ProbeError: the output is no tensor of the right shape, or has no gradient.
    """
    output = a_tensor(output, tuple(upstream.shape), "the output")
    if not output.requires_grad:
        raise ProbeError(
            "autograd can't follow the output back: was it detached, turned into numpy or plain "
            "numbers, or computed under no_grad?",
            "detached",
        )
    found = torch.autograd.grad((output * upstream).sum(), list(leaves.values()), allow_unused=True)
    return {
        name: torch.zeros_like(leaf) if one is None else one
        for (name, leaf), one in zip(leaves.items(), found, strict=True)
    }


def answers_of(output: Any, upstream: Tensor, leaves: Leaves) -> dict[str, Any]:
    """The output and the gradients at the leaves."""
    found = gradients_at(output, upstream, leaves)
    return {"output": output, **{f"gradient at {name}": one for name, one in found.items()}}


def with_upstream(function: Callable[..., Any], upstream: Tensor, *tensors: Tensor) -> Any:
    """Value, and gradients of ``sum(upstream · output)`` at each tensor."""
    leaves = {str(number): one.requires_grad_() for number, one in enumerate(tensors, start=1)}
    return answers_of(function(*leaves.values()), upstream, leaves)


def conv_gradients(
    function: Callable[..., Any],
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    upstream: Tensor,
    **how: Any,
) -> dict[str, Any]:
    """The output, and gradients of ``sum(upstream · output)`` at image, weight and bias."""
    leaves = {"x": x, "weight": weight, "bias": bias}
    output = function(*(one.requires_grad_() for one in leaves.values()), **how)
    return answers_of(output, upstream, leaves)


def loss_gradient(function: Callable[..., Any], penalties: Tensor, labels: Tensor, j: float) -> Any:
    """The loss, and its gradient at the penalties."""
    leaf = penalties.requires_grad_()
    value = function(leaf, labels, j=j)
    return answers_of(value, torch.ones((), dtype=torch.float64), {"the penalties": leaf})
