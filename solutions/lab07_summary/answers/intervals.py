"""Intervals in other words, and with one slip."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .book import answers

EXERCISE = "confidence_interval"


def by_centre(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    p, shrink = correct / total, 1 + z * z / total
    half = z * (p * (1 - p) / total + (z / total / 2) ** 2) ** 0.5
    return (p + z * z / total / 2 - half) / shrink, (p + z * z / total / 2 + half) / shrink


def by_tensors(correct: int, total: int, z: float = 1.96) -> list[Tensor]:
    n, k, zz = (torch.tensor(float(v), dtype=torch.float64) for v in (total, correct, z * z))
    root = (zz * zz + 4 * zz * k * (n - k) / n).sqrt()
    return [(2 * k + zz + sign * root) / (2 * (n + zz)) for sign in (-1, 1)]


def by_roots(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    p = correct / total
    roots = np.roots([1 + z * z / total, -2 * p - z * z / total, p * p])
    low, high = sorted(roots.real)
    return float(low), float(high)


def clamped(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    low, high = by_centre(correct, total, z)
    return max(0.0, low), min(1.0, high)


def rounded(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    low, high = by_centre(correct, total, z)
    return round(low, 4), round(high, 4)


def in_float32(correct: int, total: int, z: float = 1.96) -> tuple[Any, ...]:
    low, high = by_centre(correct, total, z)
    return np.float32(low), np.float32(high)


def mirrored(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The upper end is what the lower one leaves when right and wrong are swapped."""

    def lower(right: int) -> float:
        share, part = Fraction(right, total), z * z / total
        root = (part * (float(share * (1 - share)) + part / 4)) ** 0.5
        return (float(share) + part / 2 - root) / (1 + part)

    return lower(correct), 1 - lower(total - correct)


for says, right in {
    "centre and half width": by_centre,
    "tensors of one number, in a list": by_tensors,
    "the roots of a polynomial": by_roots,
    "kept between 0 and 1": clamped,
    "rounded to four digits": rounded,
    "in numpy's float32": in_float32,
    "the upper end by mirroring": mirrored,
}.items():
    answers.right(EXERCISE, says, right)


def slip(change: str) -> Any:
    return answers.changed(EXERCISE, change)


ROOT = "- root = z * (z**2 + 4 * correct * (total - correct) / total) ** 0.5\n+ "
ENDS = "- return (b - root) / (2 * a), (b + root) / (2 * a)\n+ "
for says, change in {
    "floor division under the root": f"{ROOT}root = z * (z**2 + 4 * correct * (total - correct) "
    "// total) ** 0.5",
    "no z² under the root": f"{ROOT}root = z * (4 * correct * (total - correct) / total) ** 0.5",
    "z not squared under the root": f"{ROOT}root = z * (z + 4 * correct * (total - correct) "
    "/ total) ** 0.5",
    "half of the root": f"{ROOT}root = z * (z**2 / 4 + correct * (total - correct) / total) ** 0.5",
    "total - 1 under the root": f"{ROOT}root = z * (z**2 + 4 * correct * (total - correct) "
    "/ max(total - 1, 1)) ** 0.5",
    "the default under the root": f"{ROOT}root = z * (1.96**2 + 4 * correct * (total - correct) "
    "/ total) ** 0.5",
    "one more of each, as Laplace has it": "- a = total + z**2\n+ correct, total = correct + 1, "
    "total + 2\n+ a = total + z**2",
    "z not squared in a": "- a = total + z**2\n+ a = total + z",
    "z not squared in b": "- b = 2 * correct + z**2\n+ b = 2 * correct + z",
    "twice z² in b": "- b = 2 * correct + z**2\n+ b = 2 * (correct + z**2)",
    "divided by a alone": f"{ENDS}return (b - root) / a, (b + root) / a",
    "the lower end twice": f"{ENDS}return (b - root) / (2 * a), (b - root) / (2 * a)",
    "the lower end alone": f"{ENDS}return (b - root) / (2 * a)",
    "centre and width": f"{ENDS}return b / (2 * a), root / a",
    "rounded to two digits": f"{ENDS}return round((b - root) / (2 * a), 2), "
    "round((b + root) / (2 * a), 2)",
    "rounded to three digits": f"{ENDS}return round((b - root) / (2 * a), 3), "
    "round((b + root) / (2 * a), 3)",
    "around the share": f"{ENDS}return correct / total - root / (2 * a), correct / total "
    "+ root / (2 * a)",
    "texts": f"{ENDS}return f'{{(b - root) / (2 * a)}}', f'{{(b + root) / (2 * a)}}'",
    "a third number": f"{ENDS}return (b - root) / (2 * a), correct / total, (b + root) / (2 * a)",
    "printed, not returned": f"{ENDS}print((b - root) / (2 * a), (b + root) / (2 * a))",
    "a floor of one in a hundred": f"{ENDS}return max(0.01, (b - root) / (2 * a)), "
    "(b + root) / (2 * a)",
}.items():
    answers.wrong(EXERCISE, says, slip(change))
answers.wrong(
    EXERCISE,
    "everything open where there is one image",
    slip(f"{ENDS}return (b - root) / (2 * a), (b + root) / (2 * a) if total > 1 else 1.0"),
    unseen=True,
)


def default_of_two(correct: int, total: int, z: float = 2.0) -> tuple[float, float]:
    return by_centre(correct, total, z)


def z_needed(correct: int, total: int, z: float) -> tuple[float, float]:
    return by_centre(correct, total, z)


def better_half(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    return by_centre(max(correct, total - correct), total, z)


def other_name(correct: int, total: int, deviations: float = 1.96) -> tuple[float, float]:
    return by_centre(correct, total, deviations)


def of_tenths(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    p, shrink = round(correct / total, 1), 1 + z * z / total
    half = z * (p * (1 - p) / total + (z / total / 2) ** 2) ** 0.5
    return (p + z * z / total / 2 - half) / shrink, (p + z * z / total / 2 + half) / shrink


def keeps_z() -> Callable[..., tuple[float, float]]:
    kept = [1.96]

    def confidence_interval(
        correct: int, total: int, z: float | None = None
    ) -> tuple[float, float]:
        kept[0] = kept[0] if z is None else z
        return by_centre(correct, total, kept[0])

    return confidence_interval


@cache
def _first(correct: int, total: int) -> list[float]:
    return []


def remembered_without_z(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    kept = _first(correct, total)
    if not kept:
        kept += by_centre(correct, total, z)
    return kept[0], kept[1]


for says, wrong in {
    "z = 2 unless told": default_of_two,
    "no default for z": z_needed,
    "the better half of the images": better_half,
    "z by another name": other_name,
    "the share rounded to tenths": of_tenths,
    "the last z stays": keeps_z(),
    "remembered whatever z is": remembered_without_z,
    "the share alone": lambda correct, total, z=1.96: (correct / total, correct / total),
    "everything from 0 to 1": lambda correct, total, z=1.96: (0.0, 1.0),
    "the counts": lambda correct, total, z=1.96: (correct, total),
}.items():
    answers.wrong(EXERCISE, says, wrong)
answers.wrong(
    EXERCISE,
    "ten thousand images at most",
    slip(
        "- a = total + z**2\n+ correct, total = correct * min(1, 10_000 / total), "
        "min(total, 10_000)\n+ a = total + z**2"
    ),
    unseen=True,
)
