"""Checks of `conv2d`: values and gradients at many shapes, as torch has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, Probe, ask, call, close
from course.checks.inputs import normal
from course.labs.lab02_lenet.questions.gradients import conv_gradients

from .book import FOLLOW, TIGHT, check


def _wrong_conv(change: Callable[..., Any]) -> dict[str, Any]:
    """A convolution that goes wrong in one place: ``change`` gets all five, by position."""

    def conv2d(
        x: Tensor, weight: Tensor, bias: Any = None, stride: int = 1, padding: int = 0
    ) -> Any:
        return change(x, weight, bias, stride, padding)

    return {"conv2d": conv2d}


def _columns_first(y: Tensor) -> Tensor:
    return y.transpose(2, 3).reshape(y.shape)


CONV_MISTAKES = [
    Mistake(
        "kernel_flipped",
        _wrong_conv(lambda x, w, *rest: F.conv2d(x, w.flip(2, 3), *rest)),
        "You turn the kernel round, as a convolution in mathematics does. In deep learning the "
        "kernel is laid on the image as it is.",
    ),
    Mistake(
        "kernel_transposed",
        _wrong_conv(
            lambda x, w, *rest: F.conv2d(x, w.transpose(2, 3).reshape(w.shape), *rest)
        ),
        "Rows and columns of the kernel have changed places.",
    ),
    Mistake(
        "channels_mixed",
        _wrong_conv(lambda x, w, *rest: F.conv2d(x, w.permute(0, 2, 3, 1).reshape(w.shape), *rest)),
        "The weight and the unfolded patch run through channels, rows and columns in different "
        "orders. In which order does unfold write a patch?",
    ),
    Mistake(
        "bias_ignored",
        _wrong_conv(lambda x, w, b, *rest: F.conv2d(x, w, None, *rest)),
        "The bias changes nothing in your result.",
    ),
    Mistake(
        "bias_per_column",
        _wrong_conv(
            lambda x, w, b, *rest: (y := F.conv2d(x, w, None, *rest))
            + (0 if b is None else b.repeat(y.shape[3])[: y.shape[3]])
        ),
        "Broadcasting lines shapes up from the right: your bias varies along the width. "
        "It belongs to the output channels.",
    ),
    Mistake(
        "stride_ignored",
        _wrong_conv(lambda x, w, b, s, p: F.conv2d(x, w, b, 1, p)),
        "The stride changes nothing in your result.",
    ),
    Mistake(
        "padding_ignored",
        _wrong_conv(lambda x, w, b, s, p: F.conv2d(x, w, b, s, 0)),
        "The padding changes nothing in your result.",
    ),
    Mistake(
        "edge_repeated",
        _wrong_conv(
            lambda x, w, b, s, p: F.conv2d(F.pad(x, (p, p, p, p), mode="replicate"), w, b, s)
        ),
        "You continue the image with its border. Padding means zeros here.",
    ),
    Mistake(
        "not_folded",
        _wrong_conv(lambda x, *rest: F.conv2d(x, *rest).flatten(2)),
        "(N, O, L): the L places of an image are still in one row. How high and how wide?",
    ),
    Mistake(
        "columns_first",
        _wrong_conv(lambda x, *rest: _columns_first(F.conv2d(x, *rest))),
        "The places come row by row. Your result is filled column by column: height and width "
        "have changed places.",
    ),
    Mistake(
        "reshaped_not_transposed",
        _wrong_conv(
            lambda x, *rest: (y := F.conv2d(x, *rest)).permute(0, 2, 3, 1).reshape(y.shape)
        ),
        "(N, L, O) was reshaped where it should be transposed: reshape keeps the order in memory.",
    ),
    Mistake(
        "first_channel_only",
        _wrong_conv(lambda x, w, *rest: F.conv2d(x[:, :1], w[:, :1], *rest)),
        "Only the first input channel counts in your result. A kernel has a slice for each.",
    ),
    Mistake(
        "mean_over_channels",
        _wrong_conv(
            lambda x, w, b, *rest: F.conv2d(x, w / w.shape[1], b, *rest)
        ),
        "The input channels are added up, not averaged.",
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """Shapes and options of one convolution."""

    image: tuple[int, int, int, int]
    out_channels: int
    kernel: tuple[int, int]
    stride: int = 1
    padding: int = 0
    bias: bool = True

    @property
    def stepping(self) -> dict[str, Any]:
        """Stride and padding, where they are not the usual ones."""
        found = {"stride": self.stride, "padding": self.padding}
        return {key: value for key, value in found.items() if value != (key == "stride")}

    def tensors(
        self, rng: Generator, dtype: torch.dtype = torch.float64
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Image, weight and bias."""
        weight = normal(rng, self.out_channels, self.image[1], *self.kernel, dtype=dtype)
        image, bias = (normal(rng, *one, dtype=dtype) for one in (self.image, (self.out_channels,)))
        return image, weight, bias

    def values(self, rng: Generator) -> Probe:
        """Ask for the output."""
        x, weight, bias = self.tensors(rng)
        return call("conv2d", x, weight, *([bias] if self.bias else []), **self.stepping)

    def gradients(self, rng: Generator) -> Probe:
        """Ask for the three gradients, with a random gradient at the output."""
        x, weight, bias = self.tensors(rng)
        upstream = normal(rng, *F.conv2d(x, weight, **self.stepping).shape)
        text = f"gradients of conv2d at x {self.image}, weight and bias, {self.stepping}"
        return ask(conv_gradients, "conv2d", x, weight, bias, upstream, text=text, **self.stepping)


