"""Checks of `triangle`: a rate that goes up and down along straight lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from torch import Generator

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, call, close
from course.checks.inputs import between

from .book import check

# Single precision will do.
ALIKE = close(1e-5, 1e-7)
Factor = Callable[[float, float, float, float], float]


def _through(corners: Factor, *, refuses: bool = True) -> dict[str, Any]:
    def triangle(
        progress: float, peak: float = 0.2, start: float = 0.2, final: float = 0.07
    ) -> float:
        if refuses and (peak <= 0 or peak >= 1):
            raise ValueError
        return float(corners(progress, peak, start, final))

    return {"triangle": triangle}


def _straight(t: float, peak: float, start: float, final: float) -> float:
    return float(np.interp(t, [0, peak, 1], [start, 1, final]))


def _wave(t: float, peak: float, start: float, final: float) -> float:
    share, low = (t / peak, start) if t < peak else ((1 - t) / (1 - peak), final)
    return low + (1 - low) * (1 - math.cos(math.pi * share)) / 2


MISTAKES: dict[str, tuple[Factor, str]] = {
    "from_zero": (
        lambda t, p, s, f: _straight(t, p, 0, f),
        "What does yours give at progress 0? It begins at `start`.",
    ),
    "to_zero": (
        lambda t, p, s, f: _straight(t, p, s, 0),
        "What does yours give at progress 1? It ends at `final`.",
    ),
    "ends_swapped": (
        lambda t, p, s, f: _straight(t, p, f, s),
        "It begins at `start` and ends at `final`; yours has them the other way round.",
    ),
    "peak_in_the_middle": (
        lambda t, p, s, f: _straight(t, 0.5, s, f),
        "Where is yours highest? It should be at `peak`.",
    ),
    "peak_from_the_end": (
        lambda t, p, s, f: _straight(t, 1 - p, s, f),
        "Your way up is as long as the way down should be.",
    ),
    "up_alone": (
        lambda t, p, s, f: _straight(min(t, p), p, s, f),
        "After the peak yours stays where it is. It should come down.",
    ),
    "down_alone": (
        lambda t, p, s, f: _straight(max(t, p), p, s, f),
        "Before the peak yours is 1 already. It should climb from `start`.",
    ),
    "down_from_the_beginning": (
        lambda t, p, s, f: _straight(t, p, s, f) if t < p else 1 + (f - 1) * t,
        "The way down begins at the peak: what is the share of it that lies behind, at `progress`?",
    ),
    "too_steep": (
        lambda t, p, s, f: _straight(t, p, s, f) if t < p else 1 + (f - 1) * (t - p),
        "Does yours arrive at `final`? The way down is 1 − peak long.",
    ),
    "added_to_start": (
        lambda t, p, s, f: s + t / p if t < p else _straight(t, p, s, f),
        "Yours is above 1 before the peak. From `start` to 1 there is only 1 − start to climb.",
    ),
    "along_a_wave": (
        _wave,
        "Yours goes along half a wave, as `one_cycle` does. These are straight lines.",
    ),
}


@check.define(
    oracle=_through(_straight),
    mistakes=[
        *(Mistake(name, _through(slip), hint) for name, (slip, hint) in MISTAKES.items()),
        Mistake(
            "refuses_nothing",
            _through(lambda t, p, s, f: _straight(t, p, s, f) if 0 < p < 1 else 1.0, refuses=False),
            "With a peak at 0 or 1 one of the lines has no length: raise ValueError.",
        ),
    ],
    contract=Function(
        lambda rng: (between(rng, 0, 1), between(rng, 0.2, 0.8), between(rng, 0, 0.9), 0.3),
        judge=ALIKE,
        refuses={
            ValueError: [
                lambda rng: (0.5, 0.0),
                lambda rng: (0.5, 1.0),
                lambda rng: (0.5, -0.2, 0.1, 0.1),
                lambda rng: (0.5, 1.2, 0.1, 0.1),
                lambda rng: (0.0, 1.0),
                lambda rng: (1.0, 0.0),
            ]
        },
    ),
    forbids=["interp", "one_cycle"],
)
def triangle(rng: Generator) -> Iterator[Case]:
    """Up along a straight line, down along another."""
    hint = (
        "Which share of the way up, or of the way down, lies behind? Go that share of the way from "
        "the one height to the other."
    )
    peak, start, final = between(rng, 0.2, 0.4), between(rng, 0.1, 0.4), between(rng, 0.5, 0.7)
    for title, progress, weight in (
        ("the beginning", 0.0, 1.0),
        ("on the way up", between(rng, 0.05, 0.15), 3.0),
        ("the peak", peak, 1.0),
        ("on the way down", between(rng, 0.5, 0.9), 3.0),
        ("the end", 1.0, 1.0),
    ):
        asked = call("triangle", progress, peak, start, final)
        yield Case(title, asked, hint, ALIKE, weight=weight)

    asked = call("triangle", between(rng, 0.05, 0.15))
    corners = "Without other arguments, the corners are those of the stub."
    yield Case("on the way up from the usual start", asked, corners, ALIKE, weight=0.5)
    for low, high in ((0.02, 0.07), (0.93, 0.98)):
        peak = between(rng, low, high)
        for progress in (0.3 * peak, between(rng, 0.985, 0.995)):
            asked = call("triangle", progress, peak, 0.0, 0.0)
            yield Case("from zero to zero, the peak near an end", asked, hint, ALIKE, weight=0.5)


@check.hidden("triangle")
def other_triangles(rng: Generator) -> Iterator[Case]:
    for low, high in ((0.6, 0.9), (0.05, 0.3)):
        peak = between(rng, low, high)
        for progress in (between(rng, 0, peak), between(rng, peak, 1)):
            asked = call("triangle", progress, peak, between(rng, 0, 1), between(rng, 0, 1))
            yield Case("another triangle", asked, judge=ALIKE)
