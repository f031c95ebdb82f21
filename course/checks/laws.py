"""Laws that random answers must follow: dropout's masks, and the spread of initial weights.

A right answer is another one each time, so it can't be compared. It can be asked often, and all of
it held against its law: what is dropped, how often, and each by itself. A right answer fails one
case in a million (:data:`RARE`), by bounds that hold for every size (:mod:`course.checks.chances`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from course.checks import chances, wording
from course.checks.judges import Finding
from course.checks.probes import Probe
from course.device import seeded

RARE = 1e-6  # of right answers, that a law may refuse
TESTS = 20  # of one law: two counts, six groupings to both sides, three kinds of pairs
LIMIT = math.log(RARE / TESTS)
MOST_CALLS = 500  # whose masks are compared, each with each
COLUMNS = 256  # units of which all pairs are compared
PLAIN = 0.8  # correlation from which a pair is a plain copy


def repeated(
    function: Callable[..., Any], calls: int, seed: int, x: Tensor, *args: Any, **kwargs: Any
) -> Tensor:
    """What ``calls`` calls of ``function(x, …)`` give, one after the other; ``(calls, *x.shape)``.

    A question for :class:`DropoutLaw`: ``ask(repeated, "dropout", 16, seed, x, 0.5, True)``.
    """
    with seeded(seed), torch.no_grad():
        return torch.stack([function(x.clone(), *args, **kwargs) for _ in range(calls)])


@dataclass(frozen=True)
class DropoutLaw:
    """Outputs of many calls of a dropout on one input ``x``, the probe's first tensor.

    The answer is a tensor ``(calls, *x.shape)``, where ``x`` is ``(images, …)`` without zeros. Each
    value is 0 with probability ``p`` and else ``x · scale``, each by itself: whatever the image,
    the unit and the call. 16 calls of 8 images with 128 units (16,384 values, 5 ms) tell p = 0.5
    from 0.46, and masks that are shared, too even, or of whole images or channels.

    Attributes:
        p: of a zero, in (0, 1).
        scale: what kept values are multiplied by.
        rtol: of kept values.
    """

    p: float
    scale: float
    rtol: float = 1e-5

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Which part of the law fails, in words."""
        x = next(arg for arg in probe.args if isinstance(arg, Tensor))
        wanted = f"each value 0 with probability {self.p:g}, else x · {self.scale:.4g}"
        if not isinstance(answer, Tensor):
            kind = wording.kind_of_failure(answer)
            return Finding(False, wanted, wording.kind_of(answer), kind=kind)
        if answer.shape[1:] != x.shape or not answer.numel() > 0 or len(answer) > MOST_CALLS:
            every = f"results of shape {wording.shape(x)}, call by call"
            return Finding(False, every, wording.kind_of(answer), kind="shape")
        rows = answer.detach().double().reshape(len(answer), len(x), -1)
        gone = rows == 0
        found = f"{100 * gone.double().mean():.1f} % of {gone.numel():,} values are 0"
        fault = self._values(rows, x.detach().double().reshape(len(x), -1)) or mask_fault(
            gone, self.p
        )
        return Finding(not fault, wanted, found, fault)

    def _values(self, rows: Tensor, x: Tensor) -> str:
        """What is wrong with the values that are not 0."""
        if not bool((x != 0).all()):
            raise ValueError("dropout's law needs an input without zeros")
        if not rows.isfinite().all():
            return "some values are not finite"
        factors = (rows / x)[rows != 0]
        if not (rows == 0).any() and len(factors) and not _alike(factors, self.rtol):
            return "no value is 0: what is dropped must be 0"
        off = ~torch.isclose(factors, torch.tensor(self.scale).double(), self.rtol, 1e-12)
        if not off.any():
            return ""
        one = float(factors[off][0])
        if _alike(factors, self.rtol):
            return f"kept values are x · {one:.4g}, not x · {self.scale:.4g}"
        return (
            f"{int(off.sum()):,} of {rows.numel():,} values are neither 0 nor "
            f"x · {self.scale:.4g}; the first is x · {one:.4g}"
        )


def _alike(factors: Tensor, rtol: float) -> bool:
    return torch.allclose(factors, factors[0], rtol, 1e-12)


