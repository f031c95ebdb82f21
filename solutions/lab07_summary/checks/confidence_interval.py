"""Checks of `confidence_interval`: how sure an accuracy is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Generator

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, call, close
from course.checks.inputs import between, whole

from .book import check

EXACT = close(rtol=0.0, atol=6e-5, dtype=False)  # who rounds to four digits is right, too


def _by_bisection(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The two accuracies that are just z standard deviations away from what was seen."""
    seen = correct / total

    def within(p: float) -> bool:
        return total * (seen - p) ** 2 <= z * z * p * (1 - p)

    def edge(outside: float) -> float:
        if within(outside):
            return outside
        inside = seen
        for _ in range(200):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if within(middle) else (inside, middle)
        return inside

    return edge(0.0), edge(1.0)


def _normal(
    slip: Callable[[float, int, float], float], centre: Callable[[int, int, float], float]
) -> Mapping[str, Any]:
    def interval(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
        middle = centre(correct, total, z)
        half = slip(middle, total, z)
        return middle - half, middle + half

    return {"confidence_interval": interval}


def _share(correct: int, total: int, z: float) -> float:
    return correct / total


def _shrunk(correct: int, total: int, z: float) -> float:
    return (2 * correct + z * z) / (2 * (total + z * z))


def _textbook(p: float, total: float, z: float) -> float:
    return z * math.sqrt(p * (1 - p) / total)


def _width_around_the_share(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    low, high = _by_bisection(correct, total, z)
    half = (high - low) / 2
    return correct / total - half, correct / total + half


def _changed(change: Callable[[float, float], Any]) -> Mapping[str, Any]:
    def interval(correct: int, total: int, z: float = 1.96) -> Any:
        return change(*_by_bisection(correct, total, z))

    return {"confidence_interval": interval}


def _counts(
    rng: Generator, low: float = 0.55, high: float = 0.75, total: int = 0, z: float = 0.0
) -> tuple[int, int, float]:
    """Right ones, all of them, and z; the share lies between ``low`` and ``high``."""
    total = total or whole(rng, 20, 60)
    correct = min(total, max(0, round(between(rng, low, high) * total)))
    return correct, total, z or between(rng, 1.2, 3.2, 2)


@check.define(
    oracle={"confidence_interval": _by_bisection},
    contract=Function(
        _counts,
        edges={
            "few of them right": {"low": 0.05, "high": 0.2, "total": 41},
            "two images": {"total": 2, "z": 1.5},
            "a wide one": {"low": 0.3, "high": 0.6, "z": 4.0},
            "a narrow one": {"z": 0.4},
        },
        judge=EXACT,
    ),
    mistakes=[
        Mistake(
            "textbook",
            _normal(_textbook, _share),
            "That is the interval of most textbooks, p ± z·√(p(1−p)/n). Try it on 10 right out "
            "of 10: it says that the network can never be wrong. Wilson's has p on both sides.",
        ),
        Mistake(
            "agresti_coull",
            _normal(lambda p, n, z: _textbook(p, n + z * z, z), _shrunk),
            "The centre is Wilson's, the width is not: you put the new centre into the old root. "
            "Solve the quadratic equation for p.",
        ),
        Mistake(
            "width_around_the_share",
            {"confidence_interval": _width_around_the_share},
            "The width is right and the centre is not: it lies a little towards one half.",
        ),
        Mistake(
            "no_root",
            _normal(lambda p, n, z: z * p * (1 - p) / n, _share),
            "p(1−p)/n is a variance. Which unit has z times it?",
        ),
        Mistake(
            "z_is_forgotten",
            {"confidence_interval": lambda correct, total, z=1.96: _by_bisection(correct, total)},
            "z is an argument. 1.96 is only what it is by default.",
        ),
        Mistake(
            "per_cent",
            _changed(lambda low, high: (100 * low, 100 * high)),
            "You return per cent. Wanted are fractions between 0 and 1.",
        ),
        Mistake(
            "high_first",
            _changed(lambda low, high: (high, low)),
            "Right, in the other order: the lower end comes first.",
        ),
    ],
)
def confidence_interval(rng: Generator) -> Iterator[Case]:
    """Accuracies that are compatible with so many right answers out of so many."""
    name, hint = "confidence_interval", "Square n·(seen − p)² = z²·p·(1 − p) out: a·p² + b·p + c."
    total = whole(rng, 60, 120)
    correct = whole(rng, total // 2, 3 * total // 4)
    yield Case(
        "about a hundred images, z = 1.96 unless told",
        call(name, correct, total),
        hint,
        EXACT,
        weight=2,
    )
    small = whole(rng, 5, 25)
    yield Case("few images", call(name, small - 1, small), hint, EXACT, weight=2)
    for right, title in ((0, "none right"), (small, "all right")):
        yield Case(f"{title}: one end stays away", call(name, right, small), hint, EXACT)
    z = between(rng, 2.2, 3.5, 3)
    yield Case("another z", call(name, correct, total, z), hint, EXACT, weight=2)


@check.hidden("confidence_interval")
def of_few_images(rng: Generator) -> Iterator[Case]:
    name, total = "confidence_interval", whole(rng, 20, 100)
    yield Case("one image", call(name, 1, 1), judge=EXACT)
    yield Case("one image, wrong", call(name, 0, 1), judge=EXACT)
    many = whole(rng, 200_000, 900_000)
    yield Case("very many images", call(name, many // 20, many), judge=EXACT)
    correct, z = whole(rng, total // 3, 2 * total // 3), between(rng, 2.5, 3.5)
    yield Case("a wide one", call(name, correct, total, z), judge=EXACT)
