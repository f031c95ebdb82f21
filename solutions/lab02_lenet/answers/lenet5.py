"""`LeNet5` in other words, and with slips."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .book import answers, slips, variants
from .pooling import PoolByStrides
from .wiring import SixteenConvolutions


class LeNet5ByLinear(nn.Module):
    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.s2, self.s4, self.c3 = PoolByStrides(6), PoolByStrides(16), SixteenConvolutions()
        self.c5, self.c1, self.f6 = nn.Linear(400, 120), nn.Conv2d(1, 6, 5), nn.Linear(120, 84)
        self.codes = nn.Parameter(codes, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        def f(a: Tensor) -> Tensor:
            return 1.7159 * (a / 1.5).tanh()

        x = self.s4(f(self.c3(self.s2(f(self.c1(x))))))
        x = f(self.f6(f(self.c5(x.reshape(-1, 400)))))
        squares = (x**2).sum(1, keepdim=True) + (self.codes**2).sum(1)
        return squares - 2 * x @ self.codes.T


class Unnamed(nn.Module):
    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.layers = LeNet5ByLinear(codes)

    def forward(self, x: Tensor) -> Any:
        return self.layers(x)


class TrainedCodes(LeNet5ByLinear):
    def __init__(self, codes: Tensor) -> None:
        super().__init__(codes)
        self.codes.requires_grad_(True)


class LooseCodes(LeNet5ByLinear):
    def __init__(self, codes: Tensor) -> None:
        super().__init__(codes)
        del self.codes
        self.codes = codes  # type: ignore[assignment]


answers.right("LeNet5", "with linear layers, codes as a frozen parameter", LeNet5ByLinear)
answers.wrong("LeNet5", "layers under other names", Unnamed, at_most=0.5)
answers.wrong("LeNet5", "codes that are trained", TrainedCodes, at_least=0.6)
answers.wrong("LeNet5", "codes that are not saved", LooseCodes, at_least=0.8)


class LastFirst(nn.Module):
    """Layers made from the last to the first, and the codes as a module of their own."""

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.output = Distances(codes)
        self.f6, self.c5 = nn.Linear(120, 84), nn.Conv2d(16, 120, kernel_size=(5, 5))
        self.s4, self.c3 = PoolByStrides(16), SixteenConvolutions()
        self.s2, self.c1 = PoolByStrides(6), nn.Conv2d(1, 6, 5, stride=1)

    def forward(self, x: Tensor) -> Any:
        for layer in (self.c1, None, self.s2, self.c3, None, self.s4, self.c5, None):
            x = layer(x) if layer is not None else 1.7159 * torch.tanh(x * 2 / 3)
        return self.output(1.7159 * torch.tanh(self.f6(x[:, :, 0, 0]) * 2 / 3))


class Distances(nn.Module):
    """A helper class of the student's."""

    codes: Tensor

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.register_buffer("codes", codes)

    def forward(self, x: Tensor) -> Tensor:
        return ((x.unsqueeze(-2) - self.codes) ** 2).sum(-1)


answers.right("LeNet5", "made from the last to the first, with a helper", LastFirst)
variants(
    "LeNet5",
    {
        "the codes as they came": ("codes.clone()", "codes"),
        "F6 as a convolution": """
- self.f6 = nn.Linear(120, 84)
+ self.f6 = nn.Conv2d(120, 84, 1)

- x = squash(self.c5(x)).flatten(1)  # (N, 120)
- return rbf_penalties(squash(self.f6(x)), self.codes)
+ x = squash(self.f6(squash(self.c5(x))))
+ return rbf_penalties(x.flatten(1), self.codes)
        """,
        "the codes as a frozen parameter": (
            'self.register_buffer("codes", codes.clone())',
            "self.codes = nn.Parameter(codes.clone().detach(), requires_grad=False)",
        ),
    },
)


class ZeroPenalties(LeNet5ByLinear):
    """Every layer is there, and plays no part."""

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(len(x), len(self.codes))


