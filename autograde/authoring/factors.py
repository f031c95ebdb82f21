"""A wrong answer that is the right one times a number: does that number say why?

A network that counts a batch of 2 once, and one that counts multiplications without additions, are
both wrong by a factor of 2. On a square map a lost row looks like a lost column. Where a factor has
more than one such reading, the mistake that has it is not named.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from course.checks.probes import Probe
from course.checks.sketches import Sketch, sketched

ALIKE = 1e-4  # relative: results in float32 have it
USUAL = (2,)  # factors that formulas have of themselves: multiply and add, forward and backward


def ambiguous(value: Any, expected: Any, probe: Probe) -> bool:
    """Whether an answer is wrong by a factor that several sizes of the inputs could explain.

    Args:
        value: the wrong answer, as a plain value.
        expected: the right one, large tensors sketched or not.
        probe: whose arguments have the sizes.
    """
    factor = common_factor(value, expected)
    if factor is None or factor <= 0:
        return False
    return any(readings(probe, one) > 1 for one in (factor, 1 / factor) if one > 1 + ALIKE)


def common_factor(value: Any, expected: Any) -> float | None:
    """By how much an answer is too large throughout; None where no one number says it."""
    found, wanted = (list(_numbers(sketched(one))) for one in (value, expected))
    if len(found) != len(wanted):
        return None
    ratios = [a / b for a, b in zip(found, wanted, strict=True) if b != 0 and math.isfinite(a / b)]
    zeros = all(a == 0 for a, b in zip(found, wanted, strict=True) if b == 0)
    if not ratios or not zeros:
        return None
    first = ratios[0]
    return first if all(math.isclose(one, first, rel_tol=ALIKE) for one in ratios) else None


def readings(probe: Probe, factor: float) -> int:
    """How many things a factor could stand for: axes of one input, whole numbers given, a usual
    factor.
    """
    given = [*probe.args, *probe.kwargs.values()]
    shapes = [tuple(one.shape) for one in _tensors(given)]
    axes = max((sum(_is(size, factor) for size in shape) for shape in shapes), default=0)
    numbers = sum(_is(number, factor) for number in _whole(given))
    return axes + numbers + sum(_is(number, factor) for number in USUAL)


def _is(size: int, factor: float) -> bool:
    return math.isclose(size, factor, rel_tol=ALIKE)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, Tensor):
        yield from value.flatten().tolist() if not value.is_complex() else ()
    elif isinstance(value, Sketch):
        yield from (*value.values, *value.sums)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value) if abs(value) < 1e300 else math.inf
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from _numbers(value[key])
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item)


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    for item in _inside(value):
        yield from _tensors(item)


def _whole(value: Any) -> Iterator[int]:
    if isinstance(value, int) and not isinstance(value, bool):
        yield value
    for item in _inside(value):
        yield from _whole(item)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []
