"""`c3_connections`, `C3Convolution` and `lenet5_table` in other words, and with slips."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers, slips, variants

GROUPS: list[tuple[int, ...]] = [
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (4, 5, 0), (5, 0, 1),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 0), (4, 5, 0, 1), (5, 0, 1, 2),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
]  # fmt: skip


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
    at_most=0.9,
    at_least=0.79,
)
answers.wrong("C3Convolution", "squashed, with the right count", Squashing, at_most=0.2)
answers.wrong(
    "C3Convolution", "dense and padded", lambda: nn.Conv2d(6, 16, 5, padding=2), at_most=0.0
)
answers.wrong("C3Convolution", "no module", lambda: "a text", at_most=0.0)


def table_by_sizes() -> dict[str, list[int]]:
    units = {"C1": 6 * 784, "S2": 6 * 196, "C3": 1600, "S4": 400, "C5": 120, "F6": 84}
    lines = {"C1": 26, "S2": 5, "S4": 5, "C5": 401, "F6": 121}
    found = {key: [0, lines[key] * units[key]] for key in lines}
    found |= {"C3": [1516, sum(25 * len(group) + 1 for group in GROUPS) * 100]}
    for key, count in {"C1": 156, "S2": 12, "S4": 32, "C5": 48_120, "F6": 10_164}.items():
        found[key][0] = count
    return found


answers.right("lenet5_table", "units times lines", table_by_sizes)
answers.wrong(
    "lenet5_table",
    "floats, and tensors of shape (1,)",
    lambda: {key: (float(a), torch.tensor([b])) for key, (a, b) in table_by_sizes().items()},
)
answers.wrong(
    "lenet5_table",
    "all zeros",
    lambda: dict.fromkeys(["C1", "S2", "C3", "S4", "C5", "F6"], (0, 0)),
    at_most=0.0,
)
answers.wrong("lenet5_table", "a list", lambda: [156, 12], at_most=0.0)


class FromSixtyKernels(nn.Module):
    """As the text suggests: a dense weight full of zeros, and kernels put into it."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels = nn.Parameter(torch.rand(60, 5, 5) - 0.5)
        self.bias = nn.Parameter(torch.zeros(16))

    def forward(self, x: Tensor) -> Tensor:
        weight = torch.zeros(16, 6, 5, 5)
        number = 0
        for out, group in enumerate(GROUPS):
            for into in group:
                weight[out, into] = self.kernels[number]
                number += 1
        return F.conv2d(x, weight, self.bias)


class OneConnection(nn.Module):
    """A helper class of the student's."""

    def __init__(self, group: tuple[int, ...]) -> None:
        super().__init__()
        self.group = list(group)
        self.conv = nn.Conv2d(len(group), 1, kernel_size=(5, 5))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.index_select(1, torch.tensor(self.group)))


class ByHelpers(nn.Module):
    """The modules are made from the last to the first."""

    def __init__(self) -> None:
        super().__init__()
        for out in reversed(range(16)):
            self.add_module(f"map{out}", OneConnection(GROUPS[out]))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.get_submodule(f"map{out}")(x) for out in range(16)], 1)


class FourGroups(nn.Module):
    """One grouped convolution for each kind of groups, on copied maps."""

    def __init__(self) -> None:
        super().__init__()
        self.three = nn.Conv2d(18, 6, 5, groups=6)
        self.four = nn.Conv2d(24, 6, 5, groups=6)
        self.pairs = nn.Conv2d(12, 3, 5, groups=3)
        self.all = nn.Conv2d(6, 1, 5)

    def forward(self, x: Tensor) -> Tensor:
        parts = [(self.three, GROUPS[:6]), (self.four, GROUPS[6:12]), (self.pairs, GROUPS[12:15])]
        done = [conv(x[:, [one for group in groups for one in group]]) for conv, groups in parts]
        return torch.cat([*done, self.all(x)], dim=1)


