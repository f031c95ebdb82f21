"""Checks of `GoogLeNet`, counted at the paper's size and compared by value at 1/16 of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Network
from course.checks import Case, ask, same
from course.checks.dropping import DroppedInputs
from course.checks.inputs import normal, seed_from, whole
from course.labs.lab05_inception.paper import TABLE
from course.labs.lab05_inception.questions import (
    dropped_inputs,
    its_heads,
    part_sizes,
    scores_of,
    totals,
    trained_once,
    without_heads,
)

from .block import FlatBlock
from .book import DEEP, check
from .head import SLIPS as HEAD_SLIPS
from .head import FlatHead, tensors

NAME = "GoogLeNet"
TOTALS = {
    "before the classifier": 5_973_552,
    "with the classifier": 6_998_552,
    "with both heads": 13_378_280,
}
"""Parameters at the paper's size with 1000 classes, biases included."""
FORWARD = (
    "The weights are the check's own, by their sizes. So what differs is what happens between the "
    "layers: strides, paddings, ReLUs, the average. Follow the table from its top."
)


class FlatGoogLeNet(nn.Module):
    """GoogLeNet run from the table, with ``torch.nn.functional`` on flat lists of parameters.

    Args:
        slips: what it does wrong, by name; nothing of it for the right network.
    """

    def __init__(
        self, num_classes: int = 1000, width: float = 1.0, aux: bool = True, **slips: Any
    ) -> None:
        super().__init__()
        self.slips = slips
        classes = 1000 if "classes_ignored" in slips else num_classes
        thin, wide = (self._scaled(number, width) for number in (64, 192))
        self.stem = tensors((thin, 3, 7, 7), (thin, thin, 1, 1), (wide, thin, 3, 3))
        self.blocks = nn.ModuleDict()
        channels, late = wide, {}
        for name, spec in ((name, full.scaled(width)) for name, full in TABLE.items()):
            three = "three_in_five" in slips
            self.blocks[name] = FlatBlock(channels, spec, **({"three_in_five": 1} if three else {}))
            channels = late[name] = spec.n1x1 + spec.n3x3 + spec.n5x5 + spec.pool_proj
        self.classifier = tensors((classes, channels))
        self.places = ("4b", "4e") if "heads_late" in slips else ("4a", "4d")
        for number, place in enumerate(self.places if aux else (), start=1):
            setattr(self, f"aux{number}", FlatHead(late[place], classes, width, **slips))

    @staticmethod
    def _scaled(number: int, width: float) -> int:
        return max(round(number * width), 1)

    def _pool(self, x: Tensor) -> Tensor:
        if "padded_pool" in self.slips:
            return F.max_pool2d(x, 3, 2, 1)
        size = 2 if "small_pool" in self.slips else 3
        return F.max_pool2d(x, size, 2, ceil_mode=True)

    def _drop(self, x: Tensor, share: float) -> Tensor:
        return x if "no_dropout" in self.slips else F.dropout(x, share, self.training)

    def _through_stem(self, x: Tensor) -> Tensor:
        quiet = "no_relu_in_stem" in self.slips
        for place in range(3):
            weight, bias = self.stem[2 * place : 2 * place + 2]
            stride = 1 if place else 2
            x = F.conv2d(x, weight, bias, stride, weight.shape[-1] // 2)
            x = x if quiet else F.relu(x)
            if place != 1:
                x = self._normalised(self._pool(self._normalised(x, place == 2)), place == 0)
        return x

    def _normalised(self, x: Tensor, here: bool) -> Tensor:
        """The normalisation of the paper's figure 3, which this lab leaves out."""
        wanted = here and "with_lrn" in self.slips
        return F.local_response_norm(x, 5, 1e-4, 0.75, 1.0) if wanted else x

    def _averaged(self, x: Tensor) -> Tensor:
        if "maximum_at_the_end" in self.slips:
            return x.amax(dim=(2, 3))
        return x.mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """``(N, 3, 224, 224) -> (N, K)``; with heads, in training, a tuple of three."""
        heads: list[Tensor] = []
        x = self._through_stem(x)
        for name, inner in self.blocks.items():
            skipped = "no_pool_before_5a" in self.slips and name == "5a"
            x = inner(self._pool(x) if name in ("4a", "5a") and not skipped else x)
            if name in self.places and hasattr(self, "aux1"):
                heads.append(getattr(self, f"aux{len(heads) + 1}")(x))
        x = F.linear(self._drop(self._averaged(x), 0.4), *self.classifier)
        if "softmax" in self.slips:
            x = x.softmax(dim=1)
        heads = heads[::-1] if "heads_exchanged" in self.slips else heads
        wanted = self.training or "heads_in_evaluation" in self.slips
        return (x, *heads) if heads and wanted and "never_heads" not in self.slips else x


def _slip(name: str, hint: str) -> Mistake:
    def make(num_classes: int = 1000, width: float = 1.0, aux: bool = True) -> nn.Module:
        return FlatGoogLeNet(num_classes, width, aux, **{name: True})

    return Mistake(name, {NAME: make}, hint)


SLIPS: Mapping[str, str] = {
    **{name: HEAD_SLIPS[name] for name in ("no_dropout", "softmax")},
    "heads_in_evaluation": "In evaluation mode only the main scores come out: the heads are for "
    "training. A module knows its mode.",
    "never_heads": "In training mode all three scores are wanted: main, aux1, aux2.",
    "heads_exchanged": "aux1 is the earlier head, at 4a; aux2 the later one, at 4d.",
    "heads_late": "The heads hang on the outputs of 4a and 4d.",
    "three_in_five": "The third branch of each block ends with a true 5×5.",
    "no_relu_in_stem": "The three convolutions of the stem have ReLUs, too.",
    "padded_pool": "112 → 56 can be had by padding and by ceil_mode. The values differ: here it is "
    "ceil_mode.",
    "small_pool": "The max-poolings between the stages have 3×3 windows.",
    "no_pool_before_5a": "Between 4e and 5a the maps go from 14×14 to 7×7.",
    "maximum_at_the_end": "The last maps are averaged.",
    "with_lrn": "Figure 3 of the paper has a normalisation in the stem, table 1 has not. Here it "
    "is left out.",
    "classes_ignored": "The last layers always have 1000 outputs: num_classes says how many.",
}


@check.define(
    name=NAME,
    contract=Network(
        lambda rng: (whole(rng, 3, 6), 1 / 32, True),
        lambda rng, N=1: normal(rng, N, 3, 224, 224),
        variants={
            "the narrowest": (7, 0.0004, True),
            "a width that is rounded up": (4, 0.0285, True),
            "a width that is rounded down": (2, 0.018, False),
        },
        shape=(1, 3, 224, 224),
        random=True,
        share=0.3,
    ),
    forbids=["googlenet"],
    oracle={NAME: FlatGoogLeNet},
    mistakes=[_slip(name, hint) for name, hint in SLIPS.items()],
)
def googlenet(rng: Generator) -> Iterator[Case]:
    """The network of table 1: exact counts, values at a small width, heads in training only."""
    yield from _counts(rng)
    yield from _modes(rng, 1 / 16, weight=3)
    classes, maps = whole(rng, 3, 12), normal(rng, 2, 33, 14, 14)  # as many come out of 4d
    yield Case(
        "its heads by themselves",
        ask(its_heads, NAME, classes, seed_from(rng), maps, text="aux1 and aux2 on random maps"),
        "Under the names aux1 and aux2 are the heads that you have built, for 4a and for 4d.",
        DEEP,
        weight=0.75,
    )
    yield _dropout(rng, weight=1.5)
    image, text = normal(rng, 1, 3, 224, 224), "GoogLeNet(5, 1/16, aux=False) in both modes"
    yield Case(
        "without heads",
        ask(without_heads, NAME, seed_from(rng), image, text=text),
        "With aux=False there are no heads: the main scores alone, in both modes.",
        DEEP,
    )


def _modes(rng: Generator, width: float, *, weight: float, title: str = "") -> Iterator[Case]:
    """Scores in evaluation, and all three in training."""
    classes, seed = whole(rng, 3, 12), seed_from(rng)
    image, pair = normal(rng, 1, 3, 224, 224), normal(rng, 2, 3, 224, 224)
    made = f"{classes} classes, width 1/{1 / width:.0f}"
    yield Case(
        f"{title}evaluation: the main scores alone",
        ask(scores_of, NAME, classes, seed, image, width, text=f"evaluation mode, {made}"),
        FORWARD,
        DEEP,
        weight=weight,
    )
    text = f"training mode, {made}: what is dropped filled in, simple heads in aux1 and aux2"
    yield Case(
        f"{title}training: main, aux1, aux2",
        ask(trained_once, NAME, classes, seed, pair, width, text=text),
        f"Three scores as a tuple, in this order. {FORWARD}",
        DEEP,
        weight=weight,
    )


def _dropout(rng: Generator, weight: float) -> Case:
    images, calls = normal(rng, 3, 3, 224, 224), 24
    return Case(
        "what is dropped",
        ask(
            dropped_inputs, NAME, seed_from(rng), images, calls,
            text=f"GoogLeNet(5, 1/20) in training, {calls} times the same three images",
        ),
        "40 % before the classifier, 70 % in each head before its last layer; in training only, "
        "and what is kept is divided by the share that is kept.",
        DroppedInputs(),
        [
            {"size": [5, 50], "p": 0.4},
            {"size": [5, 51], "p": 0.7},
            {"size": [5, 51], "p": 0.7},
        ],
        weight=weight,
    )  # fmt: skip


def _counts(rng: Generator) -> Iterator[Case]:
    yield Case(
        "parameters at the paper's size",
        ask(totals, NAME, text="parameters of GoogLeNet(aux=False) and GoogLeNet()"),
        "Every convolution and linear layer has a bias, nothing else has parameters. With "
        "`aux=False` there are no heads; by default there are.",
        same(),
        TOTALS,
        weight=0.75,
    )
    classes, width = whole(rng, 5, 300), whole(rng, 3, 15) / 16
    text = f"sizes of all parameters, sorted, {classes} classes, width {width:g}"
    yield Case(
        "another width, other classes",
        ask(part_sizes, NAME, classes, width, text=text),
        "Every number of the table, and 64, 192, 128 and 1024, becomes round(width × number), at "
        "least 1. All three classifiers have `num_classes` outputs.",
        same(),
        weight=0.75,
    )


@check.hidden(NAME)
def another_width(rng: Generator) -> Iterator[Case]:
    yield from _modes(rng, 1 / 12, weight=1, title="another width, in ")
    yield replace(_dropout(rng, weight=0.5), title="what is dropped, with other weights")
