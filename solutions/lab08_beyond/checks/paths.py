"""ResNeXt's paths as one grouped bottleneck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask
from course.checks.inputs import normal, whole
from course.labs.lab08_beyond.questions import merged, outputs_of_merged

from .book import TIGHT, check

Merge = Callable[[Tensor, Tensor, Tensor], Any]


def _by_hand(reduce: Tensor, transform: Tensor, expand: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return torch.cat(tuple(reduce)), torch.cat(tuple(transform)), torch.cat(tuple(expand), dim=1)


def _last(change: Callable[[Tensor], Tensor]) -> Merge:
    """With another last weight."""
    return lambda r, t, e: (torch.cat(tuple(r)), torch.cat(tuple(t)), change(e))


def _reversed(r: Tensor, t: Tensor, e: Tensor) -> Any:
    return _by_hand(r.flip(0), t.flip(0), e.flip(0))


def _interleaved(r: Tensor, t: Tensor, e: Tensor) -> Any:
    """The first channels of all paths first."""
    groups, inner = r.shape[:2]
    order = torch.arange(groups * inner).reshape(groups, inner).T.flatten()
    first, middle, last = _by_hand(r, t, e)
    return first[order], middle[order], last[:, order]


MISTAKES: dict[str, tuple[Merge, str]] = {
    "reshaped": (
        _last(lambda e: e.reshape(e.shape[1], -1, 1, 1)),
        "The last weight has the right shape, and its numbers are in the order in which they lay "
        "in memory. Its row k must hold what *every* path sends to output k.",
    ),
    "averaged": (
        _last(lambda e: torch.cat(tuple(e), dim=1) / len(e)),
        "The paths are added, and you average them.",
    ),
    "interleaved": (
        _interleaved,
        "You put the first channels of all paths first. The middle convolution's group g reads "
        "neighbouring channels: path 0 comes first as a whole, then path 1.",
    ),
    "reversed": (_reversed, "Your paths stand in reverse order. Path 0 comes first."),
    "transposed_middle": (
        lambda r, t, e: (
            torch.cat(tuple(r)),
            torch.cat(tuple(t.transpose(1, 2))),
            _by_hand(r, t, e)[2],
        ),
        "In the middle weight the axes are (output, input, 3, 3), path by path. Yours has input "
        "and output exchanged.",
    ),
    "interleaved_last": (
        _last(lambda e: e.permute(1, 2, 0, 3, 4).flatten(1, 2)),
        "The last weight's columns stand in another order than the channels that they read.",
    ),
}


def _paths(rng: Generator, G: int = 3, d: int = 2, C: int = 4, K: int = 5) -> tuple[Tensor, ...]:
    return normal(rng, G, d, C, 1, 1), normal(rng, G, d, d, 3, 3), normal(rng, G, K, d, 1, 1)


@check.define(
    oracle={"merge_paths": _by_hand},
    mistakes=[
        Mistake(name, {"merge_paths": merge}, hint) for name, (merge, hint) in MISTAKES.items()
    ],
    contract=Function(
        _paths,
        adapter=merged,
        edges={
            "a single path": {"G": 1},
            "paths of one channel": {"d": 1},
            "as many outputs as paths": {"G": 3, "K": 3, "d": 3},
        },
    ),
)
def merge_paths(rng: Generator) -> Iterator[Case]:
    """The weights of one grouped bottleneck that does what all paths do together."""
    hint = (
        "Channels of path 0, then of path 1…: in the first two weights these are rows. In the last "
        "one they are columns, and adding the paths is what a sum over columns does anyway."
    )
    for paths, inner, weight in ((2, 3, 3.0), (whole(rng, 3, 4), 2, 3.0)):
        yield one_bottleneck(rng, paths, inner, hint, weight)


def one_bottleneck(
    rng: Generator, paths: int, inner: int, hint: str = "", weight: float = 1
) -> Case:
    """Weights, and the output of the bottleneck that has them."""
    channels, out = whole(rng, 4, 6), whole(rng, 4, 6)
    x, weights = normal(rng, 2, channels, 4, 5), _paths(rng, paths, inner, channels, out)
    text = f"{paths} paths of {inner} channels, {channels} → {out}: weights, and output on x"
    probe = ask(outputs_of_merged, "merge_paths", x, *weights, text=text)
    return Case(f"{paths} paths of {inner} channels", probe, hint, TIGHT, weight=weight)


@check.hidden("merge_paths")
def more_paths(rng: Generator) -> Iterator[Case]:
    yield one_bottleneck(rng, whole(rng, 5, 8), whole(rng, 2, 4), weight=2)
    yield one_bottleneck(rng, 2, 2)
