"""Checks of lab 2, part 1: sizes, convolution by hand, counting."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course.checks import (
    Case,
    Mistake,
    Probe,
    ask,
    call,
    same,
)
from course.checks.lab02.basis import (
    FOLLOW,
    SINGLE,
    TIGHT,
    check,
    gradients_at,
    normal,
    whole,
)

# Sizes ------------------------------------------------------------------------------------


def _measured_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Let torch convolve a row of zeros, and look how long the result is."""
    if kernel > size + 2 * padding:
        raise ValueError
    row, weight = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
    return F.conv1d(row, weight, stride=stride, padding=padding).shape[-1]


def _wrong_size(formula: Callable[[float, int, int, int], float]) -> dict[str, Any]:
    def size_of(size: int, kernel: int, stride: int = 1, padding: int = 0) -> Any:
        _measured_size(size, kernel, stride, padding)  # refuses what it should refuse
        return formula(size, kernel, stride, padding)

    return {"conv_output_size": size_of}


def sizes(function: Callable[..., Any], settings: Sequence[Sequence[int]]) -> list[Any]:
    """The answer for each (size, kernel, stride, padding)."""
    return [function(n, k, stride=s, padding=p) for n, k, s, p in settings]


def kinds_of_sizes(function: Callable[..., Any]) -> list[Any]:
    """An output size, and of which type it is."""
    found = function(28, 5, stride=3)
    return [found, type(found).__name__]


def _sizes(settings: Sequence[Sequence[int]]) -> Probe:
    text = "conv_output_size for (size, kernel, stride, padding) in "
    return ask(sizes, "conv_output_size", settings, text=text + ", ".join(map(str, settings)))


