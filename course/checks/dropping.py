"""Judges what :func:`course.checks.traffic.masks` found: dropout at its place in a network."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, zip_longest
from typing import Any

import torch
from torch import Tensor

from course.checks import chances, wording
from course.checks.judges import Finding
from course.checks.laws import LIMIT, mask_fault
from course.checks.probes import Probe
from course.checks.traffic import UNKNOWN, where

OFF = 1e-3  # share of kept inputs that may have another factor, as where a sum nearly vanishes


@dataclass(frozen=True)
class DroppedInputs:
    """Just these inputs are dropped in training, by the law, each mask by itself.

    Expected is a list of ``{"size": [out, rest], "p": 0.5}``, one for each weighted operation whose
    input is dropped, in any order; those of one size in the order in which they run. Kept inputs
    are those at evaluation times ``1 / (1 - p)``, as in the paper and today.

    Attributes:
        rtol: of that factor.
    """

    rtol: float = 1e-3

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """The first place where something is wrong, in words."""
        wanted = _listed((one["size"], f"{one['p']:g}") for one in expected)
        if not isinstance(answer, list) or not all(map(_is_line, answer)):
            return Finding(False, wanted, wording.value(answer))
        found = _listed((one["size"], f"{_share(one):.2f}") for one in answer)
        fault = next(self._faults(answer, expected), "")
        return Finding(not fault, wanted, found, fault)

    def _faults(self, answer: list[Any], expected: list[Any]) -> Iterator[str]:
        for size in _sizes([*expected, *answer]):
            these = (
                [one for one in every if list(one["size"]) == size] for every in (answer, expected)
            )
            for line, one in zip_longest(*these):
                if line is None:
                    yield f"nothing is dropped {where(size)}"
                elif one is None:
                    yield _surplus(line)
                else:
                    yield from self._at(line, one["p"])
        yield from _same(answer, expected)

    def _at(self, line: Mapping[str, Any], p: float) -> Iterator[str]:
        place = where(line["size"])
        dropped = line["dropped"]
        if not bool((dropped == 1).any()):
            yield f"{place}, training gives other numbers, but drops none"
        elif line["off"] > OFF:
            yield f"{place}, what is kept is not multiplied by one number"
        elif fault := mask_fault(dropped == 1, p, (dropped != UNKNOWN).all(dim=0)):
            yield f"{place}: {fault}"
        scale = line["scale"]
        if scale is not None and not math.isclose(scale, 1 / (1 - p), rel_tol=self.rtol):
            yield (
                f"{place}, what is kept is {scale:.4g} times as large as at evaluation, not "
                f"{1 / (1 - p):.4g} times"
            )


def _is_line(one: Any) -> bool:
    """Whether an answer's line is of the form that the question gives."""
    if not isinstance(one, Mapping) or set(one) != {"size", "dropped", "scale", "off"}:
        return False
    size, dropped = one["size"], one["dropped"]
    return (
        isinstance(size, list)
        and len(size) in (1, 2)
        and all(isinstance(part, int) for part in size)
        and isinstance(dropped, Tensor)
        and dropped.dtype == torch.uint8
        and dropped.ndim == 3
        and dropped.numel() > 0
        and (one["scale"] is None or isinstance(one["scale"], float))
        and isinstance(one["off"], float)
    )


def _share(line: Mapping[str, Any]) -> float:
    known = int((line["dropped"] != UNKNOWN).sum())
    return int((line["dropped"] == 1).sum()) / max(known, 1)


def _sizes(lines: list[Any]) -> list[list[int]]:
    """Sizes of all lines, each once, larger inputs first."""
    return sorted({tuple(one["size"]): list(one["size"]) for one in lines}.values(), key=_order)


def _order(size: list[int]) -> tuple[int, ...]:
    return (-len(size), *(-part for part in size[::-1]))


def _surplus(line: Mapping[str, Any]) -> str:
    if bool((line["dropped"] == 1).any()):
        return (
            f"{100 * _share(line):.0f} % is dropped {where(line['size'])}, where nothing should be"
        )
    return f"{where(line['size'])}, training gives other numbers than evaluation"


def _same(answer: list[Any], expected: list[Any]) -> Iterator[str]:
    """Whether two places share their random numbers."""
    for first, second in combinations(answer, 2):
        one, other = first["dropped"], second["dropped"]
        if one.shape != other.shape:
            continue
        both = (one != UNKNOWN) & (other != UNKNOWN)
        p, q = _share(first), _share(second)
        if 0 < p < 1 and 0 < q < 1 and bool(both.any()):
            agree = chances.of_agreement(one[both] == 1, other[both] == 1, p, q)
            if agree < LIMIT:
                yield "two places share one mask: each needs random numbers of its own"


def _listed(places: Any) -> str:
    texts = [f"{share} {where(list(size))}" for size, share in places]
    return "dropped: " + ("; ".join(texts) or "nothing")
