"""`squash` and `Subsampling` in other words, and with slips."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers, slips, variants

answers.right(
    "squash", "by the exponential", lambda a: 1.7159 * (1 - 2 / (torch.exp(4 * a / 3) + 1))
)
answers.wrong("squash", "a straight line", lambda a: a, at_most=0.0)


class Squash(nn.Module):
    """A module of the student's own, with its numbers as attributes."""

    def __init__(self, height: float = 1.7159, slope: float = 2 / 3) -> None:
        super().__init__()
        self.height, self.slope = height, slope

    def forward(self, a: Tensor) -> Tensor:
        return self.height * (self.slope * a).tanh()


answers.right("squash", "a module", Squash())
answers.right("squash", "by the sigmoid", lambda a: 1.7159 * (2 * (4 / 3 * a).sigmoid() - 1))
answers.right("squash", "by nn.Tanh", lambda a: nn.Tanh()(a * 2 / 3) * 1.7159)
answers.right(
    "squash",
    "through tensors of one number",
    lambda a: torch.tanh(a / torch.tensor(1.5)).mul(1.7159),
)
TANH = "1.7159 * torch.tanh(2 * a / 3)"
slips(
    "squash",
    {
        "two digits of 2/3": (TANH, "1.7159 * torch.tanh(0.67 * a)"),
        "four digits of 2/3": (TANH, "1.7159 * torch.tanh(0.6667 * a)"),
        "three digits of the height": (TANH, "1.716 * torch.tanh(2 * a / 3)"),
        "whole numbers divided": (TANH, "1.7159 * torch.tanh(2 * a // 3)"),
        "in place": (TANH, "a.mul_(2 / 3).tanh_().mul_(1.7159)"),
        "the argument is scaled, and stays so": (
            TANH,
            "1.7159 * torch.tanh(a.data.mul_(2 / 3) + 0 * a)",
        ),
        "detached": (TANH, "1.7159 * torch.tanh(2 * a.detach() / 3)"),
        "by math, number by number": (
            f"return {TANH}",
            "import math\n"
            "numbers = [1.7159 * math.tanh(2 * one / 3) for one in a.flatten().tolist()]\n"
            ""
            "return torch.tensor(numbers, dtype=a.dtype).view(a.shape)",
        ),
        "by numpy": (
            f"return {TANH}",
            "import numpy as np\nreturn 1.7159 * np.tanh(2 * np.asarray(a.detach()) / 3)",
        ),
        "float32 comes out": (TANH, f"{TANH}.float()"),
        "float64 comes out": (TANH, f"{TANH}.double()"),
        "float32 inside": (TANH, "(1.7159 * torch.tanh(2 * a.float() / 3)).to(a.dtype)"),
        "flat": (TANH, f"({TANH}).flatten()"),
        "squeezed": (TANH, f"({TANH}).squeeze()"),
        "cut at ±1": (TANH, f"({TANH}).clamp(-1, 1)"),
        "softsign": (TANH, "1.7159 * F.softsign(2 * a / 3)"),
        "the first terms of a series": (TANH, "1.7159 * (2 * a / 3 - (2 * a / 3) ** 3 / 3)"),
        "nan far from zero": (
            TANH,
            "1.7159 * (torch.exp(4 * a / 3) - 1) / (torch.exp(4 * a / 3) + 1)",
        ),
        "the slope of a straight line beyond 1": (
            TANH,
            "torch.where(a.abs() > 1, a, " + TANH + ")",
        ),
        "views only": (f"return {TANH}", f"a = a.view(-1).view(a.shape)\nreturn {TANH}"),
        "the mean taken away": (TANH, "1.7159 * torch.tanh(2 * (a - a.mean()) / 3)"),
    },
)


# Subsampling ------------------------------------------------------------------------------


