"""Receptive fields and stacks in other words, and wrong ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .book import answers


def field_backwards(layers: list[tuple[int, int]]) -> int:
    field = 1
    for kernel, stride in reversed(layers):
        field = (field - 1) * stride + kernel
    return field


def field_by_products(layers: list[tuple[int, int]]) -> int:
    field = 1
    for place, (kernel, _) in enumerate(layers):
        field += (kernel - 1) * int(torch.tensor([1, *(s for _, s in layers[:place])]).prod())
    return field


def field_recursive(layers: Any) -> int:
    if not layers:
        return 1
    (kernel, stride), *rest = layers
    return int((field_recursive(rest) - 1) * stride + kernel)


def map_by_backward(network: nn.Module, images: Tensor) -> Tensor:
    leaf = images.clone().requires_grad_(True)
    maps = network(leaf)
    maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2].sum().backward()
    assert leaf.grad is not None
    total = leaf.grad.abs().sum((0, 1))
    return total / total.sum()


def map_image_by_image(network: nn.Module, images: Tensor) -> Tensor:
    total = torch.zeros(images.shape[2:], dtype=images.dtype)
    for image in images:
        x = image[None].detach().requires_grad_()
        y = network(x).sum(1)[0]
        total += torch.autograd.grad(y[y.shape[0] // 2, y.shape[1] // 2], x)[0][0].abs().sum(0)
    return total.div(total.sum())


def map_with_a_mask(network: nn.Module, images: Tensor) -> Tensor:
    maps, pull = torch.func.vjp(network, images)  # type: ignore[misc]
    mask = torch.zeros_like(maps)
    mask[..., maps.size(-2) // 2, maps.size(-1) // 2] = 1
    share = pull(mask)[0].abs().mean(0).mean(0)
    return share / share.sum()


answers.right("receptive_field", "from the last layer back", field_backwards)
answers.right("receptive_field", "products of strides", field_by_products)
answers.right("receptive_field", "by recursion", field_recursive)


answers.wrong(
    "receptive_field",
    "strides ignored, as one sum",
    lambda layers: 1 + sum(k - 1 for k, _ in layers),
    mistake="strides_ignored",
)


answers.right(
    "stack_parameters",
    "squared at once",
    lambda channels, kernel, depth: depth * (kernel * channels) ** 2,
)
answers.right(
    "stack_parameters",
    "a sum over the layers",
    lambda channels, kernel, depth: sum(channels**2 * kernel**2 for _ in range(depth)),
)
answers.right(
    "stack_parameters",
    "counted on meta",
    lambda channels, kernel, depth: (
        depth * nn.Conv2d(channels, channels, kernel, bias=False, device="meta").weight.numel()
    ),
)
answers.wrong(
    "stack_parameters",
    "biases, layer by layer",
    lambda c, k, d: d * (c * c * k * k + c),
    mistake="with_biases",
)


answers.right("effective_receptive_field", "by backward", map_by_backward)
answers.right("effective_receptive_field", "image by image", map_image_by_image)
answers.right("effective_receptive_field", "with a mask", map_with_a_mask)