SHAPES = (
    "Write the shapes down: unfold gives (N, C·K·K, L). Which matrix turns it into (N, O, L), "
    "and how do (O, C, K, K) and L = H′·W′ unroll?"
)


def _arguments(
    rng: Generator,
    image: tuple[int, int, int, int] = (2, 2, 7, 5),
    kernel: tuple[int, int] = (3, 2),
    maps: int = 3,
    stride: int = 2,
    padding: int = 1,
    bias: bool = True,
) -> tuple[Any, ...]:
    x, weight, own_bias = Setting(image, maps, kernel).tensors(rng)
    return x, weight, own_bias if bias else None, stride, padding


CONTRACT = Function(
    _arguments,
    edges={
        "one image": {"image": (1, 3, 6, 7)},
        "one image, one place, one map": {"image": (1, 2, 3, 2), "padding": 0, "maps": 1},
        "no bias": {"bias": False},
        "many maps": {"image": (1, 9, 5, 4), "maps": 11},
        "kernels of one pixel, a wide frame": {"kernel": (1, 1), "padding": 3},
        "a column of pixels": {"image": (3, 1, 9, 1), "kernel": (4, 1), "padding": 0},
    },
    finely=True,
    zeros=("x", "weight", "bias"),
    judge=close(1e-6, 1e-8),
)


BUILT_INS = [
    *("conv1d", "conv2d", "conv3d", "convolution"),
    *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
]


@check.define(
    oracle={"conv2d": F.conv2d}, mistakes=CONV_MISTAKES, contract=CONTRACT, forbids=BUILT_INS
)
def conv2d(rng: Generator) -> Iterator[Case]:
    """Convolution by unfold and one matrix product: values and gradients."""
    small = torch.arange(9, dtype=torch.float64).view(1, 1, 3, 3)
    square = torch.tensor([[[[1.0, 2.0], [0.0, -1.0]]]], dtype=torch.float64)
    yield Case(
        "one channel, 3×3, that you can do by hand", call("conv2d", small, square), SHAPES, TIGHT
    )
    for title, setting, weight in [
        ("several channels, with bias", Setting((2, 3, 5, 5), 4, (3, 3)), 2),
        ("no bias", Setting((2, 3, 5, 5), 3, (3, 3), bias=False), 1),
        ("neither image nor kernel is square", Setting((2, 2, 4, 6), 3, (3, 2)), 2),
        ("padding 2", Setting((2, 2, 2, 3), 2, (3, 3), padding=2), 2),
        ("stride 2", Setting((2, 2, 5, 8), 3, (3, 3), stride=2), 2),
        ("a kernel as large as the image, as in C5", Setting((3, 4, 5, 5), 6, (5, 5)), 1),
    ]:
        yield Case(title, setting.values(rng), SHAPES, TIGHT, weight=weight)
    strided = Setting((2, 2, 6, 5), 3, (3, 4), stride=2, padding=1)
    yield Case("stride and padding together", strided.values(rng), SHAPES, TIGHT)
    yield Case(
        "gradients at x, weight and bias",
        strided.gradients(rng),
        {"detached": FOLLOW, "gradient": FOLLOW, "values": SHAPES},
        TIGHT,
        weight=3,
    )


@check.hidden("conv2d")
def odd_shapes(rng: Generator) -> Iterator[Case]:
    for title, setting in [
        ("padding 3, stride 3, a kernel of 5×2", Setting((2, 3, 9, 8), 5, (5, 2), 3, 3)),
        ("1×1 kernels", Setting((2, 5, 4, 7), 3, (1, 1))),
        ("one row of pixels", Setting((3, 2, 1, 9), 2, (1, 4), stride=2, bias=False)),
        ("C1 of LeNet", Setting((1, 1, 32, 32), 6, (5, 5))),
    ]:
        yield Case(title, setting.values(rng), judge=TIGHT)
