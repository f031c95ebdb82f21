"""`chain_gradient` in other words, and as students get it wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from .book import answers


def chain_by_product(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Tensor:
    slope, point = torch.ones_like(x), x
    for _ in range(depth):
        leaf = point.detach().requires_grad_()
        slope = slope * torch.autograd.grad(activation(leaf).sum(), leaf)[0]
        point = activation(point)
    return slope


def chain_by_functional(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Tensor:
    def whole(start: Tensor) -> Tensor:
        return reduce(lambda value, _: activation(value), range(depth), start)

    return torch.autograd.functional.vjp(whole, x, torch.ones_like(x))[1]


def chain_by_backward(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Any:
    leaf = x.clone().requires_grad_(True)
    value = leaf
    for _ in range(depth):
        value = activation(value)
    value.backward(torch.ones_like(value))
    return leaf.grad


def chain_into_grad(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Any:
    x.requires_grad = True
    y = x
    for _ in range(depth):
        y = activation(y)
    y.sum().backward()
    return x.grad


answers.right("chain_gradient", "by the chain rule", chain_by_product)
answers.right("chain_gradient", "by a vector-Jacobian product", chain_by_functional)
answers.right("chain_gradient", "by backward", chain_by_backward)
answers.wrong("chain_gradient", "into the caller's grad", chain_into_grad, mistake="accumulates")
answers.wrong(
    "chain_gradient",
    "sizes of slopes",
    lambda f, depth, x: chain_by_product(f, depth, x).abs(),
)
answers.wrong(
    "chain_gradient",
    "slopes at most 1",
    lambda f, depth, x: chain_by_product(f, depth, x).clamp(max=1),
)
