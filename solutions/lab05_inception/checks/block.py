"""Checks of `InceptionBlock`: each branch and all together, by value, weights from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torchvision.models.googlenet import Inception

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Network
from course.checks import Case, Probe, ask, same
from course.checks.inputs import normal, seed_from, uniform, whole
from course.checks.kinds import Hint
from course.labs.lab05_inception.paper import TABLE, Spec
from course.labs.lab05_inception.questions import (
    block_of,
    block_sizes,
    branch_of,
    from_numbers,
)

from .book import TIGHT, check, small_spec

NAME = "InceptionBlock"
BRANCHES: tuple[tuple[str, str], ...] = (
    ("the 1×1 branch", "A 1×1 convolution and ReLU. Its maps come first."),
    ("the 3×3 branch", "A 1×1 reduction and ReLU, a 3×3 and ReLU; its maps come second."),
    ("the 5×5 branch", "A 1×1 reduction and ReLU, a 5×5 and ReLU; its maps come third."),
    ("the pooling branch", "A 3×3 maximum, a 1×1 convolution and ReLU; its maps come last."),
)
SHAPE = (
    "Stride 1 everywhere, the pooling too. Which padding keeps the size with 3×3 and 5×5? And "
    "along which axis are the four put together?"
)
TOGETHER: Hint = {
    "values": "Is each branch right by itself? Then look at how they are put together.",
    "shape": SHAPE,
}


class FlatBlock(nn.Module):
    """An Inception block as a flat list of parameters, run with ``torch.nn.functional``.

    Args:
        slips: what it does wrong, by name; nothing of it for the right block.
    """

    def __init__(self, in_channels: int, spec: Spec, **slips: Any) -> None:
        super().__init__()
        self.slips = slips
        spec = Spec(*spec)
        self.flat = nn.ParameterList()
        for into, out, side in self._sizes(in_channels, spec):
            self.flat.append(torch.randn(out, into, side, side))
            if not slips.get("no_bias"):
                self.flat.append(torch.randn(out))

    def _sizes(self, channels: int, spec: Spec) -> list[tuple[int, int, int]]:
        side = 3 if self.slips.get("three_in_five") else 5
        if self.slips.get("no_reductions"):
            sizes = [(channels, spec.n3x3, 3), (channels, spec.n5x5, side)]
        else:
            sizes = [
                *((channels, spec.n3x3_reduce, 1), (spec.n3x3_reduce, spec.n3x3, 3)),
                *((channels, spec.n5x5_reduce, 1), (spec.n5x5_reduce, spec.n5x5, side)),
            ]
        last = [] if self.slips.get("no_projection") else [(channels, spec.pool_proj, 1)]
        return [(channels, spec.n1x1, 1), *sizes, *last]

    def _pairs(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        step = 1 if self.slips.get("no_bias") else 2
        for place in range(0, len(self.flat), step):
            yield self.flat[place], (self.flat[place + 1] if step == 2 else None)

    def _unit(self, x: Tensor, pair: tuple[Tensor, Tensor | None], silent: str = "") -> Tensor:
        x = F.conv2d(x, *pair, padding=pair[0].shape[-1] // 2)
        return x if silent in self.slips or "no_relu" in self.slips else x.clamp(min=0)

    def branches(self, x: Tensor) -> list[Tensor]:
        """The four outputs, before they are put together."""
        first, *rest = self._pairs()
        last = None if "no_projection" in self.slips else rest.pop()
        through = []
        for place in range(2):
            y = x
            if "no_reductions" not in self.slips:
                y = self._unit(y, rest.pop(0), "no_relu_after_reduction")
            through.append(self._unit(y, rest.pop(0), f"no_relu_branch_{place}"))
        return [self._unit(x, first), *through, self._pooled(x, last)]

    def _pooled(self, x: Tensor, pair: tuple[Tensor, Tensor | None] | None) -> Tensor:
        if "average_pool" in self.slips:
            pooled: Callable[[Tensor], Tensor] = lambda y: F.avg_pool2d(y, 3, 1, 1)  # noqa: E731
        elif "zeros_join_the_max" in self.slips:
            pooled = lambda y: F.max_pool2d(F.pad(y, [1] * 4), 3, 1)  # noqa: E731
        else:
            pooled = lambda y: F.max_pool2d(y, 3, 1, 1)  # noqa: E731
        if pair is None:
            return pooled(x)
        if "projection_first" in self.slips:
            return pooled(self._unit(x, pair))
        return self._unit(x if "no_pool" in self.slips else pooled(x), pair, "no_relu_projection")

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W) -> (N, n1x1 + n3x3 + n5x5 + pool_proj, H, W)``."""
        parts = self.branches(x)
        if "added" in self.slips:
            return torch.stack(parts).sum(dim=0)
        order = self.slips.get("order", (0, 1, 2, 3))
        y = torch.cat([parts[place] for place in order], dim=self.slips.get("dim", 1))
        return y.clamp(min=0) if "relu_at_the_end" in self.slips else y


