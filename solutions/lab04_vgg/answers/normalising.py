"""BatchNorm in other words, and with one slip each."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .book import answers, slips

BN = "batch_norm"


def channels_first(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    mean: Tensor,
    var: Tensor,
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Tensor, Tensor, Tensor]:
    rows = x.transpose(0, 1).reshape(x.shape[1], -1)
    if training and rows.shape[1] < 2:
        raise ValueError("at least two numbers")
    if not training:
        used_mean, used_var = mean, var
        kept = (mean.clone(), var.clone())
    else:
        used_mean, used_var = rows.mean(1), rows.var(1, unbiased=False)
        with torch.no_grad():
            kept = (mean.lerp(used_mean, momentum), var.lerp(rows.var(1), momentum))
    scale = weight / torch.sqrt(used_var.detach() + eps if not training else used_var + eps)
    shift = bias - scale * (used_mean if training else used_mean.detach())
    return x * scale[:, None, None] + shift[:, None, None], kept[0].detach(), kept[1].detach()


def last_axis(x: Any, weight: Any, bias: Any, *stats: Any, **named: Any) -> Any:
    """With channels last, and everything else by position or name."""
    names = ("mean", "var", "training", "momentum", "eps")
    given = {"momentum": 0.1, "eps": 1e-5, **dict(zip(names, stats, strict=False)), **named}
    moved = x.permute(0, 2, 3, 1)
    mean, var = given["mean"].detach(), given["var"].detach()
    if not given["training"]:
        y = (moved - mean) * torch.rsqrt(var + given["eps"])
        return (y * weight + bias).permute(0, 3, 1, 2), mean, var
    flat = moved.flatten(0, 2)
    many = len(flat)
    if many == 1:
        raise ValueError("a single number has no variance")
    middle = flat.sum(0) / many
    spread = ((flat - middle) ** 2).sum(0) / many
    y = (moved - middle) * torch.rsqrt(spread + given["eps"])
    with torch.no_grad():
        share = given["momentum"]
        mean = mean + share * (middle - mean)
        var = var + share * (spread * many / (many - 1) - var)
    return (y * weight + bias).permute(0, 3, 1, 2), mean.detach(), var.detach()


def by_moments(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    mean: Tensor,
    var: Tensor,
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Tensor, Tensor, Tensor]:
    each = "nchw,c->nchw"
    mean, var = mean.detach(), var.detach()
    middle, spread = mean, var
    if training:
        count = x[:, 0].numel()
        if count <= 1:
            raise ValueError
        spread, middle = torch.var_mean(x, dim=(0, 2, 3), correction=0)
        old = 1 - momentum
        mean = old * mean + momentum * middle.detach()
        var = old * var + momentum * torch.var(x.detach(), dim=(0, 2, 3))
    centred = x - middle[None, :, None, None]
    return (
        torch.einsum(each, centred, weight * (spread + eps) ** -0.5) + bias.reshape(-1, 1, 1),
        mean,
        var,
    )


for says, right in {
    "rows of channels": channels_first,
    "channels last, arguments in a dict": last_axis,
    "var_mean and einsum": by_moments,
}.items():
    answers.right(BN, says, {BN: right})

CENTER = """
    - center = x.mean(dim=(0, 2, 3))
    + center = {}
"""
SPREAD = """
    - spread = (x - center.view(shape)).square().mean(dim=(0, 2, 3))
    + spread = {}
"""
UNBIASED = """
    - unbiased = spread * count / (count - 1)
    + unbiased = {}
"""
MEAN = """
    - mean = (1 - momentum) * mean + momentum * center
    + {}
"""
VAR = """
    - var = (1 - momentum) * var + momentum * unbiased
    + {}
"""
NORMALISED = """
    - normalised = (x - center.view(shape)) / (spread.view(shape) + eps).sqrt()
    + normalised = {}
"""
BACK = """
    - return weight.view(shape) * normalised + bias.view(shape), mean.detach(), var.detach()
    + {}
"""
USED = """
    - shape, center, spread = (-1, 1, 1), mean, var
    + shape, center, spread = (-1, 1, 1), {}
