"""How surprising counts of independent events are: bounds that hold, whatever the sizes.

Each is a Chernoff bound on the exact distribution, ``P(S ≥ s) ≤ E exp(tS) · exp(-ts)`` for the best
``t`` of a grid, as a natural logarithm: 0 is no surprise, -20 is two in a billion. So a law that
rejects below a limit is wrong no more often than the limit says, also for few or rare events.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

_UP = torch.tensor([0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.48])
_DOWN = -torch.logspace(-1.5, 4, 24)
_TILTS = torch.cat([_UP, _DOWN]).double()  # of squares of standardised counts
_PAIR_TILTS = torch.logspace(-2.5, 1, 24).double()
_PAIR_TILTS = torch.cat([_PAIR_TILTS, -_PAIR_TILTS])


def of_count(count: int, tries: int, p: float) -> float:
    """Of a count as far from ``tries · p`` as this one, on its side; ``0 < p < 1``."""
    if not tries:
        return 0.0
    share = count / tries
    parts = ((share, p), (1 - share, 1 - p))
    return -tries * sum(a * math.log(a / b) for a, b in parts if a > 0)


def of_spread(counts: Tensor, tries: Tensor, p: float) -> tuple[float, float]:
    """Of independent binomial counts that spread as widely as these, and as narrowly.

    Args:
        counts: ``(G,)``.
        tries: ``(G,)``, whole numbers; groups with none tell nothing.
        p: of one event, ``0 < p < 1``.
    """
    counts, tries = counts[tries > 0].double(), tries[tries > 0].double()
    if not len(counts):
        return 0.0, 0.0
    squares = ((counts - tries * p) ** 2 / (tries * p * (1 - p))).sum()
    sizes, groups = tries.unique(return_counts=True)
    logs = torch.stack([_squares(int(size), p) for size in sizes])
    bounds = (groups[:, None] * logs).sum(dim=0) - _TILTS * squares
    wide, narrow = bounds[: len(_UP)].min(), bounds[len(_UP) :].min()
    return min(0.0, float(wide)), min(0.0, float(narrow))


def of_pairs(centred: Tensor, known: Tensor, p: float) -> tuple[float, int, int, float]:
    """Of the pair of columns that agree, or disagree, most; the pair itself.

    Args:
        centred: ``(R, K)``, ``1 - p`` for an event, ``-p`` for none, 0 where nothing is known.
        known: ``(R, K)``, 1.0 or 0.0.
        p: of one event, ``0 < p < 1``.

    Returns:
        The bound for the largest of all pairs, the numbers of its columns, their correlation.
    """
    width = centred.shape[1]
    first, second = torch.triu_indices(width, width, offset=1)
    if not len(first):
        return 0.0, 0, 0, 0.0
    sums = (centred.T @ centred)[first, second] / (p * (1 - p))
    shared = (known.T @ known)[first, second]
    # The bound is dear, so only the likeliest pairs get it. To leave some out can't raise an alarm.
    sizes = sums / shared.clamp(min=1).sqrt()
    some = torch.cat([(sign * sizes).topk(min(16, len(sizes))).indices for sign in (1, -1)])
    bounds = _of_products(sums[some], shared[some], p)
    least = int(some[bounds.argmin()])
    correlation = float(sums[least] / shared[least].clamp(min=1))
    bound = min(0.0, float(bounds.min()) + math.log(2 * len(first)))
    return bound, int(first[least]), int(second[least]), correlation


def of_agreement(first: Tensor, second: Tensor, p: float, q: float) -> float:
    """Of two sets of independent events, ``(N,)`` bool, that agree as much, or as little.

    Args:
        first: events of probability ``p``.
        second: events of probability ``q``.
        p: in (0, 1).
        q: in (0, 1).
    """
    both = p * q + (1 - p) * (1 - q)
    return of_count(int((first == second).sum()), len(first), both)


def _of_products(sums: Tensor, shared: Tensor, p: float) -> Tensor:
    """Bounds ``(P,)`` for sums of products of two standardised events, ``shared`` terms each."""
    q = 1 - p
    values = torch.tensor([q / p, p / q, -1.0], dtype=torch.float64)
    chances = torch.tensor([p * p, q * q, 2 * p * q], dtype=torch.float64)
    logs = torch.logsumexp(_PAIR_TILTS[:, None] * values + chances.log(), dim=1)
    return (shared[:, None] * logs - sums[:, None] * _PAIR_TILTS).min(dim=1).values


@lru_cache(maxsize=256)
def _squares(tries: int, p: float) -> Tensor:
    """Log of ``E exp(t · z²)`` for each tilt, ``z`` a binomial count in standard units."""
    counts = torch.arange(tries + 1, dtype=torch.float64)
    whole = torch.tensor(float(tries), dtype=torch.float64)
    chances = (whole + 1).lgamma() - (counts + 1).lgamma() - (whole - counts + 1).lgamma()
    chances = chances + counts * math.log(p) + (whole - counts) * math.log(1 - p)
    squares = (counts - tries * p) ** 2 / (tries * p * (1 - p))
    return torch.logsumexp(_TILTS[:, None] * squares + chances, dim=1)
