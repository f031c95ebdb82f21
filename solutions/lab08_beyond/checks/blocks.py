"""MobileNet's block, by value."""

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


class Unfolded(nn.Module):
    """The block without any grouped convolution: patches times one filter a channel."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.around = nn.Parameter(torch.randn(in_channels, 9))
        self.across = nn.Parameter(torch.randn(out_channels, in_channels))
        self.first, self.second = nn.BatchNorm2d(in_channels), nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, in_channels, H, W) -> (N, out_channels, ⌈H/stride⌉, ⌈W/stride⌉)``."""
        height, width = (-(-side // self.stride) for side in x.shape[2:])
        patches = F.unfold(x, 3, padding=1, stride=self.stride).unflatten(1, (-1, 9))
        looked = torch.einsum("ncpl,cp->ncl", patches, self.around).unflatten(2, (height, width))
        mixed = torch.einsum("nchw,kc->nkhw", self.first(looked).relu(), self.across)
        return self.second(mixed).relu()


def slipped(*slips: str) -> dict[str, Any]:
    """The block from torch's layers, with something wrong."""

    def make(in_channels: int, out_channels: int, stride: int = 1) -> nn.Module:
        def has(slip: str) -> bool:
            return slip in slips

        bias, groups = has("bias"), 1 if has("full") else in_channels
        strides = (1, stride) if has("stride_second") else (stride, 1)
        around = nn.Conv2d(
            in_channels, in_channels, 3, strides[0], 0 if has("no_padding") else 1,
            groups=groups, bias=bias,
        )  # fmt: skip
        across = nn.Conv2d(in_channels, out_channels, 1, strides[1], bias=bias)
        norms = [nn.BatchNorm2d(in_channels), nn.BatchNorm2d(out_channels)]
        layers = [around, norms[0], nn.ReLU(), across, norms[1], nn.ReLU()]
        if has("mixed_first"):
            around = nn.Conv2d(
                out_channels, out_channels, 3, stride, 1, groups=out_channels, bias=False
            )
            layers = [across, norms[1], nn.ReLU(), around, nn.BatchNorm2d(out_channels), nn.ReLU()]
        drop = {"no_first_relu": 2, "no_last_relu": 5, "no_first_norm": 1, "no_second_norm": 4}
        left_out = [drop.get(slip) for slip in slips]
        kept = [layer for place, layer in enumerate(layers) if place not in left_out]
        return nn.Sequential(*kept)

    return {"SeparableBlock": make}


LARGE = 100.0  # far enough out for both ReLUs to give much more than 6
NO_END = "ReLU has no upper end: only what is below 0 is cut. (ReLU6 came with later MobileNets.)"
DEFAULT = "Without a third argument the stride is 1: keep the default of the signature."
HINTS = {
    "full": "Your 3 × 3 mixes channels: every filter reads all of them. How many groups make each "
    "filter read one?",
    "stride_second": "The stride is in the 1 × 1, which then skips three of four pixels that the "
    "3 × 3 has computed. It belongs into the 3 × 3.",
    "no_padding": "The map keeps its size at stride 1: the 3 × 3 needs padding.",
    "bias": "Your convolutions have biases. BatchNorm follows and subtracts the mean.",
    "no_first_relu": "Between the two convolutions stands a ReLU, after the first BatchNorm.",
    "no_last_relu": "After the second BatchNorm comes a ReLU.",
    "no_first_norm": "After each of the two convolutions comes BatchNorm: where is the first?",
    "no_second_norm": "After each of the two convolutions comes BatchNorm: where is the second?",
    "mixed_first": "You mix first and look around afterwards. In MobileNet the depthwise "
    "convolution comes first.",
}


@check.define(
    oracle={"SeparableBlock": Unfolded},
    mistakes=[Mistake(slip, slipped(slip), hint) for slip, hint in HINTS.items()],
    name="SeparableBlock",
    contract=Network(
        lambda rng: (3, 5, 1),
        lambda rng, N=2, H=5, W=6: normal(rng, N, 3, H, W),
        edges={"one pixel": {"N": 4, "H": 1, "W": 1}},
        variants={"many channels": (32, 64, 2), "one channel": (1, 8, 1)},
        shape=(),
    ),
)
def separable_block(rng: Generator) -> Iterator[Case]:
    """A depthwise 3 × 3 and a 1 × 1."""
    hint = "Depthwise 3 × 3, BatchNorm, ReLU, 1 × 1, BatchNorm, ReLU."
    for into, out, stride, training, weight in (
        (whole(rng, 3, 4), whole(rng, 5, 7), 1, False, 3.0),
        (whole(rng, 5, 6), whole(rng, 2, 4), 2, False, 2.0),
        (whole(rng, 3, 4), whole(rng, 5, 7), 2, True, 2.0),
        (same_width := whole(rng, 3, 4), same_width, 1, False, 1.0),
    ):
        yield one_block(rng, into, out, stride, training, hint, weight)
    yield one_block(rng, 3, 5, 1, False, NO_END, 0.5, LARGE)
    x = normal(rng, 2, 3, 5, 6)
    text = f"SeparableBlock(3, 4) in evaluation mode, x {tuple(x.shape)}"
    yield Case(
        "no stride given",
        ask(block_on, "SeparableBlock", (3, 4), seed_from(rng), x, False, text=text),
        dict.fromkeys(("values", "shape"), DEFAULT),
        TIGHT,
    )
    args = (whole(rng, 4, 6), whole(rng, 7, 9))
    probe = ask(sizes_with, "SeparableBlock", args, text=f"sizes of SeparableBlock{args}")
    yield Case("sizes of the parameters", probe, hint, same(), weight=2)


def one_block(
    rng: Generator,
    into: int,
    out: int,
    stride: int,
    training: bool,
    hint: str = "",
    weight: float = 1,
    size: float = 1,
) -> Case:
    """One block on random maps of uneven size."""
    x = size * normal(rng, 3, into, whole(rng, 5, 8), whole(rng, 5, 8))
    mode = "training" if training else "evaluation"
    text = f"SeparableBlock({into}, {out}, {stride}) in {mode} mode, x {tuple(x.shape)}"
    args = ((into, out, stride), seed_from(rng), x, training)
    probe = ask(block_on, "SeparableBlock", *args, text=text)
    title = f"{into} → {out}, stride {stride}, {mode} mode{', large values' * (size > 1)}"
    return Case(title, probe, hint, TIGHT, weight=weight)


@check.hidden("SeparableBlock")
def other_strides(rng: Generator) -> Iterator[Case]:
    yield one_block(rng, whole(rng, 2, 5), whole(rng, 2, 8), 1, True)
    yield one_block(rng, whole(rng, 2, 5), whole(rng, 2, 8), 3, False)
    yield one_block(rng, whole(rng, 2, 5), whole(rng, 2, 8), 1, False, size=LARGE)