@check.define(
    oracle={"conv_output_size": _measured_size},
    mistakes=[
        Mistake(
            "one_forgotten",
            _wrong_size(lambda n, k, s, p: (n + 2 * p - k) // s),
            "A kernel as wide as the image fits once. How often does it fit by your formula?",
        ),
        Mistake(
            "rounded_up",
            _wrong_size(lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1),
            "The last step leads over the edge, where the kernel no longer fits. Round which way?",
        ),
        Mistake(
            "padding_once",
            _wrong_size(lambda n, k, s, p: (n + p - k) // s + 1),
            "Padding is added at both ends.",
        ),
        Mistake(
            "padding_ignored",
            _wrong_size(lambda n, k, s, p: (n - k) // s + 1),
            "Your answer does not depend on the padding.",
        ),
        Mistake(
            "stride_ignored",
            _wrong_size(lambda n, k, s, p: n + 2 * p - k + 1),
            "With stride 2 only every second place counts.",
        ),
        Mistake(
            "one_inside",
            _wrong_size(lambda n, k, s, p: (n + 2 * p - k + 1) // s),
            "Right for stride 1 only. Is the first place divided by the stride too?",
        ),
        Mistake(
            "fraction",
            _wrong_size(lambda n, k, s, p: (n + 2 * p - k) / s + 1),
            "A number of places is whole. What becomes of a last, incomplete step?",
        ),
    ],
)
def conv_output_size(rng: Generator) -> Iterator[Case]:
    """How many places a kernel has along an axis, with stride and padding."""
    hint = "Draw the axis as boxes. Where is the kernel's first box, first and last? In what steps?"
    plain = [(whole(rng, 20, 40), whole(rng, 2, 7), 1, 0) for _ in range(3)]
    yield Case("stride 1, no padding", _sizes(plain), hint, same(), weight=2)
    padded = [(whole(rng, 9, 30), k, 1, whole(rng, 1, 3)) for k in (3, 4, 5)]
    yield Case("with padding", _sizes(padded), hint, same(), weight=2)
    strided = [(whole(rng, 15, 40), k, s, 0) for k, s in [(2, 2), (3, 2), (5, 3), (4, 5)]]
    yield Case("with stride", _sizes([(28, 2, 2, 0), *strided]), hint, same(), weight=2)
    both = [(whole(rng, 30, 60), 7, s, whole(rng, 1, 3)) for s in (2, 3, 4)]
    yield Case("both, as AlexNet and ResNet begin", _sizes([(224, 7, 2, 3), *both]), hint, same())
    yield Case(
        "a whole number comes out",
        ask(kinds_of_sizes, "conv_output_size", text="conv_output_size(28, 5, stride=3), its type"),
        "A size is an int: `//` divides and rounds down, `/` gives a float.",
        same(),
    )
    yield Case(
        "a kernel wider than the padded image raises a ValueError",
        ask(_raised, "conv_output_size", 4, 7, padding=1, text="conv_output_size(4, 7, padding=1)"),
        "7 boxes do not fit into 4 + 2. Say so with `raise ValueError(…)` and both numbers.",
        same(),
        "ValueError",
        weight=0.5,
    )


def _raised(function: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Name of the exception that the function raises on these arguments."""
    try:
        function(*args, **kwargs)
    except NotImplementedError:
        raise
    except Exception as error:
        return type(error).__name__
    return "no error"


# Convolution ------------------------------------------------------------------------------


def conv_gradients(
    function: Callable[..., Any],
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    upstream: Tensor,
    **how: Any,
) -> dict[str, Tensor]:
    """Gradients of ``sum(upstream · output)`` at the image, the weight and the bias."""
    leaves = [tensor.requires_grad_() for tensor in (x, weight, bias)]
    output = function(*leaves, **how)
    return gradients_at(output, upstream, dict(zip(("x", "weight", "bias"), leaves, strict=True)))


Conv = Callable[..., Tensor]


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
    def options(self) -> dict[str, Any]:
        """Stride and padding, where they are not the usual ones."""
        found = {"stride": self.stride, "padding": self.padding}
        return {key: value for key, value in found.items() if value != (key == "stride")}

    def tensors(self, rng: Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Image, weight and bias."""
        weight = normal(rng, self.out_channels, self.image[1], *self.kernel)
        return normal(rng, *self.image), weight, normal(rng, self.out_channels)

    def values(self, rng: Generator) -> Probe:
        """Ask for the output."""
        x, weight, bias = self.tensors(rng)
        return call("conv2d", x, weight, *([bias] if self.bias else []), **self.options)

    def gradients(self, rng: Generator) -> Probe:
        """Ask for the three gradients, with a random gradient at the output."""
        x, weight, bias = self.tensors(rng)
        upstream = normal(rng, *F.conv2d(x, weight, **self.options).shape)
        text = f"gradients of conv2d at x {self.image}, weight and bias, {self.options}"
        return ask(conv_gradients, "conv2d", x, weight, bias, upstream, text=text, **self.options)


SHAPES = (
    "Write the shapes down: unfold gives (N, C·K·K, L). Which matrix turns it into (N, O, L), "
    "and how do (O, C, K, K) and L = H′·W′ unroll?"
)


@check.define(oracle={"conv2d": F.conv2d}, mistakes=CONV_MISTAKES)
def conv2d(rng: Generator) -> Iterator[Case]:
    """Convolution by unfold and one matrix product: values and gradients."""
    small = torch.arange(9, dtype=torch.float64).view(1, 1, 3, 3)
    square = torch.tensor([[[[1.0, 2.0], [0.0, -1.0]]]], dtype=torch.float64)
    yield Case(
        "one channel, 3×3, that you can do by hand", call("conv2d", small, square), SHAPES, TIGHT
    )
    for title, setting, weight in [
        ("several channels, with bias", Setting((2, 3, 6, 6), 4, (3, 3)), 2),
        ("no bias", Setting((2, 3, 6, 6), 4, (3, 3), bias=False), 1),
        ("neither image nor kernel is square", Setting((2, 2, 5, 8), 3, (3, 2)), 2),
        ("padding 2", Setting((2, 2, 5, 6), 3, (3, 3), padding=2), 2),
        ("stride 2", Setting((2, 2, 7, 10), 3, (3, 3), stride=2), 2),
        ("a kernel as large as the image, as in C5", Setting((3, 4, 5, 5), 6, (5, 5)), 1),
    ]:
        yield Case(title, setting.values(rng), SHAPES, TIGHT, weight=weight)
    strided = Setting((2, 3, 8, 7), 4, (3, 4), stride=2, padding=1)
    yield Case("stride and padding together", strided.values(rng), SHAPES, TIGHT)
    yield Case("gradients at x, weight and bias", strided.gradients(rng), FOLLOW, TIGHT, weight=3)
    single = [one.float() for one in Setting((2, 2, 6, 5), 3, (3, 3)).tensors(rng)]
    yield Case(
        "float32 in, float32 out",
        call("conv2d", *single),
        "The result should have the dtype of the image: where does another one come in?",
        SINGLE,
    )


# Counting ---------------------------------------------------------------------------------


def _counted(in_channels: int, out_channels: int, kernel: int, bias: bool = True) -> int:
    """Let torch make the layer, without memory, and count."""
    layer = nn.Conv2d(in_channels, out_channels, kernel, bias=bool(bias), device="meta")
    return sum(parameter.numel() for parameter in layer.parameters())


def _wrong_count(formula: Callable[[int, int, int, bool], int]) -> dict[str, Any]:
    def count(in_channels: int, out_channels: int, kernel: int, bias: bool = True) -> int:
        return formula(in_channels, out_channels, kernel, bias)

    return {"conv_parameters": count}


def counts(function: Callable[..., Any], layers: Sequence[Sequence[int]], **how: Any) -> list[Any]:
    """The number for each (in_channels, out_channels, kernel)."""
    return [function(*layer, **how) for layer in layers]


@check.define(
    oracle={"conv_parameters": _counted},
    mistakes=[
        Mistake(
            "input_channels_forgotten",
            _wrong_count(lambda i, o, k, b: o * (k * k + b)),
            "A kernel has a slice for each input channel.",
        ),
        Mistake(
            "output_channels_forgotten",
            _wrong_count(lambda i, o, k, b: i * k * k + b),
            "That is one output map. How many are there?",
        ),
        Mistake(
            "kernel_not_squared",
            _wrong_count(lambda i, o, k, b: o * (i * k + b)),
            "The kernel is k wide and also k high.",
        ),
        Mistake(
            "bias_ignored",
            _wrong_count(lambda i, o, k, b: o * i * k * k),
            "With a bias there is one number more for each output map.",
        ),
        Mistake(
            "bias_always",
            _wrong_count(lambda i, o, k, b: o * (i * k * k + 1)),
            "Your answer has biases also where bias=False.",
        ),
        Mistake(
            "bias_per_connection",
            _wrong_count(lambda i, o, k, b: o * i * (k * k + b)),
            "You give every pair of maps its own bias. It is added once for each output map.",
        ),
        Mistake(
            "one_bias",
            _wrong_count(lambda i, o, k, b: o * i * k * k + b),
            "You have one bias in all.",
        ),
    ],
)
def conv_parameters(rng: Generator) -> Iterator[Case]:
    """How many numbers a convolution learns."""
    hint = "Count for one output map first: the weights it needs, then its bias."
    layers = [(whole(rng, 2, 9), whole(rng, 10, 20), whole(rng, 2, 7)) for _ in range(3)]
    text = "conv_parameters for (in, out, kernel) in "
    yield Case(
        "with bias",
        ask(counts, "conv_parameters", layers, text=text + ", ".join(map(str, layers))),
        hint,
        same(),
        weight=2,
    )
    yield Case(
        "without bias",
        ask(counts, "conv_parameters", layers, bias=False, text="the same with bias=False"),
        hint,
        same(),
        weight=1,
    )
