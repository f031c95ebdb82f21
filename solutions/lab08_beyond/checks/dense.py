"""DenseNet's block, by value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Network
from course.checks import Case, ask, same
from course.checks.inputs import normal, seed_from, whole
from course.labs.lab08_beyond.questions import block_on, sizes_with

from .book import TIGHT, check


class Collected(nn.Module):
    """The block as a list of maps, of which each layer reads all; with slips by name."""

    def __init__(self, in_channels: int, growth: int, layers: int, slips: Any = ()) -> None:
        super().__init__()
        self.slips, self.growth = frozenset(slips), growth
        reads = [in_channels + n * growth for n in range(layers)]
        if self.has("last_only"):
            reads = [in_channels if n == 0 else growth for n in range(layers)]
        if self.has("input_and_last"):
            reads = [in_channels + (growth if n else 0) for n in range(layers)]
        if self.has("grows_by_one"):
            reads = [in_channels + n * growth + min(n, 0) for n in range(layers)]
        after = self.has("norm_after")
        self.norms = nn.ModuleList(nn.BatchNorm2d(growth if after else c) for c in reads)
        side = 1 if self.has("pointwise") else 3
        self.convs = nn.ModuleList(
            nn.Conv2d(c, growth, side, padding=side // 2, bias=self.has("bias")) for c in reads
        )

    def has(self, slip: str) -> bool:
        """Whether this is to go wrong."""
        return slip in self.slips

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W) -> (N, C + layers · growth, H, W)``."""
        maps = [x]
        for norm, conv in zip(self.norms, self.convs, strict=True):
            maps.append(self._layer(norm, conv, torch.cat(self._read(maps), dim=1)))
        if self.has("new_only"):
            maps = maps[1:] or maps
        if self.has("newest_first"):
            maps = maps[::-1]
        return torch.cat(maps, dim=1)

    def _read(self, maps: list[Tensor]) -> list[Tensor]:
        if self.has("last_only"):
            return maps[-1:]
        if self.has("input_and_last"):
            return maps if len(maps) < 2 else [maps[0], maps[-1]]
        return maps[::-1] if self.has("newest_first") else maps

    def _layer(self, norm: nn.Module, conv: nn.Module, x: Tensor) -> Tensor:
        if self.has("norm_after"):
            new: Tensor = norm(conv(x)).relu()
            return new
        y = norm(x)
        if self.has("relu_before_norm"):
            y = norm(F.relu(x))
        elif not self.has("no_relu"):
            y = F.relu(y)
        new = conv(y)
        return F.relu(new) if self.has("relu_last") else new


def made(*slips: str) -> dict[str, Any]:
    """The block as an answer."""

    def make(in_channels: int, growth_rate: int, layers: int) -> nn.Module:
        return Collected(in_channels, growth_rate, layers, slips)

    return {"DenseBlock": make}


LARGE = 100.0  # far enough out for a ReLU to give much more than 6
HINTS = {
    "new_only": "Your block gives out the new maps alone. Its input comes out too, in front.",
    "last_only": "Each of your layers reads what the layer before it has made. It reads all maps "
    "that there are: those of every layer before it, and the block's input.",
    "input_and_last": "Your layers read the block's input and the last layer's maps. They read all "
    "maps in between, too.",
    "newest_first": "New maps are appended behind the others.",
    "norm_after": "In a dense layer BatchNorm and ReLU come *before* the convolution.",
    "relu_before_norm": "BatchNorm first, then ReLU, then the convolution.",
    "no_relu": "Between BatchNorm and convolution stands a ReLU.",
    "relu_last": "After the convolution comes nothing: the next layer begins with its own "
    "BatchNorm.",
    "bias": "The convolutions have no bias.",
    "pointwise": "The convolutions are 3 × 3, with padding 1.",
}


@check.define(
    oracle=made(),
    mistakes=[Mistake(slip, made(slip), hint) for slip, hint in HINTS.items()],
    name="DenseBlock",
    contract=Network(
        lambda rng: (3, 2, 3),
        lambda rng, N=2, H=4, W=5: normal(rng, N, 3, H, W),
        edges={"one pixel": {"N": 4, "H": 1, "W": 1}},
        variants={"many layers": (16, 12, 12), "no layers": (3, 4, 0), "one layer": (3, 4, 1)},
        shape=(),
    ),
)
def dense_block(rng: Generator) -> Iterator[Case]:
    """Layers that read everything and append a few maps."""
    hint = "Each layer: BatchNorm, ReLU, 3 × 3 on all maps so far; then append what it gives."
    for into, growth, layers, training, weight in (
        (whole(rng, 3, 4), 2, 1, False, 2.0),
        (whole(rng, 3, 5), whole(rng, 2, 3), 3, False, 3.0),
        (2, whole(rng, 3, 4), 2, True, 2.0),
    ):
        yield one_block(rng, into, growth, layers, training, hint, weight)
    no_end = "ReLU has no upper end: only what is below 0 is cut."
    yield one_block(rng, 3, 2, 2, False, no_end, 0.5, LARGE)
    args = (whole(rng, 4, 6), whole(rng, 2, 3), 4)
    probe = ask(sizes_with, "DenseBlock", args, text=f"sizes of DenseBlock{args}")
    yield Case("sizes of the parameters", probe, hint, same(), weight=2)


def one_block(
    rng: Generator,
    into: int,
    growth: int,
    layers: int,
    training: bool,
    hint: str = "",
    weight: float = 1,
    size: float = 1,
) -> Case:
    """One block on random maps."""
    x = size * normal(rng, 3, into, whole(rng, 4, 6), whole(rng, 4, 6))
    mode = "training" if training else "evaluation"
    text = f"DenseBlock({into}, {growth}, {layers}) in {mode} mode, x {tuple(x.shape)}"
    args = ((into, growth, layers), seed_from(rng), x, training)
    probe = ask(block_on, "DenseBlock", *args, text=text)
    title = f"{layers} {'layer' if layers == 1 else 'layers'} on {into} maps, {mode} mode"
    title += ", large values" * (size > 1)
    return Case(title, probe, hint, TIGHT, weight=weight)


@check.hidden("DenseBlock")
def other_blocks(rng: Generator) -> Iterator[Case]:
    yield one_block(rng, whole(rng, 2, 5), whole(rng, 2, 4), 4, False, weight=2)
    yield one_block(rng, whole(rng, 2, 5), 1, 3, True)
    yield one_block(rng, whole(rng, 2, 5), 2, 2, False, size=LARGE)
