"""What activations look like, in numbers: how large, how many zeros, how many stuck at a bound."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course.instruments.layers import Layers, named_modules, unknown
from course.instruments.modes import evaluation_mode
from course.instruments.recording import watch_activations
from course.instruments.rendering import as_html, as_text

NEAR_BOUND = 0.025
"""A value is saturated within this share of the activation's range from either end of it."""


@dataclass(frozen=True)
class ActivationRow:
    """Outputs of one call of one layer, over a whole batch.

    Attributes:
        name, kind: the layer's dotted name and class.
        mean, std: over all values, the standard deviation with n in its denominator.
        zeros: share that is exactly 0.
        saturated: share within 2.5 % of the range from one of the activation's bounds, where the
            slope is small; NaN for a layer without two bounds.
    """

    name: str
    kind: str
    mean: float
    std: float
    zeros: float
    saturated: float


@dataclass(frozen=True)
class ActivationTable:
    """Statistics by layer, in the order of the pass; shows itself as text and as HTML."""

    rows: tuple[ActivationRow, ...]

    def __iter__(self) -> Iterator[ActivationRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> ActivationRow:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(unknown(name, [row.name for row in self.rows]))

    def __str__(self) -> str:
        return as_text(_HEADINGS, [_cells(row) for row in self.rows])

    def _repr_html_(self) -> str:
        return as_html(_HEADINGS, [_cells(row) for row in self.rows])


def activation_statistics(
    model: nn.Module, inputs: Tensor, layers: Layers = None
) -> ActivationTable:
    """Mean, spread, zeros and saturation of each layer's output on a batch.

    The model stays in the mode it is in.

    Args:
        inputs: ``(N, C, H, W)``, on the model's device.
        layers: as in ``record_activations``.

    Raises:
        KeyError: a name that is not in the model.
    """
    modules = named_modules(model)
    with torch.no_grad(), watch_activations(model, layers) as activations:
        model(inputs)
    rows = (_row(name, modules[_without_number(name)], y) for name, y in activations.items())
    return ActivationTable(tuple(rows))


class DeadUnits(NamedTuple):
    """How many of a layer's units are 0 on every input: channels of a map, or single units."""

    dead: int
    units: int

    @property
    def share(self) -> float:
        """Dead units as a fraction in [0, 1]."""
        return self.dead / self.units

    def __str__(self) -> str:
        return f"{self.dead} of {self.units} dead"


def dead_units(
    model: nn.Module, inputs: Tensor, layers: Layers = nn.ReLU, *, batch_size: int = 512
) -> dict[str, DeadUnits]:
    """Units that never speak: ``{layer: DeadUnits}`` over all of ``inputs`` ``(N, C, H, W)``.

    A unit of a convolution is a channel: dead if it is 0 at every place of every image. The model
    works in evaluation mode, in parts of ``batch_size``.

    Raises:
        KeyError: a name that is not in the model.
        ValueError: no inputs.
    """
    if not len(inputs):
        raise ValueError("expected one input or more, found none: nothing can be said of a unit")
    loudest: dict[str, Tensor] = {}
    with evaluation_mode(model), torch.no_grad():
        for part in inputs.split(batch_size):
            with watch_activations(model, layers) as activations:
                model(part)
            for name, output in activations.items():
                peak = output.abs().transpose(0, 1).flatten(1).amax(dim=1)
                loudest[name] = torch.maximum(loudest.get(name, peak), peak)
    return {name: DeadUnits(int((peak == 0).sum()), len(peak)) for name, peak in loudest.items()}


def _row(name: str, module: nn.Module, output: Tensor) -> ActivationRow:
    values = output.double()
    return ActivationRow(
        name=name,
        kind=type(module).__name__,
        mean=values.mean().item(),
        std=values.std(correction=0).item(),
        zeros=(values == 0).double().mean().item(),
        saturated=_saturated(module, values),
    )


def _saturated(module: nn.Module, values: Tensor) -> float:
    bounds = _bounds(module)
    if bounds is None:
        return math.nan
    low, high = bounds
    margin = NEAR_BOUND * (high - low)
    return ((values < low + margin) | (values > high - margin)).double().mean().item()


def _bounds(module: nn.Module) -> tuple[float, float] | None:
    """The two values that an activation can't pass, if it has two."""
    if isinstance(module, nn.Hardtanh):  # ReLU6 is one
        return module.min_val, module.max_val
    if isinstance(module, (nn.Tanh, nn.Softsign)):
        return -1.0, 1.0
    return (0.0, 1.0) if isinstance(module, (nn.Sigmoid, nn.Hardsigmoid)) else None


def _without_number(name: str) -> str:
    """``relu (2)`` is a call of ``relu``."""
    head, _, tail = name.rpartition(" (")
    return head if head and tail.rstrip(")").isdigit() else name


_HEADINGS = ("layer", "type", "mean", "std", "zeros", "saturated")


def _cells(row: ActivationRow) -> Sequence[str]:
    return (
        row.name,
        row.kind,
        f"{row.mean:.3g}",
        f"{row.std:.3g}",
        f"{row.zeros:.1%}",
        "–" if math.isnan(row.saturated) else f"{row.saturated:.1%}",
    )
