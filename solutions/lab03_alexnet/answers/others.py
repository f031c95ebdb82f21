"""Right answers in still other words: small functions and both kinds of dropout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from .book import answers

LRN = "local_response_norm"


def lrn_by_pooling_in_depth(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    ends = (0, 0, 0, 0, size // 2, size // 2)
    squares = F.pad(x * x, ends).unsqueeze(1)  # (N, 1, C + ends, H, W)
    mean = F.avg_pool3d(squares, (size, 1, 1), stride=1)
    return torch.div(x, torch.pow(k + alpha * size * mean.squeeze(1), beta))


def lrn_by_convolution(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    images, channels, height, width = x.shape
    flat = x.pow(2).reshape(images, 1, channels, height * width)
    kernel = torch.ones(1, 1, size, 1, dtype=x.dtype)
    total = F.conv2d(flat, kernel, padding=(size // 2, 0)).reshape(x.shape)
    return x / (k + alpha * total) ** beta


def lrn_into_a_new_tensor(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    total = torch.zeros_like(x)
    channels = x.shape[1]
    for step in range(-(size // 2), size // 2 + 1):
        for i in range(channels):
            if 0 <= i + step < channels:
                total[:, i] += x[:, i + step] ** 2
    return x * (k + alpha * total).pow(-beta)


def lrn_in_float64(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    wide = x.double()
    padded = F.pad(wide.square(), (0, 0, 0, 0, size // 2, size // 2))
    total = padded.unfold(1, size, 1).sum(-1)
    return (wide / (k + alpha * total) ** beta).to(x.dtype)


class Normaliser:
    """With a helper class that is thrown away."""

    def __init__(self, size: int, k: float, alpha: float, beta: float) -> None:
        self.size, self.k, self.alpha, self.beta = size, k, alpha, beta

    def around(self, x: Tensor, channel: int) -> Tensor:
        first, last = channel - self.size // 2, channel + self.size // 2
        return x[:, max(0, first) : min(x.shape[1] - 1, last) + 1]

    def __call__(self, x: Tensor) -> Tensor:
        sums = [self.around(x, i).pow(2).sum(1, keepdim=True) for i in range(x.shape[1])]
        return x / torch.pow(self.k + self.alpha * torch.cat(sums, 1), self.beta)


for says, answer in dict[str, Any](
    {
        "by a pooling in three dimensions": lrn_by_pooling_in_depth,
        "by a convolution": lrn_by_convolution,
        "into a new tensor, channel by channel": lrn_into_a_new_tensor,
        "in float64, and back": lrn_in_float64,
    }
).items():
    answers.right(LRN, says, answer)
answers.right(
    LRN,
    "by a helper class",
    lambda x, size=5, k=2.0, alpha=1e-4, beta=0.75: Normaliser(size, k, alpha, beta)(x),
)


def windows_by_counting(size: int, window: int = 3, stride: int = 2) -> int:
    count, start = 0, 0
    while start + window <= size:
        count, start = count + 1, start + stride
    return count


answers.right("overlapping_pool_size", "by counting", windows_by_counting)
answers.right(
    "overlapping_pool_size",
    "by unfold",
    lambda size, window=3, stride=2: torch.arange(size).unfold(0, window, stride).shape[0],
)
answers.right(
    "overlapping_pool_size",
    "by numpy, a whole number of its own kind",
    lambda size, window=3, stride=2: np.int64(np.floor((size - window) / stride)) + 1,
)
answers.right(
    "overlapping_pool_size",
    "by torch's pooling",
    lambda size, window=3, stride=2: nn.MaxPool1d(window, stride)(torch.zeros(1, 1, size)).size(2),
)


def conv_by_layer(in_channels: int, out_channels: int, kernel: int, groups: int = 1) -> int:
    layer = nn.Conv2d(in_channels, out_channels, kernel, groups=groups)
    return sum(p.numel() for p in layer.parameters())


answers.right("grouped_conv_parameters", "by torch's layer", conv_by_layer)
answers.right(
    "grouped_conv_parameters",
    "by shapes",
    lambda in_channels, out_channels, kernel, groups=1: (
        math.prod((out_channels, in_channels // groups, kernel, kernel)) + out_channels
    ),
)


answers.right(
    "pca_lighting",
    "by einsum, into a new tensor",
    lambda image, eigenvalues, eigenvectors, alphas: torch.add(
        image, torch.einsum("cj,j,j->c", eigenvectors, eigenvalues, alphas).reshape(-1, 1, 1)
    ),
)
answers.right(
    "pca_lighting",
    "pixel by pixel as a matrix",
    lambda image, eigenvalues, eigenvectors, alphas: (
        image.reshape(3, -1) + eigenvectors.mm((alphas * eigenvalues).unsqueeze(1))
    ).reshape(image.shape),
)


def light_in_place_of_a_copy(
    image: Tensor, eigenvalues: Tensor, eigenvectors: Tensor, alphas: Tensor
) -> Tensor:
    lit = image.clone()
    for i in range(3):
        lit += (eigenvectors[:, i] * eigenvalues[i] * alphas[i])[:, None, None]
    return lit


answers.right("pca_lighting", "into a copy, direction by direction", light_in_place_of_a_copy)


def light_in_place_of_pixels(
    image: Tensor, eigenvalues: Tensor, eigenvectors: Tensor, alphas: Tensor
) -> Tensor:
    """Where the pixels lie together in memory, ``contiguous`` makes no copy."""
    rows = image.permute(1, 2, 0).contiguous()
    rows += eigenvectors @ (eigenvalues * alphas)
    return rows.permute(2, 0, 1)


answers.wrong("pca_lighting", "in place, where contiguous makes no copy", light_in_place_of_pixels)


# Dropout ----------------------------------------------------------------------------------


def by_index(x: Tensor, p: float, training: bool, generator: Generator | None = None) -> Tensor:
    if not training or p == 0:
        return x
    if p == 1:
        return torch.zeros_like(x)
    result = x / (1 - p)
    result[torch.rand(x.shape, generator=generator) < p] = 0
    return result


def by_uniform(x: Tensor, p: float, training: bool, generator: Generator | None = None) -> Tensor:
    if not training:
        return x * 1
    noise = x.new_empty(x.shape).uniform_(0, 1, generator=generator)
    return x * torch.where(noise < p, 0.0, 1 / (1 - p) if p != 1 else 0.0).to(x.dtype)


def by_numpy(x: Tensor, p: float, training: bool, generator: Generator | None = None) -> Tensor:
    if not training:
        return x
    seed = int(torch.randint(2**31, (), generator=generator))
    keep = torch.from_numpy(np.asarray(np.random.default_rng(seed).random(tuple(x.shape)) >= p))
    return x * keep / (1 - p) if p < 1 else x * 0


def by_numbers_in_float64(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if not training:
        return x
    mask = torch.rand(x.shape, generator=generator, dtype=torch.float64).ge(p).to(x.dtype)
    return (x * mask).div(1 - p) if p < 1 else x.mul(0)


def paper_by_index(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    result = x.clone()
    if training:
        result[torch.rand(x.shape, generator=generator) < p] = 0.0
    else:
        result.mul_(1 - p)
    return result


def paper_by_numpy(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    return by_numpy(x, p, True, generator) * (1 - p) if training else (1 - p) * x


def paper_by_uniform(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    def weight() -> Any:
        if not training:
            return 1 - p
        return (torch.empty(x.shape).uniform_(generator=generator) >= p).to(x.dtype)

    return x * weight()


for says, answer in dict[str, Any](
    {
        "by index": by_index,
        "by uniform_": by_uniform,
        "by numpy, whose seed the generator draws": by_numpy,
        "with numbers in float64": by_numbers_in_float64,
    }
).items():
    answers.right("dropout", says, answer)
for says, answer in dict[str, Any](
    {
        "by index": paper_by_index,
        "by numpy, whose seed the generator draws": paper_by_numpy,
        "by uniform_": paper_by_uniform,
    }
).items():
    answers.right("paper_dropout", says, answer)
answers.wrong(
    "overlapping_pool_size",
    "room for a whole stride behind the last window",
    lambda size, window=3, stride=2: (size - max(window, stride)) // stride + 1,
    mistake="a_stride_for_the_last",
    at_most=0.85,
)
