"""Checks of `AuxiliaryHead`, compared by value on weights from a seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from course.checks import Case, ask, same
from course.checks.inputs import normal, seed_from, whole
from course.labs.lab05_inception.questions import head_dropouts, head_of, head_shapes, head_total

from .book import TIGHT, check

NAME = "AuxiliaryHead"


def tensors(*sizes: tuple[int, ...]) -> nn.ParameterList:
    """Empty weights of these shapes, each followed by its bias."""
    listed = nn.ParameterList()
    for size in sizes:
        listed.extend([torch.empty(size), torch.empty(size[0])])
    return listed


class FlatHead(nn.Module):
    """An auxiliary head as a flat list of parameters, run with ``torch.nn.functional``.

    Args:
        slips: what it does wrong, by name; nothing of it for the right head.
    """

    def __init__(
        self, in_channels: int, num_classes: int = 1000, width: float = 1.0, **slips: Any
    ) -> None:
        super().__init__()
        self.slips = slips
        scale = 1.0 if "head_width_ignored" in slips else width
        narrow, hidden = (max(round(number * scale), 1) for number in (128, 1024))
        self.flat = tensors(
            (narrow, in_channels, 1, 1), (hidden, 16 * narrow), (num_classes, hidden)
        )

    def _pooled(self, x: Tensor) -> Tensor:
        if "adaptive_heads" in self.slips:
            return F.adaptive_avg_pool2d(x, 4)
        return F.max_pool2d(x, 5, 3) if "max_in_heads" in self.slips else F.avg_pool2d(x, 5, 3)

    def _dropped(self, x: Tensor) -> Tensor:
        if "no_dropout" in self.slips:
            return x
        share = 0.3 if "keeps_seventy" in self.slips else 0.7
        share = 0.4 if "head_drops_less" in self.slips else share
        return F.dropout(x, 0.5 if "half_dropout" in self.slips else share, self.training)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, 14, 14) -> (N, K)`` scores."""
        early, linear = "dropout_early" in self.slips, "no_relu_in_heads" in self.slips
        x = F.conv2d(self._pooled(x), self.flat[0], self.flat[1])
        x = (x if linear or "no_relu_after_1x1" in self.slips else x.relu()).flatten(1)
        x = F.linear(self._dropped(x) if early else x, self.flat[2], self.flat[3])
        x = x if linear or "no_relu_after_linear" in self.slips else x.relu()
        x = F.linear(x if early else self._dropped(x), self.flat[4], self.flat[5])
        return x.softmax(dim=1) if "softmax" in self.slips else x


SLIPS: Mapping[str, str] = {
    "adaptive_heads": "A head begins with an average of 5×5 windows, stride 3. An adaptive pooling "
    "to 4×4 has other windows.",
    "max_in_heads": "A head begins with an average, not a maximum.",
    "no_relu_in_heads": "In a head a ReLU follows the 1×1 convolution and the first linear layer.",
    "no_relu_after_1x1": "The 1×1 convolution has a ReLU, as every convolution has.",
    "no_relu_after_linear": "The layer with 1024 units has a ReLU, before its dropout.",
    "head_width_ignored": "The heads' 128 and 1024 follow the width, too.",
    "head_drops_less": "The heads drop 70 %, the classifier 40 %.",
    "keeps_seventy": "70 % are dropped, not kept.",
    "half_dropout": "The shares of dropout are the paper's: 40 % and, in the heads, 70 %.",
    "dropout_early": "In a head dropout stands before the last layer, behind the ReLU.",
    "no_dropout": "In training, dropout stands before the classifier and in both heads.",
    "softmax": "The model returns scores. The softmax is in the loss already.",
}


def _slip(name: str, hint: str) -> Mistake:
    def make(in_channels: int, num_classes: int = 1000, width: float = 1.0) -> nn.Module:
        return FlatHead(in_channels, num_classes, width, **{name: True})

    return Mistake(name, {NAME: make}, hint)


@check.define(
    name=NAME,
    oracle={NAME: FlatHead},
    mistakes=[_slip(name, hint) for name, hint in SLIPS.items()],
)
def auxiliary_head(rng: Generator) -> Iterator[Case]:
    """A classifier for maps of 14×14: exact counts, values at a small width, dropout."""
    yield from _counts(rng)
    channels, classes = whole(rng, 3, 9), whole(rng, 3, 9)
    maps = normal(rng, 3, channels, 14, 14)
    text = f"AuxiliaryHead({channels}, {classes}, 1/16): scores and their gradient at the maps"
    yield Case(
        "scores and gradient",
        ask(head_of, NAME, channels, classes, seed_from(rng), maps, text=text),
        "The parameters are filled in the order of parameters(): convolution, hidden layer, "
        "scores. Look at the pooling and at ReLUs.",
        TIGHT,
        weight=4,
    )
    probe = ask(head_dropouts, NAME, maps, text="share and size of each dropout, width 1/16")
    hint = "70 % of the 1024 units are dropped, before the last layer, in training only."
    yield Case("where dropout works", probe, hint, same(), weight=2)


def _counts(rng: Generator) -> Iterator[Case]:
    yield Case(
        "parameters at the paper's size",
        ask(head_total, NAME, text="parameters of AuxiliaryHead(512) and AuxiliaryHead(528)"),
        "4 × 4 × 128 numbers go into the first linear layer. Every layer has a bias.",
        same(),
        weight=2,
    )
    sizes = whole(rng, 9, 90), whole(rng, 5, 300), whole(rng, 3, 15) / 16
    yield Case(
        "another width, other classes",
        ask(head_shapes, NAME, *sizes, text=f"shapes of the parameters of AuxiliaryHead{sizes}"),
        "128 and 1024 become round(width × number), at least 1; in_channels stays.",
        same(),
    )


@check.hidden(NAME)
def other_maps(rng: Generator) -> Iterator[Case]:
    channels, classes, maps = whole(rng, 3, 9), whole(rng, 10, 20), normal(rng, 2, 9, 14, 14)
    text = f"AuxiliaryHead({channels}, {classes}, 1/16) on other maps"
    seed = seed_from(rng)
    probe = ask(head_of, NAME, channels, classes, seed, maps[:, :channels], text=text)
    yield Case("other maps", probe, "", TIGHT, weight=2)
