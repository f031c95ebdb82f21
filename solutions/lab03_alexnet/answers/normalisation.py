"""Response normalisation, right in other words and wrong."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers


def lrn_by_shifts(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    half, channels = size // 2, x.shape[1]
    padded = F.pad(x**2, (0, 0, 0, 0, half, half))
    total = sum(padded[:, i : i + channels] for i in range(size))
    return x * (k + alpha * total) ** (-beta)


def lrn_by_loop(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    out = []
    for i in range(x.shape[1]):
        around = x[:, max(0, i - size // 2) : i + size // 2 + 1]
        out.append(x[:, i] / (k + alpha * (around * around).sum(1)).pow(beta))
    return torch.stack(out, 1)


def lrn_by_built_in(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    return nn.LocalResponseNorm(size, alpha * size, beta, k)(x)


def lrn_by_matrix(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    place = torch.arange(x.shape[1])
    near = ((place[:, None] - place).abs() <= size // 2).to(x.dtype)
    total = torch.einsum("ij,njhw->nihw", near, x.pow(2))
    return x * torch.exp(-beta * torch.log(k + alpha * total))


def lrn_with_torchs_layer(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    return nn.LocalResponseNorm(size, alpha=alpha, beta=beta, k=k)(x)


def lrn_by_pooling(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    squares = (x**2).flatten(2).transpose(1, 2)
    mean = F.avg_pool1d(squares, size, 1, size // 2, count_include_pad=False)
    return x / (k + alpha * size * mean.transpose(1, 2).view_as(x)) ** beta


answers.right("local_response_norm", "by shifted copies", lrn_by_shifts)
answers.right("local_response_norm", "by a loop over channels", lrn_by_loop)
answers.right("local_response_norm", "by torch's layer, α times size", lrn_by_built_in)
answers.right("local_response_norm", "by a matrix of neighbours", lrn_by_matrix)

answers.wrong(
    "local_response_norm", "torch's layer as it is", lrn_with_torchs_layer, mistake="average"
)
answers.wrong(
    "local_response_norm",
    "an average pooling that leaves the edges out of its count",
    lrn_by_pooling,
    mistake="average_at_the_edges",
)


def lrn_with_the_papers_beta(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    return lrn_by_loop(x, size, k, alpha, 0.75)


def lrn_without_brackets(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    sums = ((x / lrn_by_loop(x, size, 1.0, 1.0, 1.0)) - 1).nan_to_num()
    return x / k + alpha * sums**beta


def lrn_divided_by_alpha(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    return x / alpha / lrn_by_loop(x, size, k, 1.0, beta) * x


for says, wrong, mistake in (
    (
        "β of the paper, whatever comes in, by a loop",
        lrn_with_the_papers_beta,
        "beta_is_the_papers",
    ),
    ("no brackets behind the bar", lrn_without_brackets, "denominator_without_brackets"),
    ("divided by α, multiplied by the rest", lrn_divided_by_alpha, ""),
):
    answers.wrong("local_response_norm", says, wrong, mistake=mistake, at_most=0.6)


def nine_at_most(x: Tensor, size: int = 5, *given: float, **named: float) -> Tensor:
    return lrn_by_loop(x, min(size, 9), *given, **named)


answers.wrong("local_response_norm", "windows of nine at most", nine_at_most)
