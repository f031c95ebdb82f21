"""Sizes and counts: `conv_output_size` and `conv_parameters` in other words, and with slips."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .book import answers, slips, variants


def size_by_counting(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    starts = range(0, size + 2 * padding - kernel + 1, stride)
    if len(starts) == 0:
        raise ValueError("too wide")
    return len(starts)


class TooWide(ValueError):
    """An error of the student's own that is a ValueError."""


def size_with_an_error_of_its_own(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    places = math.floor((size + 2 * padding - kernel) / stride) + 1
    if places <= 0:
        raise TooWide(places)
    return places


def size_by_walking(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    right, end, places = kernel, size + padding + padding, 0
    while right <= end:
        places, right = places + 1, right + stride
    if not places:
        raise ValueError
    return places


def size_by_torch(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    if size + 2 * padding < kernel:
        raise ValueError("a kernel that is too wide")
    row = torch.zeros(1, 1, size + 2 * padding)
    return len(F.max_pool1d(row, kernel, stride)[0, 0])


answers.right("conv_output_size", "by counting the starts", size_by_counting)
answers.right("conv_output_size", "a subclass of ValueError", size_with_an_error_of_its_own)
answers.right("conv_output_size", "step by step", size_by_walking)
answers.right("conv_output_size", "by torch's pooling", size_by_torch)
answers.right(
    "conv_output_size",
    "a number of NumPy's",
    lambda *args, **kwargs: np.int64(size_by_counting(*args, **kwargs)),
)
variants(
    "conv_output_size",
    {
        "one step more before dividing": """
            - return room // stride + 1
            + return (room + stride) // stride
        """,
        "int() of a quotient that is not negative": """
            - return room // stride + 1
            + return int(room / stride) + 1
        """,
        "in a tensor without axes": (
            "return room // stride + 1",
            "return torch.tensor(room // stride + 1)",
        ),
        "the quotient of divmod": (
            "return room // stride + 1",
            "return 1 + divmod(room, stride)[0]",
        ),
    },
)
answers.wrong(
    "conv_output_size",
    "the size of the image",
    lambda size, kernel, stride=1, padding=0: size,
    at_most=0.0,
)
answers.wrong(
    "conv_output_size",
    "halves, whatever is asked",
    lambda size, kernel, stride=1, padding=0: size // 2,
    at_most=0.1,
)

TOO_WIDE = """
- if room < 0:
-     raise ValueError(f"a kernel of {kernel} does not fit into {size} + 2·{padding} pixels")"""
slips(
    "conv_output_size",
    {
        "no error": TOO_WIDE + "\n+ pass",
        "an assertion": TOO_WIDE + "\n+ assert room >= 0",
        "a kernel as wide as the image is refused": ("room < 0", "room <= 0"),
        "one pixel too few is let through": ("room < 0", "room < -1"),
        "the padding is forgotten in the error": ("room < 0", "size < kernel"),
        "the padding is counted once in the error": ("room < 0", "size + padding < kernel"),
        "no error where the stride is more than what is missing": (
            "room < 0",
            "int(room / stride) < 0",
        ),
        "an error only where the stride is 1": ("room < 0", "room < 0 and stride == 1"),
        "an error of another kind": ("raise ValueError(", "raise RuntimeError("),
        "a kind above the one asked for": ("raise ValueError(", "raise Exception("),
        "an error that is returned": ("raise ValueError(", "return ValueError("),
        "an error that is printed": ("raise ValueError(", "print("),
        "the usual stride is 2": ("stride: int = 1", "stride: int = 2"),
        "the usual padding is 1": ("padding: int = 0", "padding: int = 1"),
        "padding before stride": (
            "stride: int = 1, padding: int = 0",
            "padding: int = 0, stride: int = 1",
        ),
        "rounded to the nearest": ("room // stride", "round(room / stride)"),
        "a float that is whole": ("stride + 1", "stride + 1.0"),
        "a step is at most as wide as the kernel": ("// stride", "// min(stride, kernel)"),
        "printed, not returned": ("return room", "print(room // stride + 1)\nroom"),
        "odd kernels only": ("padding - kernel", "padding - kernel // 2 * 2 - 1"),
        "at most 100 places": ("return room // stride + 1", "return min(room // stride, 99) + 1"),
        "padding at most 3": ("2 * padding", "2 * min(padding, 3)"),
    },
)


# Counts -----------------------------------------------------------------------------------


def counted_by_torch(in_channels: int, out_channels: int, kernel: int, bias: bool = True) -> int:
    layer = nn.Conv2d(in_channels, out_channels, kernel, bias=bias)
    return sum(one.numel() for one in layer.parameters())


def counted_one_by_one(in_channels: int, out_channels: int, kernel: int, bias: bool = True) -> int:
    total = 0
    for _ in range(out_channels):
        total += kernel**2 * in_channels
        if bias:
            total += 1
    return total


def counted_by_shapes(in_channels: int, out_channels: int, kernel: int, bias: bool = True) -> Any:
    shapes = [(out_channels, in_channels, kernel, kernel), (out_channels,)]
    return sum(math.prod(shape) for shape in shapes[: 2 if bias else 1])


answers.right(
    "conv_parameters", "a formula", lambda i, o, k, bias=True: i * o * k**2 + (o if bias else 0)
)
answers.right("conv_parameters", "counted by torch", counted_by_torch)
answers.right("conv_parameters", "map by map", counted_one_by_one)
answers.right("conv_parameters", "by the shapes", counted_by_shapes)
answers.right(
    "conv_parameters",
    "in a tensor without axes",
    lambda i, o, k, bias=True: torch.tensor(o * (i * k * k + bool(bias))),
)
answers.right(
    "conv_parameters",
    "by NumPy",
    lambda i, o, k, bias=True: np.prod([o, i * k * k + bool(bias)]),
)
answers.wrong(
    "conv_parameters",
    "a float that is whole",
    lambda i, o, k, bias=True: o * (i * k**2.0 + bool(bias)),
)
answers.wrong("conv_parameters", "always 156", lambda *args, **kwargs: 156, at_most=0.0)
answers.wrong(
    "conv_parameters", "LeNet's layers by heart",
    lambda i, o, k, bias=True: {(1, 6): 156, (6, 16): 2416, (16, 120): 48_120}.get((i, o), 0),
    at_most=0.1,
)  # fmt: skip
slips(
    "conv_parameters",
    {
        "no bias by default": ("bool = True", "bool = False"),
        "the bias by name only": ("kernel: int, bias", "kernel: int, *, bias"),
        "out before in": (
            "in_channels: int, out_channels: int",
            "out_channels: int, in_channels: int",
        ),
        "a bias for each input map": (
            "out_channels * per_map",
            "out_channels * in_channels * kernel * kernel + bool(bias) * in_channels",
        ),
        "twice the kernel": ("kernel * kernel", "kernel * 2"),
        "a bias for each weight": (
            "kernel * kernel + bool(bias)",
            "(kernel * kernel + bool(bias))",
        ),
        "at most a million": (
            "return out_channels * per_map",
            "return min(out_channels * per_map, 10**6)",
        ),
        "a text": ("return out_channels * per_map", "return str(out_channels * per_map)"),
        "1×1 kernels are free of charge": ("kernel * kernel +", "kernel * kernel * (kernel > 1) +"),
        "no bias where there is one input": ("bool(bias)", "(bool(bias) and in_channels > 1)"),
    },
)