"""
Y = "weight.view(shape) * normalised + bias.view(shape)"
slips(
    BN,
    {
        "the median for the mean": CENTER.format(
            "x.transpose(0, 1).flatten(1).median(dim=1).values"
        ),
        "the first image's mean": CENTER.format("x[:1].mean(dim=(0, 2, 3))"),
        "the mean carries no gradient": CENTER.format("x.detach().mean(dim=(0, 2, 3))"),
        "mean squared, not centred": SPREAD.format("x.square().mean(dim=(0, 2, 3))"),
        "absolute differences": SPREAD.format("(x - center.view(shape)).abs().mean(dim=(0, 2, 3))"),
        "the variance carries no gradient": SPREAD.format(
            "(x - center.view(shape)).detach().square().mean(dim=(0, 2, 3))"
        ),
        "the unbiased variance for all": SPREAD.format("x.var(dim=(0, 2, 3))")
        + UNBIASED.format("spread"),
        "the variance over images alone": SPREAD.format(
            "x.mean(dim=(2, 3)).var(dim=0, unbiased=False)"
        ),
        "biased running variance": UNBIASED.format("spread"),
        "the other correction": UNBIASED.format("spread * (count - 1) / count"),
        "the count of images": UNBIASED.format("spread * len(x) / max(1, len(x) - 1)"),
        "a running deviation": UNBIASED.format("(spread * count / (count - 1)).sqrt()"),
        "the running mean follows a gradient": BACK.format(f"return {Y}, mean, var.detach()"),
        "the running variance follows a gradient": BACK.format(f"return {Y}, mean.detach(), var"),
        "momentum the other way, mean": MEAN.format(
            "mean = momentum * mean.detach() + (1 - momentum) * center.detach()"
        ),
        "momentum the other way, variance": VAR.format(
            "var = momentum * var.detach() + (1 - momentum) * unbiased"
        ),
        "momentum of 0.1 always": MEAN.format("mean = 0.9 * mean.detach() + 0.1 * center.detach()"),
        "the running mean stays": MEAN.format("mean = mean.detach()"),
        "the running variance stays": VAR.format("var = var.detach()"),
        "the running mean in place": MEAN.format(
            "mean.mul_(1 - momentum).add_(momentum * center.detach())"
        ),
        "the running variance in place": VAR.format(
            "var.copy_((1 - momentum) * var + momentum * unbiased.detach())"
        ),
        "ε beside the root": NORMALISED.format(
            "(x - center.view(shape)) / (spread.view(shape).sqrt() + eps)"
        ),
        "ε of its own": NORMALISED.format(
            "(x - center.view(shape)) / (spread.view(shape) + 1e-5).sqrt()"
        ),
        "divided by the variance": NORMALISED.format(
            "(x - center.view(shape)) / (spread.view(shape) + eps)"
        ),
        "not centred": NORMALISED.format("x / (spread.view(shape) + eps).sqrt()"),
        "centred by the running mean": NORMALISED.format(
            "(x - mean.view(shape)) / (spread.view(shape) + eps).sqrt()"
        ),
        "without γ": BACK.format(
            "return normalised + bias.view(shape), mean.detach(), var.detach()"
        ),
        "without β": BACK.format(
            "return weight.view(shape) * normalised, mean.detach(), var.detach()"
        ),
        "1 + γ": BACK.format(
            "return (1 + weight.view(shape)) * normalised + bias.view(shape), mean.detach(), "
            "var.detach()"
        ),
        "maps alone come back": BACK.format(f"return {Y}"),
        "variance before mean": BACK.format(f"return {Y}, var.detach(), mean.detach()"),
        "a deviation comes back": BACK.format(f"return {Y}, mean.detach(), var.detach().sqrt()"),
        "γ and β without gradients": BACK.format(
            "return weight.detach().view(shape) * normalised + bias.detach().view(shape), "
            "mean.detach(), var.detach()"
        ),
        "evaluation by the batch": USED.format(
            "x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), unbiased=False)"
        ),
        "evaluation by deviation": USED.format("mean, var.sqrt()"),
        "always training": """
            - if training:
            + if True:
        """,
        "never training": """
            - if training:
            + if not training:
        """,
        "one number is let through": """
            - if count == 1:
            -     raise ValueError("one number has no variance: give more images, or larger ones")
            + count = max(2, count)
        """,
        "one image is refused": """
            - if count == 1:
            + if len(x) == 1:
        """,
        "one number is refused as a type": """
            - raise ValueError("one number has no variance: give more images, or larger ones")
            + raise TypeError("one number has no variance: give more images, or larger ones")
        """,
    },
)

answers.wrong(
    BN,
    "the variance as a difference of large numbers",
    answers.changed(
        BN,
        "- spread = (x - center.view(shape)).square().mean(dim=(0, 2, 3))\n"
        "+ spread = (x * x).mean(dim=(0, 2, 3)) - center * center",
    ),
)
