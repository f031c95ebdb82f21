"""Intervals and fronts in other words."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .book import answers


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


def by_double_loop(networks: dict[str, tuple[float, float]]) -> list[str]:
    found = []
    for name, mine in networks.items():
        if all(o == mine or o[0] > mine[0] or o[1] < mine[1] for o in networks.values()):
            found.append(name)
    return sorted(found, key=lambda n: (networks[n][0], n))


def by_cost(networks: dict[str, tuple[float, float]]) -> list[str]:
    front, best = [], float("-inf")
    for cost in sorted({cost for cost, _ in networks.values()}):
        score = max(s for c, s in networks.values() if c == cost)
        if score > best:
            best = score
            front += sorted(n for n, both in networks.items() if both == (cost, score))
    return front


def by_removal(networks: dict[str, tuple[float, float]]) -> tuple[str, ...]:
    left = dict(networks)
    for one in networks:
        for other in networks:
            (a, b), (c, d) = networks[one], networks[other]
            if (a < c and b >= d) or (a <= c and b > d):
                left.pop(other, None)
    return tuple(sorted(sorted(left), key=lambda n: left[n][0]))


answers.right("confidence_interval", "centre and half width", by_centre)
answers.right("confidence_interval", "tensors of one number, in a list", by_tensors)
answers.right("confidence_interval", "the roots of a polynomial", by_roots)

answers.right("pareto_front", "everybody against everybody", by_double_loop)
answers.right("pareto_front", "cost by cost", by_cost)
answers.right("pareto_front", "by taking away, as a tuple", by_removal)