def mask_fault(gone: Tensor, p: float, known: Tensor | None = None) -> str:
    """How masks differ from independent ones of probability ``p``, in words; nothing if not.

    Args:
        gone: ``(calls, images, units)`` bool, what is dropped.
        p: of being dropped, in (0, 1).
        known: ``(images, units)`` bool, where it is known what is dropped; everywhere if left out.

    Raises:
        ValueError: ``p`` is not in (0, 1).
    """
    if not 0 < p < 1:
        raise ValueError(f"a mask of probability {p} is not random")
    known = torch.ones_like(gone[0]) if known is None else known
    tries = int(known.sum()) * len(gone)
    count = int((gone & known).sum())
    if tries == 0 or not 0 < count < tries:
        return _share(count, tries, p) if tries else "there is nothing to drop"
    surprised = _whole(gone, known, p)
    surprised = surprised or next(_surprises(gone, known, p), "")
    unlikely = chances.of_count(count, tries, p) + math.log(2) < LIMIT
    if unlikely and not next(_surprises(gone, known, count / tries), ""):
        return _share(count, tries, p)
    return surprised or (_share(count, tries, p) if unlikely else "")


def _share(count: int, tries: int, p: float) -> str:
    if count == 0:
        return "nothing is dropped"
    return (
        f"{100 * (count / tries):.1f} % of the values are dropped, where {100 * p:.1f} % should be"
    )


def _whole(gone: Tensor, known: Tensor, p: float) -> str:
    """Whether whole images are dropped or kept, where this is no chance."""
    sizes = known.sum(dim=1)
    counts = (gone & known).sum(dim=2)
    one = ((counts == 0) | (counts == sizes)) & (sizes > 0)
    rows = int((sizes > 0).sum()) * len(gone)
    chance = max(p, 1 - p) ** max(int(sizes[sizes > 0].min()) - 1, 0)
    if rows == 0 or chance >= 0.5 or one.sum() <= rows / 2:
        return ""
    surprise = chances.of_count(int(one.sum()), rows, chance)
    return "whole images are dropped or kept as one" if surprise < LIMIT else ""


def _surprises(gone: Tensor, known: Tensor, p: float) -> Iterator[str]:
    """Every pattern that chance does not explain, the plainest first."""
    pairs = list(_pairs(gone, known, p))
    yield from (text for strength, text in pairs if strength > PLAIN)
    for dims, wide, narrow in GROUPINGS:
        counts = (gone & known).sum(dim=dims).flatten()
        tries = known.expand_as(gone).sum(dim=dims).flatten()
        over, under = chances.of_spread(counts, tries, p)
        if over < LIMIT:
            yield wide
        if under < LIMIT:
            yield narrow
    yield from (text for strength, text in pairs if strength <= PLAIN)


GROUPINGS = (
    (
        (0,),
        "the same units are dropped in call after call",
        "units are dropped in turns: who was dropped in one call is kept in the next",
    ),
    (
        (1,),
        "the images of a batch lose the same units: each needs a mask of its own",
        "the images of a batch share the dropping out: a unit is dropped in a fixed number of them",
    ),
    (
        (2,),
        "units of an image are dropped together, such as whole channels or the whole image: each "
        "needs a random number of its own",
        "an image loses a fixed number of units: it should be another number each time",
    ),
    (
        (1, 2),
        "some calls drop far more than others",
        "each call drops a fixed number of values: it should be another number each time",
    ),
    (
        (0, 2),
        "some images lose more than others",
        "all images lose the same number of values",
    ),
    (
        (0, 1),
        "some units are dropped more often than others",
        "all units are dropped equally often",
    ),
)
"""Dimensions along which dropped values are counted, and what is wrong where the counts spread too
widely, or too narrowly.
"""


def _pairs(gone: Tensor, known: Tensor, p: float) -> Iterator[tuple[float, str]]:
    """Calls, images and units that go together, or never do: how strongly, and in words."""
    weight = known.expand_as(gone).double()
    centred = (gone.double() - p) * weight
    units = _columns(gone.shape[2])
    every = torch.arange(max(gone.shape))
    for name, dim, chosen in (("call", 0, every), ("image", 1, every), ("unit", 2, units)):
        chosen = chosen[: gone.shape[dim]]
        columns, masks = (
            one.movedim(dim, 2)[..., chosen].flatten(0, 1) for one in (centred, weight)
        )
        surprise, first, second, correlation = chances.of_pairs(columns, masks, p)
        if surprise < LIMIT:
            pair = int(chosen[first]) + 1, int(chosen[second]) + 1
            yield abs(correlation), _of_pair(name, pair, correlation)


def _of_pair(name: str, pair: tuple[int, int], correlation: float) -> str:
    which = f"{name}s {pair[0]} and {pair[1]}"
    if abs(correlation) <= PLAIN:
        return f"{which} do not drop out independently of each other"
    if name == "unit":
        how = "are dropped together" if correlation > 0 else "are dropped in turns"
        return f"{which} {how}: each unit needs a random number of its own"
    how = "lose the same units" if correlation > 0 else "lose just those that the other keeps"
    return f"{which} {how}: every {name} needs a mask of its own"


