"""Questions to plain functions: one at several settings, its type, its error, a part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from course.checks import ProbeError, wording
from course.checks.whole import kind_of_number

MAPS_OUT = 16  # of C3


def sizes(function: Callable[..., Any], settings: Sequence[Sequence[int]]) -> list[Any]:
    """The answer for each (size, kernel, stride, padding)."""
    return [function(n, k, stride=s, padding=p) for n, k, s, p in settings]


def kinds_of_sizes(
    function: Callable[..., Any], settings: Sequence[Sequence[int]]
) -> list[list[Any]]:
    """Each output size, and whether it is a whole number by its type."""
    found = [function(*setting) for setting in settings]
    return [[kind_of_number(one), one] for one in found]


def counts(function: Callable[..., Any], layers: Sequence[Sequence[int]], **how: Any) -> list[Any]:
    """The number for each (in_channels, out_channels, kernel)."""
    return [function(*layer, **how) for layer in layers]


def rows_of(function: Callable[[], Any], *rows: int) -> list[list[int]]:
    """The input maps of these output maps, each in rising order.

    Raises:
        ProbeError: there are not 16 groups of whole numbers, or another call gives others.
    """
    first, second = ([_numbers(row) for row in list(function())] for _ in range(2))
    if len(first) != MAPS_OUT:
        raise ProbeError(f"expected {MAPS_OUT} groups, one for each map of C3; found {len(first)}")
    if first != second:
        raise ProbeError("called a second time, it gives other groups")
    return [first[row] for row in rows]


def _numbers(group: Any) -> list[int]:
    """The numbers of the maps in a group, in rising order."""
    found = [one.item() if isinstance(one, Tensor) else one for one in group]
    for one in found:
        if not isinstance(one, int | float | Integral) or one != int(one):
            raise ProbeError(f"expected the numbers of maps, found {one!r}", "type")
    return sorted(int(one) for one in found)


def pairs_of(function: Callable[[], Any], *layers: str) -> dict[str, list[Any]]:
    """The pairs of these layers."""
    table = function()
    for layer in layers:
        if not isinstance(table, Mapping) or layer not in table:
            found = wording.kind_of(table)
            raise ProbeError(f"expected a dict with the key {layer!r}, found {found}")
    return {layer: list(table[layer]) for layer in layers}


def layers_of(function: Callable[[], Any]) -> dict[str, Any]:
    """Names of all layers in the table, in alphabetical order, the sum of their parameters, and
    which types its numbers have.

    Raises:
        ProbeError: it is no table.
    """
    table = function()
    if not isinstance(table, Mapping):
        raise ProbeError(f"expected a dict, found {wording.kind_of(table)}", "type")
    names = sorted(map(str, table))
    return {
        "layers": names,
        "parameters": sum(int(pair[0]) for pair in table.values()),
        "types": sorted({kind_of_number(one) for pair in table.values() for one in pair}),
    }


def own_codes(function: Callable[..., Any], codes: Tensor, offset: float = 0.0) -> Any:
    """Penalties ``(K, K + 1)`` of units that are the codes themselves; a far code comes last."""
    codes = codes + offset
    return function(codes.clone(), torch.cat([codes, codes[:1].neg()]))


def losses(
    function: Callable[..., Any], penalties: Tensor, labels: Tensor, constants: Sequence[float]
) -> list[Any]:
    """The loss with each constant j."""
    return [function(penalties, labels, j=j) for j in constants]


def with_gradient(
    function: Callable[..., Any], penalties: Tensor, labels: Tensor, j: float
) -> dict[str, Any]:
    """The loss, and its gradient at the penalties.

    Raises:
        ProbeError: autograd can't follow the loss back.
    """
    leaf = penalties.clone().requires_grad_()
    loss = function(leaf, labels, j)
    if not isinstance(loss, Tensor) or not loss.requires_grad:
        raise ProbeError("autograd can't follow the loss back to the penalties", "detached")
    (slope,) = torch.autograd.grad(loss.sum(), leaf)
    return {"loss": loss, "gradient": slope}
