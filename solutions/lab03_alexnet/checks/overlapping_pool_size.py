"""Checks of `overlapping_pool_size`."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Generator

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, same
from course.checks.inputs import whole
from course.labs.lab03_alexnet.questions import for_each, for_each_with_kinds, unseen

from .book import check


def _pooled(size: int, window: int = 3, stride: int = 2) -> int:
    """What torch's pooling gives, without computing it."""
    row = torch.empty(1, 1, size, device="meta")
    return F.max_pool1d(row, window, stride).shape[-1]


def _pooling_case(title: str, settings: list[list[int]], hint: str, weight: float = 1.0) -> Case:
    text = f"overlapping_pool_size(size, window, stride) for {settings}"
    return Case(
        title,
        ask(for_each, "overlapping_pool_size", settings, text=text),
        hint,
        same(),
        weight=weight,
    )


def _gaps(rng: Generator) -> Case:
    """Strides larger than the window: the last one fits to the pixel, with a rest, with a gap."""
    settings = []
    for window, stride in ((2, 5), (1, 3), (3, 4)):
        steps = whole(rng, 3, 9)
        for rest in (0, whole(rng, 1, stride - window), stride - 1):
            settings.append([window + steps * stride + rest, window, stride])
    return _pooling_case(
        "gaps between the windows",
        settings,
        "Lay windows of two along the side, five pixels apart. Where does the last one end, and "
        "must there be room for another step behind it?",
    )


def _drawn(rng: Generator, size: int = 0, window: int = 0, stride: int = 0) -> tuple[int, int, int]:
    """Side, window and stride; a rest is left over, where the side is not given."""
    window, stride = window or whole(rng, 5, 8), stride or whole(rng, 3, 5)
    rest = whole(rng, 1, stride - 1) if stride > 1 else 0
    return size or window + stride * whole(rng, 6, 12) + rest, window, stride


@check.define(
    oracle={"overlapping_pool_size": _pooled},
    contract=Function(
        _drawn,
        edges={
            "a side as long as the window": {"size": 6, "window": 6},
            "windows of 1": {"window": 1},
            "windows with gaps between": {"window": 2, "stride": 5},
            "neighbouring windows, one apart": {"stride": 1},
        },
        adapter=unseen,
        judge=same(),
    ),
    mistakes=[
        Mistake(
            "rounds_up",
            {"overlapping_pool_size": lambda n, z=3, s=2: -(-(n - z) // s) + 1},
            "A window that would reach beyond the edge is counted too. Only whole windows count.",
        ),
        Mistake(
            "one_too_few",
            {"overlapping_pool_size": lambda n, z=3, s=2: (n - z) // s},
            "You count the steps. How many windows stand at the ends of three steps?",
        ),
        Mistake(
            "window_forgotten",
            {"overlapping_pool_size": lambda n, z=3, s=2: n // s},
            "This is right where window and stride are equal. Where can the last window begin?",
        ),
        Mistake(
            "no_overlap",
            {"overlapping_pool_size": lambda n, z=3, s=2: n // z},
            "Your windows stand side by side: the stride changes nothing.",
        ),
        Mistake(
            "padded",
            {"overlapping_pool_size": lambda n, z=3, s=2: (n + 2 * (z // 2) - z) // s + 1},
            "This is the size with padding. The paper's pooling has none.",
        ),
        Mistake(
            "a_stride_for_the_last",
            {"overlapping_pool_size": lambda n, z=3, s=2: (n - max(z, s)) // s + 1},
            "Where the stride is larger than the window, you ask for room behind the last window. "
            "It needs its own pixels only.",
        ),
    ],
)
def overlapping_pool_size(rng: Generator) -> Iterator[Case]:
    """How many windows fit along one side."""
    hint = "Draw eight squares and lay windows of three on them, two squares apart."
    yield _pooling_case("AlexNet's three poolings", [[55, 3, 2], [27, 3, 2], [13, 3, 2]], hint)
    settings = [[whole(rng, 20, 90), whole(rng, 3, 7), whole(rng, 2, 5)] for _ in range(6)]
    yield _pooling_case("other windows and strides", settings, hint, weight=2)
    yield _gaps(rng)
    even = [[2 * whole(rng, 8, 40), 3, 2], [17, 4, 3], [16, 4, 3]]
    yield _pooling_case("where a rest is left over", even, hint)
    settings = [[side, *more] for side in (55, 54, 8) for more in ([], [5], [4], [4, 3])]
    yield Case(
        "what is left out is 3 and 2; whole numbers",
        ask(
            for_each_with_kinds,
            "overlapping_pool_size",
            settings,
            text=f"overlapping_pool_size(*args) for {settings}",
        ),
        "Windows of 3 and a stride of 2, unless told otherwise. Is the answer a whole number, and "
        "no float?",
        same(),
        weight=1,
    )


@check.hidden("overlapping_pool_size")
def many_settings(rng: Generator) -> Iterator[Case]:
    settings = [[whole(rng, 12, 300), whole(rng, 2, 9), whole(rng, 1, 8)] for _ in range(20)]
    text = "overlapping_pool_size for 20 settings"
    yield Case("20 settings", ask(for_each, "overlapping_pool_size", settings, text=text))
