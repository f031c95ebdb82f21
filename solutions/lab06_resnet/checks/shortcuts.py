"""The three shortcuts of the paper."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Network, Several
from course.checks import Case, ask, same
from course.checks.inputs import normal, seed_from, whole
from course.labs.lab06_resnet.questions import shortcut_counts, shortcut_of

from .book import TIGHT, check
from .tape import Tape, shortcut


def _make(*slips: str) -> Any:
    def make(kind: str, in_channels: int, out_channels: int, stride: int) -> nn.Module:
        run = partial(shortcut, kind=kind, out=out_channels, stride=stride)
        return Tape(run, in_channels, slips)

    return {"make_shortcut": make}


def _slip(name: str, hint: str) -> Mistake:
    return Mistake(name, _make(name), hint)


def uneven(rng: Generator, N: int = 2, H: int = 5, W: int = 7) -> Tensor:
    """Maps with three channels, height and width odd."""
    return normal(rng, N, 3, H, W)


@check.define(
    oracle=_make(),
    mistakes=[
        _slip(
            "zeros_in_front",
            "The zero channels stand in front. The docstring wants them behind, so that channel 0 "
            "stays channel 0.",
        ),
        _slip(
            "zeros_on_both_sides",
            "You put half of the zero channels in front. Many published programs do, and the "
            "paper leaves it open; the docstring wants all of them behind.",
        ),
        _slip(
            "doubles_only",
            "This works where the channels double. How many are missing in general?",
        ),
        _slip(
            "averaged",
            "You average pixels. A strided slice takes every second pixel as it is.",
        ),
        _slip("repeated", "The new channels are zeros, not copies."),
        _slip(
            "shortcut_without_stride",
            "The map should shrink as in the branch: where does the stride go?",
        ),
        _slip(
            "projection_without_norm",
            "The projection is a convolution like the others in this network: BatchNorm follows.",
        ),
        _slip("wide_projection", "The projection looks at one pixel: 1 × 1."),
        _slip(
            "conv_bias",
            "Your projection has a bias. The BatchNorm after it subtracts the mean, so what would "
            "it do?",
        ),
        _slip(
            "channels_for_eps",
            "Look at BatchNorm2d's second argument: it is no number of channels.",
        ),
        _slip("B_always", "B projects only where the shape changes. C projects everywhere."),
    ],
    contract=Several(
        {
            "A": Network(lambda rng: ("A", 3, 7, 2), uneven),
            "C": Network(lambda rng: ("C", 3, 3, 2), uneven),
        }
    ),
)
def make_shortcut(rng: Generator) -> Iterator[Case]:
    """Options A, B and C: what goes around the branch."""
    hints = {
        "A": "Every stride-th pixel in both directions; then zero channels behind, if some are "
        "missing. No parameters.",
        "B": "The identity where input and output have the same shape; else a 1×1 convolution "
        "with the stride, and BatchNorm.",
        "C": "A 1×1 convolution and BatchNorm, everywhere.",
    }
    small, wide = whole(rng, 2, 3), whole(rng, 5, 7)
    for kind, into, out, stride, weight in (
        ("A", small, 2 * small, 2, 2),
        ("A", small, wide, 2, 3),
        ("A", small, small + 1, 3, 1),
        ("A", small, small, 1, 0.5),
        ("B", small, wide, 2, 2),
        ("B", small, small + 1, 3, 1),
        ("B", small, small, 1, 0.5),
        ("C", small, small, 1, 2),
    ):
        yield one_shortcut(rng, kind, into, out, stride, hints[kind], weight)
    table = [
        (kind, into, out, s) for kind in "ABC" for into, out, s in ((4, 4, 1), (4, 4, 2), (4, 9, 1))
    ]
    text = "parameters of A, B, C for 4 → 4, 4 → 4 with stride 2, 4 → 9"
    yield Case(
        "parameters",
        ask(shortcut_counts, "make_shortcut", table, text=text),
        "A has none. B has some only where the shape changes, and a stride is a change.",
        same(),
        weight=2,
    )


def one_shortcut(
    rng: Generator, kind: str, into: int, out: int, stride: int, hint: str = "", weight: float = 1
) -> Case:
    """One shortcut on random images of uneven size."""
    x = normal(rng, 2, into, whole(rng, 3, 5), whole(rng, 3, 5))
    text = f"make_shortcut({kind!r}, {into}, {out}, {stride}) on x {tuple(x.shape)}"
    probe = ask(shortcut_of, "make_shortcut", kind, into, out, stride, seed_from(rng), x, text=text)
    return Case(f"{kind}, {into} → {out}, stride {stride}", probe, hint, TIGHT, weight=weight)


@check.hidden("make_shortcut")
def other_strides_and_sizes(rng: Generator) -> Iterator[Case]:
    into = whole(rng, 3, 6)
    yield one_shortcut(rng, "A", into, into + whole(rng, 1, 4), 3)
    yield one_shortcut(rng, "A", into, into, 2)
    yield one_shortcut(rng, "B", into, into, 2)
    yield one_shortcut(rng, "C", into, 2 * into, 2)
    yield one_shortcut(rng, "C", into, into + 1, 3)
