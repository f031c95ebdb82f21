"""Right answers in other words: derivatives, Jacobians, measured gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from .book import answers


def with_an_eye(f: Any, x: Tensor) -> Tensor:
    rows = []
    leaf = x.clone().requires_grad_()
    for value in f(leaf) + leaf:
        rows.append(torch.autograd.grad(value, leaf, retain_graph=True)[0])
    return torch.stack(rows)


def by_power(jacobian: Tensor) -> tuple[Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(jacobian @ jacobian.T)
    return values.clamp(min=0)[0] ** 0.5, -vectors[:, 0]


def by_retained_grad(model: nn.Module, loss: Callable[[], Tensor]) -> dict[str, float]:
    outputs: dict[str, Any] = {}
    handles = [
        part.register_forward_hook(lambda m, i, o, name=name: outputs.__setitem__(name, o))
        for name, part in model.named_children()
    ]
    saved = {p: p.grad for p in model.parameters()}
    model.zero_grad(set_to_none=True)  # else backward would add to what is saved
    try:
        value = loss()
        for output in outputs.values():
            output.retain_grad()
        value.backward()
    finally:
        for p, grad in saved.items():
            p.grad = grad
        for handle in handles:
            handle.remove()
    return {name: float((o.grad**2).sum().sqrt()) for name, o in outputs.items()}


answers.right("residual_derivative", "one first", lambda df, x: 1 + df(x))
answers.right("residual_derivative", "ones like x", lambda df, x: df(x) + torch.ones_like(x))
answers.right("residual_derivative", "torch.add", lambda df, x: torch.add(df(x), 1.0))

answers.right("chain_gradient", "a truth value added", lambda d, residual: (d + residual).prod(0))
answers.right(
    "chain_gradient",
    "with a factor of one",
    lambda d, residual: torch.stack([*(d + int(residual)), torch.ones_like(d.sum(0))]).prod(0),
)
answers.right(
    "chain_gradient",
    "torch.where",
    lambda d, residual: torch.where(torch.tensor(residual), d + 1, d).prod(dim=0),
)

answers.right(
    "residual_jacobian",
    "of the whole block",
    lambda f, x: torch.autograd.functional.jacobian(lambda z: z + f(z), x),
)
answers.right(
    "residual_jacobian",
    "forward, ones on the diagonal",
    lambda f, x: torch.func.jacfwd(f)(x) + torch.diag(torch.ones_like(x)),
)
answers.right("residual_jacobian", "row by row", with_an_eye)

answers.right("weakest_gradient", "by eigenvectors, the sign turned", by_power)
answers.right(
    "weakest_gradient",
    "a list, of the transposed matrix",
    lambda j: [torch.linalg.svd(j).S.min(), torch.linalg.svd(j.mT).Vh[-1]],
)
answers.right(
    "weakest_gradient",
    "the gain as a float",
    lambda j: (float(torch.linalg.svdvals(j)[-1]), torch.linalg.svd(j)[0].T[-1]),
)

answers.right("gradient_norms", "by retain_grad and backward", by_retained_grad)