def torchvision_block(in_channels: int, spec: Spec) -> nn.Module:
    """torchvision's Inception module with biases, without BatchNorm, and with a true 5×5."""

    def unit(into: int, out: int, **options: Any) -> nn.Module:
        return nn.Sequential(nn.Conv2d(into, out, **options), nn.ReLU())

    module = Inception(in_channels, *spec, conv_block=unit)
    module.branch3[1] = unit(spec.n5x5_reduce, spec.n5x5, kernel_size=5, padding=2)
    return module


def _slip(name: str, hint: str, value: Any = True, key: str = "") -> Mistake:
    def make(in_channels: int, spec: Spec) -> nn.Module:
        return FlatBlock(in_channels, spec, **{key or name: value})

    return Mistake(name, {NAME: make}, hint)


def _small(rng: Generator) -> tuple[int, list[int]]:
    return whole(rng, 3, 6), small_spec(rng)


def _maps(
    rng: Generator, N: int = 2, C: int = 5, H: int = 5, W: int = 6, size: float = 1.0
) -> Tensor:
    return size * normal(rng, N, C, H, W)


@check.define(
    name=NAME,
    contract=Network(
        lambda rng: (5, small_spec(rng)),
        _maps,
        edges={
            "one pixel": {"N": 8, "H": 1, "W": 1},
            "two rows": {"H": 2, "W": 7},
            "large maps": {"size": 100.0},
        },
        adapter=from_numbers,
        share=0.15,
    ),
    forbids=["Inception", "BasicConv2d"],
    oracle={NAME: FlatBlock},
    mistakes=[
        _slip(
            "three_in_five",
            "The third branch ends with a true 5×5, padding 2. (torchvision has a 3×3 there.)",
        ),
        _slip(
            "no_relu_after_reduction",
            "Every convolution has a ReLU, the reductions too: else 1×1 and 3×3 are one linear "
            "map.",
        ),
        _slip("no_relu", "Every convolution of the block is followed by a ReLU."),
        _slip("no_relu_projection", "The pool projection has a ReLU as well."),
        _slip("no_bias", "The paper's convolutions have biases; BatchNorm came a year later."),
        _slip("no_reductions", "This is the naive block: 3×3 and 5×5 read all input channels."),
        _slip("no_projection", "After the pooling comes a 1×1 convolution, the pool projection."),
        _slip("average_pool", "The fourth branch takes the maximum."),
        _slip("no_pool", "The fourth branch begins with a pooling."),
        _slip("projection_first", "The pooling comes first, its projection after it."),
        _slip(
            "zeros_join_the_max",
            "Zeros at the edge win against negative numbers. The pooling's own padding does not "
            "take part in the maximum.",
        ),
        _slip(
            "fives_before_threes",
            "The order along the channels is 1×1, 3×3, 5×5, pool projection.",
            (0, 2, 1, 3),
            "order",
        ),
        _slip(
            "pool_first",
            "The order along the channels is 1×1, 3×3, 5×5, pool projection.",
            (3, 0, 1, 2),
            "order",
        ),
        _slip(
            "pool_after_ones",
            "The order along the channels is 1×1, 3×3, 5×5, pool projection.",
            (0, 3, 1, 2),
            "order",
        ),
        _slip("along_the_batch", "Put the maps together along the channels.", 0, "dim"),
        _slip("along_the_rows", "Put the maps together along the channels.", 2, "dim"),
        _slip("along_the_columns", "Put the maps together along the channels.", 3, "dim"),
        _slip("added", "The branches are put side by side along the channels, not added."),
    ],
)
def inception_block(rng: Generator) -> Iterator[Case]:
    """Four branches side by side, each by value, and all together."""
    yield Case(
        "all nine blocks: sizes of parameters and maps",
        ask(block_sizes, NAME, tuple(TABLE), text="blocks 3a to 5b on two maps of each"),
        {
            "values": "Six convolutions, each with a bias. Compare with the table.",
            "shape": SHAPE,
        },
        same(),
    )
    for branch in range(len(BRANCHES)):
        yield _branch(rng, branch, (2, 6, 7))
    channels, equal = whole(rng, 3, 6), [4, whole(rng, 2, 5), 4, whole(rng, 2, 5), 4, 4]
    probe = _values(rng, channels, equal, (2, channels, 6, 6))
    yield Case("four channels from each branch", probe, TOGETHER, TIGHT)
    yield _like_torchvision(rng)


