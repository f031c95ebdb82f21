"""Sizes, convolutions and counts in other words, and empty ones."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers


def size_by_counting(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    starts = range(0, size + 2 * padding - kernel + 1, stride)
    if len(starts) == 0:
        raise ValueError("too wide")
    return len(starts)


def conv_by_windows(
    x: Tensor, weight: Tensor, bias: Any = None, stride: int = 1, padding: int = 0
) -> Tensor:
    framed = F.pad(x, [padding] * 4)
    rows, columns = weight.shape[2:]
    windows = framed.unfold(2, rows, stride).unfold(3, columns, stride)
    y = torch.einsum("nchwij,ocij->nohw", windows, weight)
    return y if bias is None else y + bias.view(1, -1, 1, 1)


def conv_by_shifts(
    x: Tensor, weight: Tensor, bias: Any = None, stride: int = 1, padding: int = 0
) -> Tensor:
    framed = F.pad(x, [padding] * 4)
    rows, columns = weight.shape[2:]
    high = (framed.shape[2] - rows) // stride + 1
    wide = (framed.shape[3] - columns) // stride + 1
    y: Any = 0 if bias is None else bias[None, :, None, None]
    for i in range(rows):
        for j in range(columns):
            part = framed[:, :, i:, j:][:, :, ::stride, ::stride][:, :, :high, :wide]
            y = y + torch.tensordot(part, weight[:, :, i, j], dims=([1], [1])).permute(0, 3, 1, 2)
    return y


def counted_by_torch(in_channels: int, out_channels: int, kernel: int, bias: bool = True) -> int:
    layer = nn.Conv2d(in_channels, out_channels, kernel, bias=bias)
    return sum(one.numel() for one in layer.parameters())


answers.right("conv_output_size", "by counting the starts", size_by_counting)
answers.wrong(
    "conv_output_size",
    "the size of the image",
    lambda size, kernel, stride=1, padding=0: size,
    at_most=0.0,
)

answers.right("conv2d", "by windows and einsum", conv_by_windows)
answers.right("conv2d", "by shifted images", conv_by_shifts)
answers.wrong(
    "conv2d",
    "the image, untouched",
    lambda x, weight, bias=None, stride=1, padding=0: x,
    at_most=0.0,
)
answers.wrong(
    "conv2d",
    "autograd is cut off: it costs the gradients only",
    lambda *args, **how: F.conv2d(*args, **how).detach(),
    at_least=0.7,
)

answers.right(
    "conv_parameters", "a formula", lambda i, o, k, bias=True: i * o * k**2 + (o if bias else 0)
)
answers.right("conv_parameters", "counted by torch", counted_by_torch)
answers.wrong("conv_parameters", "always 156", lambda *args, **kwargs: 156, at_most=0.0)
