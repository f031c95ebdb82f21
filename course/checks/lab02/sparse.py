"""Checks of lab 2: C3, the sparse convolution, whose wiring impulses find out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course.checks import (
    Case,
    Mistake,
    ProbeError,
    ask,
    same,
    wording,
)
from course.checks.lab02.basis import (
    TIGHT,
    StandIn,
    check,
    fan_in_scaled,
    gradients_at,
    in_float64,
    normal,
    parameters_of,
)

MAPS_IN, MAPS_OUT, KERNEL = 6, 16, 5
WIRED = "7 e 1c 38 31 23 f 1e 3c 39 33 27 1b 36 2d 3f"  # one bit for each connected input map
PARTS = {
    "the first six: three neighbours each": (0, 6),
    "the next six: four neighbours each": (6, 12),
    "the next three: four in two pairs": (12, 15),
    "the last one: all six": (15, 16),
}


def wired(code: str = WIRED) -> Tensor:
    """Which input map feeds which output map: ``(16, 6)``, 0 or 1, int64."""
    bits = torch.tensor([int(one, 16) for one in code.split()])
    return (bits[:, None] >> torch.arange(MAPS_IN)) & 1


def rows_of(function: Callable[[], Any], first: int, last: int) -> list[list[int]]:
    """The input maps of output maps ``first`` to ``last`` (excluded), each in rising order."""
    found = list(function())
    if len(found) != MAPS_OUT:
        raise ProbeError(f"expected {MAPS_OUT} groups, one for each map of C3; found {len(found)}")
    return [sorted(int(one) for one in group) for group in found[first:last]]


def _groups(table: Tensor) -> list[list[int]]:
    return [row.nonzero().flatten().tolist() for row in table]


def _wrong_groups(rows: Callable[[], Sequence[Sequence[int]]]) -> dict[str, Any]:
    return {"c3_connections": rows}


def _in_row(size: int, count: int) -> list[list[int]]:
    """Groups of ``size`` neighbours that do not wrap, the last ones cut off at the edge."""
    return [list(range(start, min(start + size, MAPS_IN))) for start in range(count)]


_RIGHT = _groups(wired())


@check.define(
    oracle={"c3_connections": lambda: _RIGHT},
    mistakes=[
        Mistake(
            "cut_at_the_edge",
            _wrong_groups(lambda: [*_in_row(3, 6), *_in_row(4, 6), *_RIGHT[12:]]),
            "After map 5 comes map 0: the six maps stand in a circle.",
        ),
        Mistake(
            "counted_from_one",
            _wrong_groups(lambda: [[one + 1 for one in row] for row in _RIGHT]),
            "You count the maps from 1. The network's maps are numbered 0 to 5.",
        ),
        Mistake(
            "every_other",
            _wrong_groups(
                lambda: [*_RIGHT[:12], [0, 2, 4, 5], [0, 1, 3, 5], [1, 2, 3, 5], _RIGHT[15]]
            ),
            "The three are pairs of neighbours with one map left out between the pairs, on both "
            "sides. Draw the circle.",
        ),
        Mistake(
            "pairs_out_of_order",
            _wrong_groups(lambda: [*_RIGHT[:12], _RIGHT[14], *_RIGHT[12:14], _RIGHT[15]]),
            "The right three, in another order: the first one begins with map 0 and map 1.",
        ),
        Mistake(
            "all_connected",
            _wrong_groups(lambda: [list(range(6))] * 16),
            "Everything is connected to everything. Read the rule again.",
        ),
    ],
)
def c3_connections(rng: Generator) -> Iterator[Case]:
    """Which maps of S2 each map of C3 sees."""
    for title, (first, last) in PARTS.items():
        text = f"c3_connections()[{first}:{last}], each sorted"
        yield Case(
            title,
            ask(rows_of, "c3_connections", first, last, text=text),
            "Put the maps 0 to 5 on a circle and read the groups off it.",
            same(),
            weight=min(last - first, 3),
        )


@dataclass(frozen=True)
class Wiring(StandIn):
    """What the impulses find of a wrong C3: its table and its number of parameters."""

    table: Tensor
    weights: int = 1500
    biases: int = 16


@dataclass(frozen=True)
class Wires:
    """Which number of the module's parameters acts where, counted from 1; 0 is none.

    ``kernels (16, 6, 5, 5)``, ``biases (16,)``, int64; ``parameters`` in the module's order.
    """

    parameters: list[nn.Parameter]
    kernels: Tensor
    biases: Tensor


def trace(layer: nn.Module, path: str = "") -> Wires:
    """Number all weights, send an impulse through each input, and read the numbers off.

    Raises:
        ProbeError: the layer is no plain 5×5 convolution of 6 to 16 maps.
    """
    parameters = list(layer.parameters())
    count = sum(one.numel() for one in parameters)
    if count > 20_000:
        raise ProbeError(f"{path or 'the layer'} has {count:,} parameters, far too many")
    # Numbers below 1, so that a squashed output shows: tanh would turn large ones into the same 1.
    _load_flat(parameters, torch.arange(1, count + 1, dtype=torch.float64) / (count + 1))
    size = MAPS_IN * KERNEL * KERNEL
    impulses = torch.eye(size, dtype=torch.float64).view(size, MAPS_IN, KERNEL, KERNEL)
    with torch.no_grad():
        still = _mapped(layer, torch.zeros_like(impulses[:1]))
        found = (_mapped(layer, impulses) - still).T.reshape(MAPS_OUT, MAPS_IN, KERNEL, KERNEL)
    return Wires(parameters, _as_numbers(found, count), _as_numbers(still[0], count))


def _mapped(layer: nn.Module, x: Tensor) -> Tensor:
    y = layer(x)
    if not isinstance(y, Tensor) or y.shape != (len(x), MAPS_OUT, 1, 1):
        raise ProbeError(
            f"6 maps of 5×5 must come out as 16 maps of 1×1, {(len(x), MAPS_OUT, 1, 1)}; "
            f"found {wording.kind_of(y)}"
        )
    return y.flatten(1)


def _as_numbers(found: Tensor, count: int) -> Tensor:
    found = found * (count + 1)
    numbers = found.round()
    alone = torch.isclose(found, numbers, rtol=0, atol=1e-6) & (numbers >= 0) & (numbers <= count)
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
    """Set the module's weights so that it convolves with these kernels and biases."""
    count = sum(one.numel() for one in wires.parameters)
    values = torch.zeros(count + 1, dtype=torch.float64)
    values[wires.kernels.flatten()] = kernels.flatten()
    values[wires.biases] = biases
    _load_flat(wires.parameters, values[1:])


