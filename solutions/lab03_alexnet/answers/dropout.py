"""Both kinds of dropout, right in other words and wrong."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from .book import answers


def dropout_by_where(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if not training or p == 0:
        return x.clone()
    if p == 1:
        return 0 * x
    gone = torch.rand(x.size(), generator=generator) < p
    return torch.where(gone, torch.zeros_like(x), x / (1 - p))


def dropout_by_bernoulli(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if training:
        mask = torch.empty_like(x).bernoulli_(1 - p, generator=generator)
        return x * mask / max(1 - p, 1e-12)
    return x


def dropout_by_fill(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if training is False:
        return x
    noise = torch.rand(x.shape, generator=generator, dtype=x.dtype)
    scale = 1.0 if p == 1.0 else 1.0 / (1.0 - p)
    return x.masked_fill(noise < p, 0.0) * scale


def paper_by_where(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if not training:
        return x - p * x
    return torch.where(torch.rand(x.shape, generator=generator) < p, 0.0, x)


def paper_by_bernoulli(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    chances = torch.full_like(x, 1 - p)
    return x * (torch.bernoulli(chances, generator=generator) if training else chances)


def paper_by_inverted(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    return dropout_by_fill(x, p, training, generator) * (1 - p)


def global_dropout(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    return F.dropout(x, p, training)


def dropout_with_nan(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if not training:
        return x
    return x * (torch.rand(x.shape, generator=generator) >= p) / (1 - p)


answers.right("dropout", "by where", dropout_by_where)
answers.right("dropout", "by bernoulli", dropout_by_bernoulli)
answers.right("dropout", "by masked_fill", dropout_by_fill)
answers.right("paper_dropout", "by where", paper_by_where)
answers.right("paper_dropout", "by bernoulli", paper_by_bernoulli)
answers.right("paper_dropout", "by inverted dropout", paper_by_inverted)

answers.wrong(
    "dropout", "torch's own, without the generator", global_dropout, mistake="own_generator"
)
answers.wrong("dropout", "0 · ∞ at p = 1", dropout_with_nan, mistake="nan_at_one", at_least=0.8)
answers.wrong("paper_dropout", "inverted dropout", dropout_by_where, mistake="inverted")


def kept_with_p(x: Tensor, p: float, training: bool, generator: Generator | None = None) -> Tensor:
    if not training:
        return x
    dropped = torch.rand(x.shape, generator=generator) >= p
    return torch.where(dropped, torch.zeros_like(x), x * (0.0 if p == 1 else 1 / (1 - p)))


def paper_kept_with_p(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if not training:
        return x - p * x
    return x.masked_fill(torch.rand(x.shape, generator=generator) > p, 0)


def dropped_too_rarely(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if not training:
        return x
    dropped = torch.rand(x.shape, generator=generator) < p * 0.9
    return torch.where(dropped, torch.zeros_like(x), x * (0.0 if p == 1 else 1 / (1 - p)))


def scaled_twice(x: Tensor, p: float, training: bool, generator: Generator | None = None) -> Tensor:
    return dropout_by_where(x, p, training, generator) / (1 - p if training and p < 1 else 1)


def written_past_autograd(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if training:
        factor = 1 - p if p < 1 else 1
        x.data.mul_((torch.rand(x.shape, generator=generator) >= p) / factor)
    return x


def unscaled(x: Tensor, p: float, training: bool, generator: Generator | None = None) -> Tensor:
    return dropout_by_where(x, p, training, generator) * (1 - p if training else 1)


for says, wrong, mistake in (
    ("keeps with p, and scales for p dropped", kept_with_p, "p_is_kept_and_scaled"),
    ("drops a tenth too few", dropped_too_rarely, ""),
    ("scales twice", scaled_twice, "scaled_twice"),
    ("does not scale", unscaled, "unscaled"),
):
    answers.wrong("dropout", says, wrong, mistake=mistake, at_most=0.72)
answers.wrong("paper_dropout", "keeps with p", paper_kept_with_p, mistake="p_is_kept", at_most=0.72)
answers.wrong("dropout", "written into x past autograd", written_past_autograd, at_most=0.92)
