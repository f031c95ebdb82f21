"""Which of a convolution's parameters acts where: impulses find it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from course.checks import ProbeError, wording
from course.checks.modules import count
from course.labs.lab02_lenet.questions.modules import learnt, made

MAPS_IN, MAPS_OUT, KERNEL = 6, 16, 5
LEAST, MOST = 0.005, 0.5  # root mean square of the numbers in a kernel at its start
NEAR = 0.02  # to a whole number: float32 is a tenth of that off where there are 20,000


@dataclass(frozen=True)
class Wires:
    """Which number of the module's parameters acts where, counted from 1; 0 is none.

    ``kernels (16, 6, 5, 5)``, ``biases (16,)``, int64; ``parameters`` in the module's order.
    """

    parameters: list[nn.Parameter]
    kernels: Tensor
    biases: Tensor

    @property
    def connected(self) -> Tensor:
        """Which input map reaches which output map: ``(16, 6)``, 0 or 1, int64."""
        return self.kernels.flatten(2).any(dim=2).long()


def trace(layer: nn.Module, path: str = "") -> Wires:
    """Number all weights, send an impulse through each input, and read the numbers off.

    Raises:
        ProbeError: the layer is no plain 5×5 convolution of 6 to 16 maps.
    """
    parameters = list(layer.parameters())
    total = count(parameters)
    if total > 20_000:
        raise ProbeError(f"{path or 'the layer'} has {total:,} parameters, far too many")
    # Numbers below 1, so that a squashed output shows: tanh would turn large ones into the same 1.
    _load_flat(parameters, torch.arange(1, total + 1, dtype=torch.float64) / (total + 1))
    size = MAPS_IN * KERNEL * KERNEL
    impulses = torch.eye(size).view(size, MAPS_IN, KERNEL, KERNEL)
    with torch.no_grad():
        still = _mapped(layer, torch.zeros_like(impulses[:1]))
        found = (_mapped(layer, impulses) - still).T.reshape(MAPS_OUT, MAPS_IN, KERNEL, KERNEL)
    return Wires(parameters, _as_numbers(found, total), _as_numbers(still[0], total))


def _mapped(layer: nn.Module, x: Tensor) -> Tensor:
    y = layer(x)
    if not isinstance(y, Tensor) or y.shape != (len(x), MAPS_OUT, 1, 1):
        raise ProbeError(
            f"6 maps of 5×5 must come out as 16 maps of 1×1, {(len(x), MAPS_OUT, 1, 1)}; "
            f"found {wording.kind_of(y)}"
        )
    return y.flatten(1)


def _as_numbers(found: Tensor, total: int) -> Tensor:
    found = found.double() * (total + 1)
    numbers = found.round()
    alone = torch.isclose(found, numbers, rtol=0, atol=NEAR) & (numbers >= 0) & (numbers <= total)
    if not alone.all():
        raise ProbeError(
            "an impulse did not come out as one weight of yours: is the output squashed, a weight "
            "scaled, or are several weights added up in one place?"
        )
    return numbers.long()


def _load_flat(parameters: Sequence[Tensor], values: Tensor) -> None:
    with torch.no_grad():
        for one, part in zip(
            parameters, values.split([p.numel() for p in parameters]), strict=True
        ):
            one.copy_(part.view(one.shape))


def load_wires(wires: Wires, kernels: Tensor, biases: Tensor) -> None:
    """Set the module's weights so that it convolves with these kernels and biases; a weight that
    acts in several places gets their mean.
    """
    size = count(wires.parameters) + 1
    places = torch.cat([wires.kernels.flatten(), wires.biases])
    numbers = torch.cat([kernels.flatten(), biases])
    shared = torch.bincount(places, minlength=size).clamp(min=1)
    values = torch.bincount(places, numbers, minlength=size) / shared
    _load_flat(wires.parameters, values[1:])


def parameters_and_connections(made_by: Callable[[], Any]) -> dict[str, Any]:
    """How many numbers the layer learns, and how many pairs of maps they connect, if that can be
    told.
    """
    layer = made(made_by)
    parameters = learnt(layer)
    try:
        connections = int(trace(layer).connected.sum())
    except Exception:  # other cases say what is wrong: here the number counts
        connections = 0
    return {"parameters": parameters, "connections": connections}


def connected(made_by: Callable[[], Any], x: Tensor) -> dict[str, Tensor]:
    """Which input map reaches which output map: ``(16, 6)``, 0 or 1; and what comes of maps
    ``x (1, 6, 5, 5)`` of whole numbers where all weights are 1, ``(16,)``.
    """
    layer = made(made_by)
    found = trace(layer).connected
    parameters = list(layer.parameters())
    _load_flat(parameters, torch.ones(count(parameters)))
    with torch.no_grad():
        sums = (_mapped(layer, x) - _mapped(layer, torch.zeros_like(x)))[0]
    return {"connections": found, "sums": sums}


def weights_in_use(made_by: Callable[[], Any]) -> dict[str, int]:
    """How many different weights and biases act; and how many different kernels there are in two
    new layers, one for each connection, and how many of them are far too small or too large.
    """
    starts = []
    for _ in range(2):
        layer = made(made_by)
        begun = torch.cat([torch.zeros(1), *(one.detach().flatten() for one in layer.parameters())])
        wires = trace(layer)
        starts.append(begun[wires.kernels[wires.kernels.flatten(2).any(dim=2)]].flatten(1))
    sizes = torch.cat(starts).square().mean(dim=1).sqrt()
    parts = {"weights": wires.kernels, "biases": wires.biases}
    found = {name: len(part[part > 0].unique()) for name, part in parts.items()}
    return {
        **found,
        "different kernels at the start of two layers": len(torch.cat(starts).unique(dim=0)),
        "kernels that start too small or too large": int(((sizes < LEAST) | (sizes > MOST)).sum()),
    }