def connected(made_by: Any) -> Tensor:
    """Which input map reaches which output map: ``(16, 6)``, 0 or 1."""
    if isinstance(made_by, Wiring):
        return made_by.table
    return trace(in_float64(made_by())).kernels.flatten(2).any(dim=2).long()


def weights_in_use(made_by: Any) -> dict[str, int]:
    """How many different weights and biases act, and in how many places."""
    if isinstance(made_by, Wiring):
        return {"weights": made_by.weights, "biases": made_by.biases}
    wires = trace(in_float64(made_by()))
    acting = wires.kernels[wires.kernels > 0]
    shared = len(acting) - len(acting.unique())
    biases = len(wires.biases[wires.biases > 0].unique())
    return {"weights": len(acting) - shared, "biases": biases}


def convolved(made_by: Any, kernels: Tensor, biases: Tensor, x: Tensor, upstream: Tensor) -> Any:
    """Output with these kernels; gradients at x, kernels and biases, 0 where no weight is."""
    layer = in_float64(made_by())
    wires = trace(layer)
    load_wires(wires, kernels, biases)
    y = layer(x.requires_grad_())
    leaves = {"x": x, **{str(number): one for number, one in enumerate(wires.parameters)}}
    found = gradients_at(y, upstream, leaves)
    at_x = found.pop("x")
    flat = torch.cat(
        [torch.zeros(1, dtype=torch.float64), *(one.flatten() for one in found.values())]
    )
    return {
        "output": y,
        "gradient at x": at_x,
        "gradient at the kernels": flat[wires.kernels],
        "gradient at the biases": flat[wires.biases],
    }