def _branch(rng: Generator, branch: int, sides: tuple[int, int, int]) -> Case:
    """One branch of a small block on random maps."""
    (title, hint), (channels, spec) = BRANCHES[branch], _small(rng)
    count, height, width = sides
    maps = uniform(rng, count, channels, height, width, low=-9.0, high=9.0)
    text = f"InceptionBlock({channels}, Spec{tuple(spec)}) on maps {tuple(maps.shape)}: {title}"
    probe = ask(branch_of, NAME, channels, spec, seed_from(rng), maps, branch, text=text)
    return Case(title, probe, hint, TIGHT, weight=2)


def _values(rng: Generator, channels: int, spec: list[int], shape: tuple[int, ...]) -> Probe:
    text = f"InceptionBlock({channels}, Spec{tuple(spec)}) on maps {shape}: output and gradient"
    return ask(block_of, NAME, channels, spec, seed_from(rng), normal(rng, *shape), text=text)


def _like_torchvision(rng: Generator) -> Case:
    spec, seed, maps = TABLE["3a"].scaled(1 / 8), seed_from(rng), normal(rng, 2, 24, 7, 7)
    text = "block 3a at 1/8 of its width, weights as torchvision's module with a 5×5 put in"
    probe = ask(block_of, NAME, 24, list(spec), seed, maps, text=text)
    expected = block_of(torchvision_block, 24, spec, seed, maps.clone())
    return Case("equal to torchvision's, with a 5×5", probe, TOGETHER, TIGHT, expected)


@check.hidden(NAME)
def other_blocks(rng: Generator) -> Iterator[Case]:
    for branch in range(len(BRANCHES)):
        case = _branch(rng, branch, (1, whole(rng, 3, 9), whole(rng, 3, 9)))
        yield replace(case, title=f"{case.title}, another block", weight=0.5)
    channels, spec = whole(rng, 7, 12), small_spec(rng)
    maps = normal(rng, 1, channels, 8, 5)
    text = f"InceptionBlock({channels}, Spec{tuple(spec)}): output and gradient"
    seed = seed_from(rng)
    probe = ask(block_of, NAME, channels, spec, seed, maps, text=text)
    yield Case("another block", probe, "", TIGHT)
