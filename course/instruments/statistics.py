"""What activations look like, in numbers: how large, how many zeros, how many stuck at a bound."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course.instruments.layers import Layers, named_modules, unknown
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


def _row(name: str, module: nn.Module, output: Tensor) -> ActivationRow:
    # Apple's GPUs have no float64.
    values = (output if output.device.type in ("cpu", "cuda") else output.cpu()).double()
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
        f"{100 * row.zeros:.1f} %",
        "–" if math.isnan(row.saturated) else f"{100 * row.saturated:.1f} %",
    )