def convolution_case(
    rng: Generator, title: str, shape: tuple[int, int, int, int], weight: float
) -> Case:
    """Output and gradients with random kernels, 0 where no connection is."""
    mask = wired().double()[:, :, None, None]
    kernels, biases = (
        fan_in_scaled(rng, MAPS_OUT, MAPS_IN, KERNEL, KERNEL) * mask,
        normal(rng, MAPS_OUT),
    )
    x = normal(rng, *shape)
    leaves = {"x": x, "kernels": kernels, "biases": biases}
    leaves = {name: one.clone().requires_grad_() for name, one in leaves.items()}
    y = F.conv2d(leaves["x"], leaves["kernels"], leaves["biases"])
    upstream = normal(rng, *y.shape)
    at = gradients_at(y, upstream, leaves)
    text = f"C3Convolution on x {shape}, with given kernels and biases"
    return Case(
        title,
        ask(convolved, "C3Convolution", kernels, biases, x, upstream, text=text),
        "Each output map is an ordinary 5×5 convolution of its own input maps, plus its bias.",
        TIGHT,
        {
            "output": y.detach(),
            "gradient at x": at["x"],
            "gradient at the kernels": at["kernels"] * mask,
            "gradient at the biases": at["biases"],
        },
        weight,
    )


def _wiring(
    table: Tensor, parameters: int, weights: int = 1500, biases: int = 16
) -> dict[str, Any]:
    return {"C3Convolution": Wiring(parameters, table, weights, biases)}


_ALL = torch.ones(MAPS_OUT, MAPS_IN, dtype=torch.int64)
_CUT = torch.tensor(
    [[one in row for one in range(6)] for row in [*_in_row(3, 6), *_in_row(4, 6), *_RIGHT[12:]]]
).long()


@check.define(
    name="C3Convolution",
    oracle={"C3Convolution": Wiring(1516, wired())},
    mistakes=[
        Mistake(
            "masked",
            _wiring(wired(), 2416),
            "900 weights too many: those of the 36 connections that table I leaves out. A mask "
            "hides them, but they exist. Only weights that act should be parameters.",
        ),
        Mistake(
            "dense",
            _wiring(_ALL, 2416, 2400),
            "This is the dense convolution of 6 to 16 maps. Which of its kernels should not exist?",
        ),
        Mistake(
            "no_biases",
            _wiring(wired(), 1500, biases=0),
            "1,500 weights are right. What else does each output map have?",
        ),
        Mistake(
            "a_bias_for_each_connection",
            _wiring(wired(), 1560),
            "60 biases: one for each connection. Each output map needs one, however many inputs "
            "it has.",
        ),
        Mistake(
            "cut_at_the_edge",
            _wiring(_CUT, 25 * int(_CUT.sum()) + 16, 25 * int(_CUT.sum())),
            "After map 5 comes map 0: the six maps stand in a circle.",
        ),
        Mistake(
            "the_first_maps",
            _wiring(
                torch.tensor([[i < len(row) for i in range(6)] for row in _RIGHT]).long(), 1516
            ),
            "The numbers of inputs are right, but every map takes the first ones. Which maps "
            "should be cut out of x?",
        ),
        Mistake(
            "kernels_shared",
            _wiring(wired(), 416, 400),
            "The maps of a group share one kernel. Each connection has its own 5×5 weights.",
        ),
    ],
)
def c3_convolution(rng: Generator) -> Iterator[Case]:
    """The sparse convolution of LeNet-5: connections, weights, values, gradients."""
    yield Case(
        "exactly 1,516 parameters",
        ask(parameters_of, "C3Convolution", text="parameters of C3Convolution()"),
        "6 · 3 + 6 · 4 + 3 · 4 + 6 connections of 25 weights, and 16 biases. Are all modules "
        "registered (nn.ModuleList, not a plain list)?",
        same(),
        1516,
        2,
    )
    yield Case(
        "the table of connections",
        ask(connected, "C3Convolution", text="which input map reaches which output map of C3"),
        "An impulse on one input map may only come out in the maps that see it.",
        same(),
        wired(),
        3,
    )
    yield Case(
        "each weight acts in one place",
        ask(weights_in_use, "C3Convolution", text="weights and biases of C3 that act"),
        "Each of the 60 connections has 25 weights of its own, each output map one bias.",
        same(),
        {"weights": 1500, "biases": 16},
    )
    yield convolution_case(rng, "values and gradients on 14×14, as in LeNet-5", (2, 6, 14, 14), 3)
    yield convolution_case(rng, "a map that is not square", (1, 6, 7, 9), 1)