answers.wrong("LeNet5", "zeros, from a network with all its layers", ZeroPenalties, at_most=0.3)
CODES = 'self.register_buffer("codes", codes.clone())'
FLAT = "x = squash(self.c5(x)).flatten(1)"
LAST = "return rbf_penalties(squash(self.f6(x)), self.codes)"
slips(
    "LeNet5",
    {
        "the codes are trained": (CODES, "self.codes = nn.Parameter(codes.clone())"),
        "the codes are an attribute": (CODES, "self.codes = codes"),
        "the codes are not saved": (
            CODES,
            "self.register_buffer('codes', codes, persistent=False)",
        ),
        "codes of one's own": (CODES, "self.register_buffer('codes', torch.ones_like(codes))"),
        "the signs of the codes turned": (CODES, "self.register_buffer('codes', -codes)"),
        "the codes are changed": (CODES, CODES + "\ncodes.zero_()"),
        "the codes of the first network": (
            CODES,
            "LeNet5.kept = getattr(LeNet5, 'kept', codes)\n"
            "self.register_buffer('codes', LeNet5.kept)",
        ),
        "always ten codes": (CODES, "self.register_buffer('codes', codes.repeat(10, 1)[:10])"),
        "C1 is not squashed": ("self.s2(squash(self.c1(x)))", "self.s2(self.c1(x))"),
        "C3 is not squashed": ("self.s4(squash(self.c3(x)))", "self.s4(self.c3(x))"),
        "C5 is not squashed": (FLAT, "x = self.c5(x).flatten(1)"),
        "F6 is not squashed": (LAST, "return rbf_penalties(self.f6(x), self.codes)"),
        "S2 is squashed twice": (
            "self.s2(squash(self.c1(x)))",
            "squash(self.s2(squash(self.c1(x))))",
        ),
        "tanh after C1": ("squash(self.c1(x))", "torch.tanh(self.c1(x))"),
        "one image loses its axis": (FLAT, "x = squash(self.c5(x)).squeeze()"),
        "all images in one row": (FLAT, "x = squash(self.c5(x)).view(1, -1)[:, :120]"),
        "a batch of two at most": (FLAT, "x = squash(self.c5(x)).flatten(1)[:2]"),
        "the loss in the place of penalties": (LAST, LAST + ".min(dim=1, keepdim=True).values"),
        "the root": (LAST, LAST.replace("return ", "return torch.sqrt(") + ")"),
        "the sign": (LAST, LAST.replace("return ", "return -")),
        "as probabilities": (LAST, LAST.replace("return ", "return torch.softmax(-") + ", dim=1)"),
        "F6 is detached": (LAST, LAST.replace("self.f6(x)", "self.f6(x.detach())")),
        "C1 is detached": ("self.c1(x)", "self.c1(x).detach()"),
        "C3 is detached": ("self.s4(squash(self.c3(x)))", "self.s4(squash(self.c3(x.detach())))"),
        "without gradients": ("def forward(", "@torch.no_grad()\ndef forward("),
        "C1 has no bias": (
            "nn.Conv2d(1, 6, kernel_size=5)",
            "nn.Conv2d(1, 6, kernel_size=5, bias=False)",
        ),
        "dense C3": ("C3Convolution()", "nn.Conv2d(6, 16, kernel_size=5)"),
        "average pooling": ("Subsampling(6)", "nn.AvgPool2d(2)"),
        "the input is normalised": ("x = self.s2(", "x = x - x.mean()\nx = self.s2("),
        "the input is changed": ("x = self.s2(", "x.data.clamp_(-1, 1)\nx = self.s2("),
        "float64 inside": (FLAT, "x = squash(self.c5(x)).flatten(1).double()"),
        "dropout while training": (
            FLAT,
            "x = F.dropout(squash(self.c5(x)).flatten(1), 0.5, self.training)",
        ),
        "all networks share F6": (
            "self.f6 = nn.Linear(120, 84)",
            "LeNet5.kept = self.f6 = getattr(LeNet5, 'kept', None) or nn.Linear(120, 84)",
        ),
        "a layer of 84 units too many": (CODES, CODES + "\nself.output = nn.Linear(84, 10)"),
    },
)


class StartsAtZero(LeNet5ByLinear):
    """A network that can't learn: all its units are alike for ever."""

    def __init__(self, codes: Tensor) -> None:
        super().__init__(codes)
        for layer in (self.c1, self.c5, self.f6):
            nn.init.zeros_(layer.weight)


answers.wrong("LeNet5", "its layers start at zero", StartsAtZero)


class StartsWild(LeNet5ByLinear):
    """Its units are at the flat ends of their squash."""

    def __init__(self, codes: Tensor) -> None:
        super().__init__(codes)
        for layer in (self.c1, self.c5, self.f6):
            nn.init.normal_(layer.weight, std=5.0)


answers.wrong("LeNet5", "its layers start far too large", StartsWild)
