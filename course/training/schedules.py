"""Learning-rate schedules: how large a share of the full rate to use at each point of a run.

A schedule is a function from progress, 0 at the first update and 1 after the last, to a factor of
the learning rate. So it knows nothing of epochs or batches, needs no state, and draws itself:
``plots.curves(t, {"cosine": [cosine()(x) for x in t]}, ...)``.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

Schedule = Callable[[float], float]
"""``progress in [0, 1] -> factor of the learning rate``."""


def constant(*, warmup: float = 0.0) -> Schedule:
    """The full rate throughout, after a warm-up.

    Args:
        warmup: share of the run, in [0, 1), in which the rate grows linearly from nearly 0 (Goyal
            et al. 2017, section 2.2).

    Raises:
        ValueError: ``warmup`` is outside [0, 1).
    """
    return _after_warmup(lambda progress: 1.0, warmup)


def cosine(*, warmup: float = 0.0, final: float = 0.0) -> Schedule:
    """From the full rate down to ``final`` of it along half a cosine wave.

    Loshchilov and Hutter 2017, equation 5, without restarts. The wave begins after the warm-up.
    """
    return _after_warmup(lambda t: final + (1 - final) * (1 + math.cos(math.pi * t)) / 2, warmup)


def step(
    at: Sequence[float] = (0.5, 0.75), factor: float = 0.1, *, warmup: float = 0.0
) -> Schedule:
    """The rate times ``factor`` at each of the points ``at``, shares of the run.

    The defaults are those of He et al. 2016 on CIFAR-10: divided by 10 at 32k and 48k of 64k
    updates. The shares count from the start of the run, warm-up included.

    Raises:
        ValueError: ``at`` does not rise, or leaves (0, 1).
    """
    points = list(at)
    if points != sorted(set(points)) or not all(0 < point < 1 for point in points):
        raise ValueError(f"expected rising shares of the run between 0 and 1, found {points}")
    _check_warmup(warmup)

    def scheduled(progress: float) -> float:
        return _rise(progress, warmup) * factor ** bisect_right(points, progress)

    return scheduled


def one_cycle(*, peak: float = 0.3, start: float = 0.04, final: float = 1e-4) -> Schedule:
    """Up to the full rate, then down to almost nothing, each along half a cosine wave.

    Smith and Topin 2018, in the form of ``torch.optim.lr_scheduler.OneCycleLR``.

    Args:
        peak: share of the run, in (0, 1), at which the rate is full.
        start: factor at the beginning.
        final: factor at the end.

    Raises:
        ValueError: ``peak`` is outside (0, 1).
    """
    if not 0 < peak < 1:
        raise ValueError(f"peak is a share of the run between 0 and 1, found {peak}")

    def scheduled(progress: float) -> float:
        if progress < peak:
            return _blend(start, 1.0, progress / peak)
        return _blend(1.0, final, (progress - peak) / (1 - peak))

    return scheduled


def triangle(*, peak: float = 0.2, start: float = 0.2, final: float = 0.07) -> Schedule:
    """Up to the full rate and down again, both along straight lines.

    Smith 2017 has the triangle, Page 2018 one that is run through once.

    Args:
        peak: share of the run, in (0, 1), at which the rate is full.
        start: factor at the beginning, in [0, 1].
        final: factor at the end, in [0, 1].

    Raises:
        ValueError: ``peak``, ``start`` or ``final`` lies elsewhere.
    """
    if not 0 < peak < 1:
        raise ValueError(f"peak is a share of the run between 0 and 1, found {peak}")
    for end in (start, final):
        if not 0 <= end <= 1:
            raise ValueError(f"start and final are factors from 0 to 1, found {end}")

    def scheduled(progress: float) -> float:
        rise, fall = progress / peak, (progress - peak) / (1 - peak)
        return min(_along(start, 1.0, rise), _along(1.0, final, fall))

    return scheduled


def _after_warmup(schedule: Schedule, warmup: float) -> Schedule:
    _check_warmup(warmup)

    def scheduled(progress: float) -> float:
        if progress < warmup:
            return _rise(progress, warmup)
        return schedule((progress - warmup) / (1 - warmup))

    return scheduled


def _check_warmup(warmup: float) -> None:
    if not 0 <= warmup < 1:
        raise ValueError(f"warmup is a share of the run, 0 or more and below 1; found {warmup}")


def _rise(progress: float, warmup: float) -> float:
    """Linear, but never 0: an update at rate 0 would be a batch for nothing."""
    return min(1.0, max(progress / warmup, 1e-3)) if warmup else 1.0


def _blend(first: float, last: float, share: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2


def _along(first: float, last: float, share: float) -> float:
    return first + (last - first) * share
