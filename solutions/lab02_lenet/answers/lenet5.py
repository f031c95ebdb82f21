"""LeNet-5 and its parts in other words, and answers that break their interfaces."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers

GROUPS: list[tuple[int, ...]] = [
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (4, 5, 0), (5, 0, 1),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 0), (4, 5, 0, 1), (5, 0, 1, 2),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
]  # fmt: skip


class PoolByStrides(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.rand(1, channels, 1, 1))
        self.bias = nn.Parameter(torch.rand(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        four = [x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        return 1.7159 * torch.tanh((self.coefficient * sum(four) + self.bias) * 2 / 3)


class TensorsNotParameters(PoolByStrides):
    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        del self.bias
        self.bias = torch.zeros(channels, 1, 1)  # type: ignore[assignment]


answers.right(
    "squash", "by the exponential", lambda a: 1.7159 * (1 - 2 / (torch.exp(4 * a / 3) + 1))
)
answers.wrong("squash", "a straight line", lambda a: a, at_most=0.0)

answers.right("Subsampling", "by strides, parameters shaped otherwise", PoolByStrides)
answers.wrong("Subsampling", "the bias is no parameter", TensorsNotParameters, at_most=0.0)


class SixteenConvolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Conv2d(len(group), 1, 5) for group in GROUPS)

    def forward(self, x: Tensor) -> Tensor:
        parts = zip(self.parts, GROUPS, strict=True)
        return torch.cat([part(x[:, group]) for part, group in parts], dim=1)


class SixtyConvolutions(nn.Module):
    """One single-channel convolution for each connection; the biases apart and in front."""

    def __init__(self) -> None:
        super().__init__()
        self.b = nn.Parameter(torch.zeros(16, 1, 1))
        self.pairs = [(o, i) for o, group in enumerate(GROUPS) for i in group]
        self.parts = nn.ModuleDict(
            {f"{o}_{i}": nn.Conv2d(1, 1, 5, bias=False) for o, i in self.pairs}
        )

    def forward(self, x: Tensor) -> Tensor:
        maps: list[Any] = [0] * 16
        for o, i in self.pairs:
            maps[o] = maps[o] + self.parts[f"{o}_{i}"](x[:, i : i + 1])
        return torch.cat(maps, dim=1) + self.b


class Squashing(SixteenConvolutions):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(super().forward(x))


class Masked(nn.Module):
    """All 2,416 weights exist; a mask hides 900 of them."""

    mask: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Conv2d(6, 16, 5)
        mask = torch.zeros(16, 6, 1, 1)
        for o, group in enumerate(GROUPS):
            mask[o, list(group)] = 1.0
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.dense.weight * self.mask, self.dense.bias)


answers.right("c3_connections", "copied from table I", lambda: GROUPS)
answers.wrong("c3_connections", "sixteen times the same", lambda: [[0, 1, 2]] * 16, at_most=0.0)
answers.wrong("c3_connections", "one group alone", lambda: [[0, 1, 2]], at_most=0.0)

answers.right("C3Convolution", "sixteen convolutions", SixteenConvolutions)
answers.right("C3Convolution", "sixty convolutions", SixtyConvolutions)
answers.wrong(
    "C3Convolution",
    "a mask: it costs the count only",
    Masked,
    mistake="masked",
    at_most=0.83,
    at_least=0.79,
)
answers.wrong("C3Convolution", "squashed, with the right count", Squashing, at_most=0.2)
answers.wrong(
    "C3Convolution", "dense and padded", lambda: nn.Conv2d(6, 16, 5, padding=2), at_most=0.0
)
answers.wrong("C3Convolution", "no module", lambda: "a text", at_most=0.0)


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
answers.right("map_loss", "by exponentials", loss_by_exponentials)
answers.wrong(
    "map_loss",
    "the mean penalty",
    lambda penalties, labels, j=1.0: penalties.mean(),
    at_most=0.0,
)


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


def table_by_sizes() -> dict[str, list[int]]:
    units = {"C1": 6 * 784, "S2": 6 * 196, "C3": 1600, "S4": 400, "C5": 120, "F6": 84}
    lines = {"C1": 26, "S2": 5, "S4": 5, "C5": 401, "F6": 121}
    found = {key: [0, lines[key] * units[key]] for key in lines}
    found |= {"C3": [1516, sum(25 * len(group) + 1 for group in GROUPS) * 100]}
    for key, count in {"C1": 156, "S2": 12, "S4": 32, "C5": 48_120, "F6": 10_164}.items():
        found[key][0] = count
    return found


answers.right("lenet5_table", "units times lines", table_by_sizes)
answers.right(
    "lenet5_table",
    "floats and tensors of one number",
    lambda: {key: (float(a), torch.tensor([b])) for key, (a, b) in table_by_sizes().items()},
)
answers.wrong(
    "lenet5_table",
    "all zeros",
    lambda: dict.fromkeys(["C1", "S2", "C3", "S4", "C5", "F6"], (0, 0)),
    at_most=0.0,
)
answers.wrong("lenet5_table", "a list", lambda: [156, 12], at_most=0.0)
