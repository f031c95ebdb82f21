"""Checks of `AuxiliaryHead`, compared by value on weights from a seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Network
from course.checks import Case, ask, same
from course.checks.dropping import DroppedInputs
from course.checks.inputs import normal, seed_from, whole
from course.checks.kinds import Hint
from course.labs.lab05_inception.questions import dropped_in_head, head_of, head_total

from .book import TIGHT, check

NAME = "AuxiliaryHead"


def tensors(*sizes: tuple[int, ...]) -> nn.ParameterList:
    """Weights of these shapes, drawn, each followed by its bias."""
    listed = nn.ParameterList()
    for size in sizes:
        listed.extend([torch.randn(size), torch.randn(size[0])])
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
        return F.dropout(x, 0.7, self.training)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, 14, 14) -> (N, K)`` scores."""
        linear = "no_relu_in_heads" in self.slips
        x = F.conv2d(self._pooled(x), self.flat[0], self.flat[1])
        x = (x if linear or "no_relu_after_1x1" in self.slips else x.relu()).flatten(1)
        x = F.linear(x, self.flat[2], self.flat[3])
        x = x if linear or "no_relu_after_linear" in self.slips else x.relu()
        x = F.linear(self._dropped(x), self.flat[4], self.flat[5])
        return x.softmax(dim=1) if "softmax" in self.slips else x


SLIPS: Mapping[str, str] = {
    "adaptive_heads": "A head begins with an average of 5×5 windows, stride 3. An adaptive pooling "
    "to 4×4 has other windows.",
    "max_in_heads": "A head begins with an average, not a maximum.",
    "no_relu_in_heads": "In a head a ReLU follows the 1×1 convolution and the first linear layer.",
    "no_relu_after_1x1": "The 1×1 convolution has a ReLU, as every convolution has.",
    "no_relu_after_linear": "The layer with 1024 units has a ReLU, before its dropout.",
    "head_width_ignored": "The heads' 128 and 1024 follow the width, too.",
    "no_dropout": "In training, dropout stands before the classifier and in both heads.",
    "softmax": "The model returns scores. The softmax is in the loss already.",
}


def _slip(name: str, hint: str) -> Mistake:
    def make(in_channels: int, num_classes: int = 1000, width: float = 1.0) -> nn.Module:
        return FlatHead(in_channels, num_classes, width, **{name: True})

    return Mistake(name, {NAME: make}, hint)


@check.define(
    name=NAME,
    contract=Network(
        lambda rng: (5, whole(rng, 3, 6), 1 / 16),
        lambda rng, N=2, size=1.0: size * normal(rng, N, 5, 14, 14),
        edges={"large maps": {"size": 100.0}},
        variants={
            "the narrowest": (7, 3, 0.0004),
            "a width that is rounded up": (7, 4, 0.0285),
            "a width that is rounded down": (7, 2, 0.018),
            "a wide one": (7, 30, 1.7),
        },
        shape=(2, 7, 14, 14),
        random=True,
        share=0.3,
    ),
    forbids=["InceptionAux"],
    oracle={NAME: FlatHead},
    mistakes=[_slip(name, hint) for name, hint in SLIPS.items()],
)
def auxiliary_head(rng: Generator) -> Iterator[Case]:
    """A classifier for maps of 14×14: exact counts, values at a small width, dropout."""
    yield Case(
        "parameters at the paper's size",
        ask(head_total, NAME, text="parameters of AuxiliaryHead(512) and AuxiliaryHead(528)"),
        "4 × 4 × 128 numbers go into the first linear layer. Every layer has a bias. By default "
        "there are 1000 classes, at the full width.",
        same(),
        weight=0.5,
    )
    yield _scores(rng, weight=4)
    yield _dropout(rng, images=6, weight=1.5)
    yield _dropout(rng, images=1, weight=0.25)


def _scores(rng: Generator, weight: float) -> Case:
    channels, classes = whole(rng, 3, 9), whole(rng, 3, 9)
    maps = normal(rng, 3, channels, 14, 14)
    text = f"AuxiliaryHead({channels}, {classes}, 1/16): scores and their gradient at the maps"
    probe = ask(head_of, NAME, channels, classes, seed_from(rng), maps, text=text)
    hint: Hint = {
        "values": "Pooling, convolution, ReLU, linear layer, ReLU, linear layer: which windows "
        "has the pooling, and where is a ReLU too few or too many?",
        "shape": "(N, in_channels, 14, 14) becomes (N, num_classes).",
    }
    return Case("scores and gradient", probe, hint, TIGHT, weight=weight)


def _dropout(rng: Generator, *, images: int, weight: float) -> Case:
    classes, maps = whole(rng, 3, 9), normal(rng, images, 5, 14, 14)
    told = "one image" if images == 1 else f"{images} images"
    text = f"AuxiliaryHead(5, {classes}, 1/16) in training, 32 times on {told}"
    return Case(
        f"what is dropped, {told}",
        ask(dropped_in_head, NAME, 5, classes, seed_from(rng), maps, 32, text=text),
        "70 % of the 1024 units are dropped, before the last layer, in training only: other ones "
        "for each image, and what is kept is divided by 0.3.",
        DroppedInputs(),
        [{"size": [classes, 64], "p": 0.7}],
        weight=weight,
    )


@check.hidden(NAME)
def other_maps(rng: Generator) -> Iterator[Case]:
    yield replace(_scores(rng, weight=2), title="other maps")
    yield replace(_dropout(rng, images=4, weight=0.5), title="what is dropped, other maps")
