"""How large gradients are."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course.instruments.recording import demand_differentiable


def parameter_gradient_norms(model: nn.Module, loss: Tensor) -> dict[str, float]:
    """Euclidean norm of the loss's gradient for each parameter: ``{"conv1.weight": 0.3, ...}``.

    The ``grad`` of the parameters is left as it was, and the loss's graph is kept, so that
    ``loss.backward()`` still works. A parameter that the loss does not depend on has norm 0.

    Raises:
        ValueError: the loss is no scalar, or nothing in it can be differentiated.
    """
    demand_differentiable(loss)
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    gradients = torch.autograd.grad(
        loss, list(named.values()), retain_graph=True, allow_unused=True
    )
    return {
        name: 0.0 if gradient is None else gradient.norm().item()
        for name, gradient in zip(named, gradients, strict=True)
    }
