"""Sizes, light and parameters, right in other words and wrong."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from .book import answers

answers.right(
    "overlapping_pool_size",
    "by a range",
    lambda size, window=3, stride=2: len(range(0, size - window + 1, stride)),
)
answers.right(
    "overlapping_pool_size",
    "by floor",
    lambda size, window=3, stride=2: math.floor((size - window) / stride + 1),
)
answers.right(
    "overlapping_pool_size",
    "in one division",
    lambda size, window=3, stride=2: (size - window + stride) // stride,
)
answers.wrong(
    "overlapping_pool_size",
    "rounded up in whole numbers",
    lambda n, z=3, s=2: (n - z + s - 1) // s + 1,
    mistake="rounds_up",
)


def lit_by_loop(image: Tensor, eigenvalues: Tensor, eigenvectors: Tensor, alphas: Tensor) -> Tensor:
    result = image.clone()
    for i in range(3):
        for channel in range(3):
            result[channel] += alphas[i] * eigenvalues[i] * eigenvectors[channel, i]
    return result


def lit_with_channels_last(
    image: Tensor, eigenvalues: Tensor, eigenvectors: Tensor, alphas: Tensor
) -> Tensor:
    shift = eigenvectors @ torch.diag(eigenvalues) @ alphas
    return (image.permute(1, 2, 0) + shift).permute(2, 0, 1)


answers.right("pca_lighting", "by a loop", lit_by_loop)
answers.right(
    "pca_lighting",
    "by a weighted sum of columns",
    lambda image, eigenvalues, eigenvectors, alphas: (
        image + (eigenvectors * (alphas * eigenvalues)).sum(dim=1)[:, None, None]
    ),
)
answers.right("pca_lighting", "channels last", lit_with_channels_last)
answers.wrong(
    "pca_lighting",
    "eigenvectors in rows",
    lambda x, v, p, a: x + (p.T @ (a * v)).view(3, 1, 1),
    mistake="rows_for_columns",
)

answers.right(
    "grouped_conv_parameters",
    "group by group",
    lambda in_channels, out_channels, kernel, groups=1: (
        groups * ((in_channels // groups) * (out_channels // groups) * kernel * kernel)
        + out_channels
    ),
)
answers.right(
    "grouped_conv_parameters",
    "a share of all weights",
    lambda in_channels, out_channels, kernel, groups=1: int(
        in_channels * out_channels * kernel**2 / groups + out_channels
    ),
)
answers.right(
    "grouped_conv_parameters",
    "channel by channel",
    lambda in_channels, out_channels, kernel, groups=1: sum(
        (in_channels // groups) * kernel * kernel + 1 for _ in range(out_channels)
    ),
)
answers.wrong(
    "grouped_conv_parameters",
    "weights alone",
    lambda i, o, k, groups=1: o * i * k * k // groups,
    mistake="bias_forgotten",
)

# Whole numbers of other types --------------------------------------------------------------

for says, kind in {
    "in a tensor without axes": torch.tensor,
    "a number of NumPy's": np.int64,
}.items():
    answers.right(
        "overlapping_pool_size",
        says,
        lambda size, window=3, stride=2, kind=kind: kind((size - window) // stride + 1),
    )
    answers.right(
        "grouped_conv_parameters",
        says,
        lambda i, o, k, groups=1, kind=kind: kind(o * (i // groups * k * k + 1)),
    )