class ByUnfolding(nn.Module):
    """A parameter for each map, products of unfolded patches, biases in one row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = nn.ParameterList(torch.randn(len(group) * 25) / 20 for group in GROUPS)
        self.biases = nn.ParameterDict({str(out): torch.zeros(()) for out in range(16)})

    def forward(self, x: Tensor) -> Tensor:
        n, _, h, w = x.shape
        done = []
        for out, group in enumerate(GROUPS):
            patches = F.unfold(x[:, list(group)], 5)
            done.append(self.rows[out] @ patches + self.biases[str(out)])
        return torch.stack(done, dim=1).reshape(n, 16, h - 4, w - 4)


answers.right("c3_connections", "as tuples of a set", lambda: tuple(map(frozenset, GROUPS)))
answers.right(
    "c3_connections", "rows of tensors", lambda: [torch.tensor(group).flip(0) for group in GROUPS]
)
answers.right("C3Convolution", "a dense weight of zeros, filled", FromSixtyKernels)
answers.right("C3Convolution", "helpers, made from the last to the first", ByHelpers)
answers.right("C3Convolution", "a grouped convolution for each kind", FourGroups)
answers.right("C3Convolution", "a parameter for each map, unfolded", ByUnfolding)
variants(
    "c3_connections",
    {
        "the rest after a comma": (
            "step) % 6 for step in range(3)]",
            "step) % 6 for step in range(0, 3, 1)]",
        ),
        "pairs from the other side": (
            "4)] for start in range(3)]",
            "4)] for start in range(3, 6)]",
        ),
        "sorted": (
            "return [*three, *four, *pairs, list(range(6))]",
            "return [sorted(one) for one in three + four + pairs] + [[0, 1, 2, 3, 4, 5]]",
        ),
        "the pair opposite by 3": (
            "for step in (0, 1, 3, 4)]",
            "for pair in (0, 3) for step in (pair, pair + 1)]",
        ),
    },
)
slips(
    "c3_connections",
    {
        "three start one later": ("for step in range(3)]", "for step in range(1, 4)]"),
        "four run backwards": ("for step in range(4)]", "for step in range(0, -4, -1)]"),
        "pairs of every other map": ("(0, 1, 3, 4)", "(0, 2, 3, 5)"),
        "the pairs are last": (
            "[*three, *four, *pairs, list(range(6))]",
            "[*three, *four, list(range(6)), *pairs]",
        ),
        "four before three": ("[*three, *four,", "[*four, *three,"),
        "the last is missing": ("*pairs, list(range(6))]", "*pairs]"),
        "one group too many": ("list(range(6))]", "list(range(6)), list(range(6))]"),
        "a map twice": ("list(range(6))]", "[*range(6), 5]]"),
        "the last has five": ("list(range(6))]", "list(range(5))]"),
        "a circle of seven": (
            "[[(start + step) % 6 for step in range(3)]",
            "[[(start + step) % 7 for step in range(3)]",
        ),
        "halves": ("for step in range(4)]", "for step in (0, 1, 2, 3.5)]"),
        "texts": (
            "[*three, *four, *pairs, list(range(6))]",
            "[[str(one) for one in row] for row in [*three, *four, *pairs, list(range(6))]]",
        ),
        "crosses": (
            "[*three, *four, *pairs, list(range(6))]",
            "[[int(one in row) for one in range(6)] for row in [*three, *four, *pairs, "
            "list(range(6))]]",
        ),
        "a list that grows": (
            "return [*three, *four, *pairs, list(range(6))]",
            "kept = c3_connections.__dict__.setdefault('kept', [])\n"
            "kept.extend([*three, *four, *pairs, list(range(6))])\nreturn kept",
        ),
    },
)
KERNELS = "kernels = empty.index_put(tuple(self.places), self.weight)"
BIAS = "self.bias = nn.Parameter(torch.zeros(16))"
slips(
    "C3Convolution",
    {
        "no bias": (BIAS, "self.register_buffer('bias', torch.zeros(16))"),
        "the bias is not trained": (
            BIAS,
            "self.bias = nn.Parameter(torch.zeros(16), requires_grad=False)",
        ),
        "the weight is detached": (
            "self.places), self.weight)",
            "self.places), self.weight.detach())",
        ),
        "the bias is detached": ("kernels, self.bias)", "kernels, self.bias.detach())"),
        "the image is detached": ("F.conv2d(x,", "F.conv2d(x.detach(),"),
        "built once, in the first call": (
            KERNELS,
            "if not hasattr(self, 'kernels'):\n"
            "    self.kernels = empty.index_put(tuple(self.places), self.weight)\n"
            "kernels = self.kernels",
        ),
        "padded": ("kernels, self.bias)", "kernels, self.bias, padding=2)"),
        "squashed": ("F.conv2d(x, kernels, self.bias)", "squash(F.conv2d(x, kernels, self.bias))"),
        "one image loses its axis": (
            "F.conv2d(x, kernels, self.bias)",
            "F.conv2d(x, kernels, self.bias).squeeze(0)",
        ),
        "places of one pixel lose their axes": (
            "F.conv2d(x, kernels, self.bias)",
            "F.conv2d(x, kernels, self.bias).squeeze()",
        ),
        "maps of 14 × 14 only": (
            "F.conv2d(x, kernels, self.bias)",
            "F.conv2d(x.reshape(-1, 6, 14, 14), kernels, self.bias)",
        ),
        "square maps only": (
            "F.conv2d(x, kernels, self.bias)",
            "F.conv2d(x, kernels, self.bias)[:, :, :, : x.shape[2] - 4]",
        ),
        "the bias is added twice": (
            "F.conv2d(x, kernels, self.bias)",
            "F.conv2d(x, kernels, 2 * self.bias)",
        ),
        "values below 0 are cut": (
            "F.conv2d(x, kernels, self.bias)",
            "F.conv2d(x, kernels, self.bias).relu()",
        ),
        "the input is changed": (
            "return F.conv2d",
            "x = x.requires_grad_(x.requires_grad)\nx.data[:, 0] = 0\nreturn F.conv2d",
        ),
        "float64 inside": (
            "F.conv2d(x, kernels, self.bias)",
            "F.conv2d(x.double(), kernels.double(), self.bias.double())",
        ),
        "the weight shrinks with each call": (
            "return F.conv2d",
            "self.weight.data.mul_(0.99)\nreturn F.conv2d",
        ),
        "nothing in evaluation": (
            "return F.conv2d(x, kernels, self.bias)",
            "return F.conv2d(x, kernels, self.bias if self.training else None)",
        ),
        "all layers share one weight": (
            BIAS,
            BIAS + "\n"
            "self.weight = C3Convolution.__dict__.get('kept', self.weight)\n"
            "C3Convolution.kept = self.weight",
        ),
        "a weight too many": (BIAS, BIAS + "\nself.spare = nn.Parameter(torch.zeros(1))"),
        "the mean over the inputs": (
            "F.conv2d(x, kernels, self.bias)",
            "F.conv2d(x, kernels / 6, self.bias)",
        ),
        "without gradients": ("def forward(", "@torch.no_grad()\ndef forward("),
        "all kernels start as zeros": ("torch.cat(starts)", "torch.zeros(60, 5, 5)"),
        "all kernels start as one number": ("torch.cat(starts)", "torch.full((60, 5, 5), 0.01)"),
        "kernels start as copies of others": ("torch.cat(starts)", "torch.cat(starts[:1] * 20)"),
        "starts as nan": (BIAS, "self.bias = nn.Parameter(torch.full((16,), torch.nan))"),
        "weights of the dense layer, and a gradient that is masked": (
            "self.bias = nn.Parameter(torch.zeros(16))",
            "self.bias = nn.Parameter(torch.zeros(16))\n"
            "self.hidden = nn.Parameter(torch.zeros(36, 5, 5))",
        ),
    },
)

slips(
    "lenet5_table",
    {
        "small letters": ('"C1": (c1', '"c1": (c1'),
        "a layer is missing": ('"F6": (f6, f6),', ""),
        "connections before parameters": ('"C1": (c1, c1 * 28 * 28)', '"C1": (c1 * 28 * 28, c1)'),
        "the input's size in C1": ("c1 * 28 * 28", "c1 * 32 * 32"),
        "the bias of S2 is no line": ("(4 + 1) * 6", "4 * 6"),
        "one pixel less in C3": ("c3 * 10 * 10", "c3 * 9 * 9"),
        "C5 has a place for each pixel": ('"C5": (c5, c5)', '"C5": (c5, c5 * 25)'),
        "F6 without biases": ("84 * (120 + 1)", "84 * 120"),
        "C3 without biases": (") + 16", ")"),
        "S2 has one number for each map": ("(2 * 6,", "(6,"),
        "texts": ('"C1": (c1,', '"C1": (str(c1),'),
        "parameters alone": ('"F6": (f6, f6)', '"F6": f6'),
        "negative": ('"C5": (c5, c5)', '"C5": (c5, -c5)'),
    },
)

variants(
    "C3Convolution",
    {
        "kernels kept the other way round": (
            "kernels, self.bias)",
            "kernels.flip(2, 3), self.bias)",
        ),
        "biases kept in another order": ("kernels, self.bias)", "kernels, self.bias.roll(1))"),
    },
)


Right: Any = answers.reference["C3Convolution"]


class WrittenInto(Right):
    """Kernels go into one dense tensor, made once: the second step of a training fails."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("dense", torch.zeros(16, 6, 5, 5))

    def forward(self, x: Tensor) -> Tensor:
        self.dense[tuple(self.places)] = self.weight
        return F.conv2d(x, self.dense, self.bias)


class Seeded(Right):
    """Every network begins alike, and what others draw afterwards, too."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        super().__init__()


answers.wrong("C3Convolution", "written into one dense tensor", WrittenInto)
answers.wrong("C3Convolution", "seeded where it is made", Seeded)