class PoolByStrides(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.rand(1, channels, 1, 1))
        self.bias = nn.Parameter(torch.rand(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        four = [x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        return 1.7159 * torch.tanh((self.coefficient * sum(four) + self.bias) * 2 / 3)


class PoolByConvolution(nn.Module):
    """A grouped convolution with a kernel of ones; the bias is made first."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.full((channels,), 0.1))
        self.coefficient = nn.Parameter(torch.full((channels, 1, 1, 1), 0.2))

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.coefficient * torch.ones(len(self.bias), 1, 2, 2, dtype=x.dtype)
        y = F.conv2d(x, kernel, self.bias, stride=2, groups=len(self.bias))
        return 1.7159 * torch.tanh(y / 1.5)


class PoolByBlocks(nn.Module):
    coefficient: nn.Parameter
    bias: nn.Parameter

    def __init__(self, channels: int) -> None:
        super().__init__()
        for name in ("coefficient", "bias"):
            setattr(self, name, nn.Parameter(torch.zeros(channels)))

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        total = x.reshape(n, c, h // 2, 2, w // 2, 2).sum(dim=(3, 5))
        last = total.movedim(1, -1) * self.coefficient + self.bias
        return (last.mul(2 / 3).tanh() * 1.7159).movedim(-1, 1)


class TensorsNotParameters(PoolByStrides):
    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        del self.bias
        self.bias = torch.zeros(channels, 1, 1)  # type: ignore[assignment]


answers.right("Subsampling", "by strides, parameters shaped otherwise", PoolByStrides)
answers.right("Subsampling", "by a grouped convolution", PoolByConvolution)
answers.right("Subsampling", "by blocks, channels last", PoolByBlocks)
variants(
    "Subsampling",
    {
        "the divisor overridden": (
            "4 * F.avg_pool2d(x, kernel_size=2)",
            "F.avg_pool2d(x, 2, divisor_override=1)",
        ),
        "a function in a function": (
            "return squash(scaled)",
            "return (lambda f: f(scaled))(squash)",
        ),
    },
)
answers.wrong("Subsampling", "the bias is no parameter", TensorsNotParameters, at_most=0.0)


class Half(nn.Module):
    """The shape alone is right."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.zeros(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Any:
        return x[:, :, ::2, ::2]


answers.wrong("Subsampling", "a quarter of the pixels, and two idle parameters", Half, at_most=0.3)
POOL = "4 * F.avg_pool2d(x, kernel_size=2)"
BIAS = "nn.Parameter(torch.zeros(channels))"
slips(
    "Subsampling",
    {
        "the coefficient is not trained": (
            "torch.full((channels,), 0.25))",
            "torch.full((channels,), 0.25), requires_grad=False)",
        ),
        "the coefficient is a buffer": (
            "self.coefficient = nn.Parameter(torch.full((channels,), 0.25))",
            "self.register_buffer('coefficient', torch.full((channels,), 0.25))",
        ),
        "the bias is detached": ("+ self.bias[", "+ self.bias.detach()["),
        "the coefficient is detached": (
            "self.coefficient[:, None, None] *",
            "self.coefficient.data[:, None, None] *",
        ),
        "the maps are detached": (POOL, "4 * F.avg_pool2d(x.detach(), kernel_size=2)"),
        "one bias too many": (
            "self.bias = " + BIAS,
            "self.bias = " + BIAS + "\nself.spare = " + BIAS,
        ),
        "a bias for the whole layer": (BIAS, "nn.Parameter(torch.zeros(1))"),
        "always six maps": (BIAS, "nn.Parameter(torch.zeros(6))"),
        "blocks that overlap": (POOL, "4 * F.avg_pool2d(x, kernel_size=2, stride=1)"),
        "blocks of three": (POOL, "9 * F.avg_pool2d(x, kernel_size=3, stride=2, padding=1)"),
        "rows only": (
            POOL,
            "4 * F.avg_pool2d(x, kernel_size=(2, 1)).repeat_interleave(2, 3)[:, :, :, ::4]",
        ),
        "four quarters of the map instead of blocks": (
            f"total = {POOL}",
            "h, w = x.shape[2] // 2, x.shape[3] // 2\n"
            "total = x[:, :, :h, :w] + x[:, :, h:, :w] + x[:, :, :h, w:] + x[:, :, h:, w:]",
        ),
        "square maps only": (
            POOL,
            "x.unflatten(3, (-1, 2)).unflatten(2, (x.shape[3] // 2, 2)).sum((3, 5))",
        ),
        "two of the four": (POOL, "x[:, :, ::2, ::2] + x[:, :, 1::2, 1::2]"),
        "one image loses its axis": ("return squash(scaled)", "return squash(scaled).squeeze(0)"),
        "maps of one pixel lose their axes": (
            "return squash(scaled)",
            "return squash(scaled).squeeze()",
        ),
        "the maps are squashed in place": (
            f"total = {POOL}",
            f"x.data.copy_(squash(x.data))\ntotal = {POOL}",
        ),
        "the maps are multiplied by four in place": (
            POOL,
            "F.avg_pool2d(x.data.mul_(4) if not x.requires_grad else x * 4, kernel_size=2)",
        ),
        "float64 inside": (POOL, "4 * F.avg_pool2d(x.double(), kernel_size=2)"),
        "float64 parameters": (BIAS, "nn.Parameter(torch.zeros(channels, dtype=torch.float64))"),
        "the coefficient grows with each call": (
            f"total = {POOL}",
            f"self.coefficient.data.mul_(1.01)\ntotal = {POOL}",
        ),
        "the first result comes again": (
            "return squash(scaled)",
            "self.kept = getattr(self, 'kept', squash(scaled))\nreturn self.kept",
        ),
        "parameters made anew in each call": (
            f"total = {POOL}",
            f"self.bias = nn.Parameter(torch.zeros_like(self.bias))\ntotal = {POOL}",
        ),
        "parameters of the class": (
            "self.bias = " + BIAS,
            "self.bias = Subsampling.__dict__.get('shared', {}).get(channels) or "
            "nn.Parameter(torch.zeros(channels))\n"
            "Subsampling.shared = {**Subsampling.__dict__.get('shared', {}), channels: self.bias}",
        ),
        "another function in evaluation": (
            "return squash(scaled)",
            "return squash(scaled) if self.training else scaled",
        ),
        "another function in training": (
            "return squash(scaled)",
            "return scaled if self.training else squash(scaled)",
        ),
        "the bias added four times": ("+ self.bias", "+ 4 * self.bias"),
        "the coefficient on the bias too": (
            "scaled = self.coefficient[:, None, None] * total + self.bias[:, None, None]",
            "scaled = self.coefficient[:, None, None] * (total + self.bias[:, None, None])",
        ),
        "without gradients": ("def forward(", "@torch.no_grad()\ndef forward("),
        "starts as nan": (BIAS, "nn.Parameter(torch.full((channels,), torch.nan))"),
        "starts as what lies in memory": (BIAS, "nn.Parameter(torch.empty(channels))"),
        "starts as what lies in memory, the old way": (
            BIAS,
            "nn.Parameter(torch.Tensor(channels))",
        ),
    },
)


class MadeOnce(nn.Module):
    """Reads a view of its coefficient that `.to` leaves behind."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((channels,), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.scale = self.coefficient.view(-1, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        total = 4 * F.avg_pool2d(x, 2) * self.scale + self.bias.view(-1, 1, 1)
        return 1.7159 * torch.tanh(total * 2 / 3)


answers.wrong("Subsampling", "a view of the coefficient, made once", MadeOnce)