def _columns(units: int) -> Tensor:
    """Numbers of at most :data:`COLUMNS` units: pairs of neighbours, spread over all."""
    if units <= COLUMNS:
        return torch.arange(units)
    starts = torch.arange(COLUMNS // 2) * (units - 2) // (COLUMNS // 2 - 1)
    return torch.stack([starts, starts + 1], dim=1).flatten().unique()


@dataclass(frozen=True)
class SpreadLaw:
    """Initial weights are drawn from this distribution, each by itself.

    The answer is a tensor, or a list of tensors. Rows that begin alike are told, and so are equal
    draws if the first dimension counts draws. 4,000 numbers tell σ from 1.08 σ, and a normal from a
    uniform distribution.

    Attributes:
        std: standard deviation.
        mean: of the distribution.
        kind: ``normal`` or ``uniform``.
    """

    std: float
    mean: float = 0.0
    kind: Literal["normal", "uniform"] = "normal"

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Which part of the law fails, in words."""
        tensors = answer if isinstance(answer, list) else [answer]
        wanted = f"{self.kind}, mean {self.mean:.4g}, standard deviation {self.std:.4g}"
        if not tensors or not all(isinstance(one, Tensor) and one.numel() for one in tensors):
            kind = wording.kind_of_failure(answer)
            return Finding(False, wanted, wording.kind_of(answer), kind=kind)
        flat = torch.cat([one.detach().double().flatten() for one in tensors])
        found = f"mean {flat.mean():.4g}, standard deviation {flat.std(correction=0):.4g}"
        fault = _twins(tensors) or self._spread((flat - self.mean) / self.std)
        return Finding(not fault, wanted, found, fault)

    def _spread(self, z: Tensor) -> str:
        """What is wrong with standardised values ``(N,)``."""
        if not bool(z.isfinite().all()):
            return "some are not finite"
        limit, count = -math.log(RARE / 8), len(z)
        mean, size = float(z.mean()), float(z.square().mean().sqrt())
        far = count * mean**2 / (2 if self.kind == "normal" else 6) > limit
        if far and abs(mean) > size / 10:
            return f"their mean is {mean * self.std + self.mean:.4g}, not {self.mean:.4g}"
        if self._scale_surprise(z) > limit and abs(size - 1) > 0.02:
            return f"they spread {size:.2f} times as wide as they should"
        if self.kind == "uniform" and float(z.abs().max()) > (1 + 1e-6) * math.sqrt(3):
            return f"they reach beyond ±{math.sqrt(3) * self.std:.4g} around the mean"
        if far or self._scale_surprise(z) > limit or 2 * count * self._distance(z) ** 2 > limit:
            return f"their histogram is not that of this {self.kind} distribution"
        return ""

    def _scale_surprise(self, z: Tensor) -> float:
        count, mean = len(z), float(z.square().mean())
        if self.kind == "normal":  # Chernoff's bound for a chi-square
            return count * (mean - 1 - math.log(max(mean, 1e-300))) / 2
        largest = float(z.abs().max()) / math.sqrt(3)
        return math.inf if largest > 1 + 1e-6 else -count * math.log(max(largest, 1e-300))

    def _distance(self, z: Tensor) -> float:
        """Kolmogorov's, of which Massart's inequality bounds the chance."""
        z = z.sort().values
        if self.kind == "normal":
            wanted = (1 + torch.erf(z / math.sqrt(2))) / 2
        else:
            wanted = ((z / math.sqrt(3) + 1) / 2).clamp(0, 1)
        steps = torch.arange(len(z) + 1, dtype=torch.float64) / len(z)
        return float(torch.maximum(steps[1:] - wanted, wanted - steps[:-1]).max())


def _twins(tensors: list[Tensor]) -> str:
    """Whether rows of a tensor begin alike, or numbers come again in another tensor."""
    for one in tensors:
        rows = one.detach().flatten(1) if one.ndim > 1 else one.detach()[:, None]
        alike = len(rows) - len(rows.unique(dim=0))
        if alike and (rows.shape[1] >= 4 or alike > len(rows) / 10):
            return f"{alike} of {len(rows)} rows (output channels, or draws) equal another one"
    firsts = [one.detach().flatten()[:4].tolist() for one in tensors if one.numel() >= 4]
    if len({tuple(first) for first in firsts}) < len(firsts):
        return "two tensors begin with the same numbers"
    return ""
