"""`rbf_penalties` and `map_loss` in other words, and with slips."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .book import answers, slips


def penalties_by_einsum(x: Tensor, codes: Tensor) -> Tensor:
    differences = x.unsqueeze(1) - codes
    return torch.einsum("nkd,nkd->nk", differences, differences)


answers.right(
    "rbf_penalties",
    "code by code",
    lambda x, codes: torch.stack([((x - code) ** 2).sum(1) for code in codes], dim=1),
)
answers.right("rbf_penalties", "by einsum", penalties_by_einsum)
answers.wrong(
    "rbf_penalties", "always 0", lambda x, codes: x.new_zeros(len(x), len(codes)), at_most=0.0
)


def loss_by_exponentials(penalties: Tensor, labels: Tensor, j: float = 1.0) -> Tensor:
    own = penalties[torch.arange(len(labels)), labels]
    return (own + (math.exp(-j) + torch.exp(-penalties).sum(1)).log()).mean()


answers.right(
    "map_loss",
    "a cross-entropy with one more class",
    lambda y, t, j=1.0: F.cross_entropy(torch.cat([-y, 0 * y[:, :1] - j], 1), t),
)
answers.wrong("map_loss", "by exponentials", loss_by_exponentials)
answers.wrong(
    "map_loss",
    "the mean penalty",
    lambda penalties, labels, j=1.0: penalties.mean(),
    at_most=0.0,
)


def penalties_by_loops(x: Tensor, codes: Tensor) -> Tensor:
    rows = [[(one - code).pow(2).sum() for code in codes] for one in x]
    return torch.stack([torch.stack(row) for row in rows])


def penalties_multiplied_out(x: Tensor, codes: Tensor) -> Tensor:
    squares = x.square().sum(1, keepdim=True) + codes.square().sum(1)
    return (squares - 2 * (x @ codes.mT)).clamp(min=0)


answers.right("rbf_penalties", "one by one", penalties_by_loops)
answers.right("rbf_penalties", "multiplied out, not below 0", penalties_multiplied_out)
answers.right("rbf_penalties", "cdist, squared", lambda x, codes: torch.cdist(x, codes) ** 2)
answers.right(
    "rbf_penalties", "norms, squared", lambda x, codes: (x[:, None] - codes).norm(dim=-1).square()
)
answers.right(
    "rbf_penalties",
    "a loss of torch's",
    lambda x, codes: F.mse_loss(
        x[:, None].expand(-1, len(codes), -1), codes.expand(len(x), -1, -1), reduction="none"
    ).sum(-1),
)
DIFFERENCES = "differences = x[:, None, :] - codes[None, :, :]"
TOTAL = "differences.square().sum(dim=2)"
slips(
    "rbf_penalties",
    {
        "the mean": (TOTAL, "differences.square().mean(dim=2)"),
        "the root of it": (TOTAL, "differences.square().sum(dim=2).sqrt()"),
        "a root, squared: nan at a code": (
            TOTAL,
            "differences.square().sum(dim=2).sqrt().square()",
        ),
        "the units added up before the square": (TOTAL, "differences.sum(dim=2).square()"),
        "the largest": (TOTAL, "differences.square().amax(dim=2)"),
        "row by row: as many images as classes": (
            DIFFERENCES,
            "differences = (x - codes)[:, None, :]",
        ),
        "the codes are detached": ("codes[None, :, :]", "codes.detach()[None, :, :]"),
        "the units are detached": ("x[:, None, :]", "x.detach()[:, None, :]"),
        "added instead of subtracted": ("] - codes", "] + codes"),
        "one image loses its axis": (TOTAL, TOTAL + ".squeeze(0)"),
        "axes of one are lost": (TOTAL, TOTAL + ".squeeze()"),
        "the units are changed": (DIFFERENCES, "x.data.clamp_(-1, 1)\n" + DIFFERENCES),
        "the codes are changed": (
            f"return {TOTAL}",
            f"codes.data.sign_().mul_(-1)\nreturn {TOTAL}",
        ),
        "float64 comes out": (TOTAL, TOTAL + ".double()"),
        "float32 comes out": (TOTAL, TOTAL + ".float()"),
        "float64 inside": (DIFFERENCES, "differences = x[:, None, :].double() - codes[None, :, :]"),
        "only ten classes": ("codes[None, :, :]", "codes[None, :10, :]"),
        "only 84 units": (
            "return " + TOTAL,
            "return differences.reshape(len(x), -1, min(84, "
            "x.shape[1])).square().sum(dim=2)[:, : len(codes)] if x.shape[1] == 84 else "
            "differences.square().sum(dim=1)",
        ),
        "only codes of ±1": (
            f"return {TOTAL}",
            "return x.square().sum(1, keepdim=True) - 2 * x @ codes.T + codes.shape[1]",
        ),
        "exponents instead of penalties": (TOTAL, f"(-{TOTAL}).exp()"),
        "never 0": (TOTAL, TOTAL + " + 1e-3"),
        "at most 100": (TOTAL, TOTAL + ".clamp(max=100)"),
        "views only": (DIFFERENCES, "codes = codes.view(-1).view(codes.shape)\n" + DIFFERENCES),
        "without gradients": ("def rbf", "@torch.no_grad()\ndef rbf"),
    },
)


def loss_image_by_image(penalties: Tensor, labels: Tensor, j: float = 1.0) -> Tensor:
    total = torch.zeros((), dtype=penalties.dtype)
    for row, label in zip(penalties, labels.tolist(), strict=True):
        logits = torch.cat([row.neg(), row.new_tensor([-j])])
        total = total + row[label] + torch.logsumexp(logits, 0)
    return total / len(labels)


def loss_by_one_hot(penalties: Tensor, labels: Tensor, j: float = 1.0) -> Tensor:
    own = (F.one_hot(labels, penalties.shape[1]) * penalties).sum(1)
    rest = torch.logaddexp(torch.logsumexp(-penalties, 1), torch.tensor(-float(j), dtype=own.dtype))
    return torch.mean(own + rest)


answers.right("map_loss", "image by image", loss_image_by_image)
answers.right("map_loss", "one-hot and logaddexp", loss_by_one_hot)
answers.right(
    "map_loss",
    "negative log-likelihood",
    lambda penalties, labels, j=1.0: F.nll_loss(
        F.pad(-penalties, (0, 1), value=-j).log_softmax(dim=-1), labels
    ),
)
MEAN = "return (own + torch.cat([-penalties, rubbish], dim=1).logsumexp(dim=1)).mean()"
slips(
    "map_loss",
    {
        "the sum over the batch": (".mean()", ".sum()"),
        "a number for each image": (".mean()", ""),
        "the middle one": (".mean()", ".median()"),
        "the usual constant is 0": ("j: float = 1.0", "j: float = 0.0"),
        "the usual constant is 2": ("j: float = 1.0", "j: float = 2.0"),
        "the constant is always 1": ("(own, -j)", "(own, -1.0)"),
        "the constant by name only": ("labels: Tensor, j", "labels: Tensor, *, j"),
        "the constant's sign": ("(own, -j)", "(own, j)"),
        "the penalties' sign": ("[-penalties,", "[penalties,"),
        "the right class's sign": ("(own + torch", "(-own + torch"),
        "the right class detached": ("return (own +", "return (own.detach() +"),
        "the wrong classes detached": ("[-penalties,", "[-penalties.detach(),"),
        "a plain number": (".mean()", ".mean().item()"),
        "a vector of one": (".mean()", ".mean()[None]"),
        "logarithm of base 2": (".logsumexp(dim=1))", ".logsumexp(dim=1) / 0.6931471805599453)"),
        "over the images, not the classes": (
            "dim=1).logsumexp(dim=1)",
            "dim=1).logsumexp(dim=0).mean()",
        ),
        "a soft maximum over the mean": (".logsumexp(dim=1)", ".exp().mean(dim=1).log()"),
        "the rubbish class counts for each class": (
            "rubbish], dim=1)",
            "rubbish.expand_as(penalties)], dim=1)",
        ),
        "only the classes up to the right one": (
            "own = penalties",
            "penalties = penalties[:, : labels.max() + 1]\nown = penalties",
        ),
        "the penalties are changed": (
            MEAN,
            "penalties.data.neg_()\n"
            "return (own + torch.cat([penalties, rubbish], dim=1).logsumexp(dim=1)).mean()",
        ),
        "the labels are changed": (MEAN, MEAN.replace("return ", "labels.zero_()\nreturn ")),
        "one image fails": (".squeeze(1)", ".squeeze()"),
        "overflows": (".logsumexp(dim=1)", ".neg().exp().reciprocal().sum(dim=1).log()"),
        "float32 comes out": (".mean()", ".mean().float()"),
        "float64 comes out": (".mean()", ".mean().double()"),
        "less the least penalty, whatever the constant": (
            MEAN,
            "least = penalties.min()\n"
            "total = (least - penalties).exp().sum(dim=1) + (least - j).exp()\n"
            "return (own - least + total.log()).mean()",
        ),
        "a plain logarithm of a sum": (".logsumexp(dim=1)", ".exp().sum(dim=1).log()"),
        "at most 50": (".mean()", ".clamp(max=50).mean()"),
        "the first class is right": ("labels[:, None]", "labels[:, None] * 0"),
        "without gradients": ("def map_loss(", "@torch.no_grad()\ndef map_loss("),
    },
)
answers.wrong(
    "rbf_penalties",
    "multiplied out",
    lambda x, codes: (x**2).sum(1, keepdim=True) - 2 * x @ codes.T + (codes**2).sum(1),
)


def loss_shifted_for_all(penalties: Tensor, labels: Tensor, j: float = 1.0) -> Tensor:
    least = min(penalties.min().item(), j)
    total = torch.exp(least - penalties).sum(1) + math.exp(least - j)
    return (penalties[torch.arange(len(labels)), labels] - least + total.log()).mean()


def loss_shifted_by_j(penalties: Tensor, labels: Tensor, j: float = 1.0) -> Tensor:
    own = penalties.gather(1, labels[:, None]).flatten()
    return (own - j + torch.exp(j - penalties).sum(1).log1p()).mean()


def loss_shifted_row_by_row(penalties: Tensor, labels: Tensor, j: float = 1.0) -> Tensor:
    least = penalties.min(dim=1).values.clamp(max=j).detach()
    total = torch.exp(least[:, None] - penalties).sum(1) + torch.exp(least - j)
    return (penalties[torch.arange(len(labels)), labels] - least + total.log()).mean()


answers.wrong("map_loss", "shifted by one minimum for all images", loss_shifted_for_all)
answers.wrong("map_loss", "shifted by the constant", loss_shifted_by_j)
answers.right("map_loss", "shifted by each image's minimum", loss_shifted_row_by_row)
answers.right(
    "map_loss",
    "softplus of what is over the constant",
    lambda y, t, j=1.0: (
        y.gather(1, t[:, None]).flatten() - j + F.softplus((-y).logsumexp(1) + j)
    ).mean(),
)
