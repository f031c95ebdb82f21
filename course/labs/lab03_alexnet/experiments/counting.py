"""Where parameters and work sit, and what torchvision's network has otherwise."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from course import plots
from course.instruments import LayerTable, count_parameters, layer_table
from course.labs.lab03_alexnet.experiments.parts import written
from course.labs.lab03_alexnet.paper import HIDDEN, TABLE
from course.labs.shared.pages import attempt, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_budget(make: Any) -> Axes | None:
    """Shares of parameters and multiplications by layer of the student's AlexNet."""

    def traced() -> LayerTable:
        with torch.device("meta"):
            return layer_table(written(make)(), (3, 227, 227))

    table = attempt("AlexNet", traced)
    if table is None:
        return None
    rows = [row for row in table if row.flops]
    parameters = [row.parameters / table.total_parameters for row in rows]
    flops = [row.flops / table.total_flops for row in rows]
    ax = plots.axes(ylabel="share", figsize=(7.2, 3.0))
    places = torch.arange(len(rows))
    ax.bar(places - 0.2, parameters, width=0.38, color=plots.ORANGE, label="parameters")
    ax.bar(places + 0.2, flops, width=0.38, color=plots.BLUE, label="multiplications")
    ax.set_xticks(places, [row.name for row in rows])
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    ax.grid(axis="x", visible=False)
    ax.legend()
    convolutions = [number for number, row in enumerate(rows) if row.kind == "Conv2d"]
    for name, shares in (("parameters", parameters), ("multiplications", flops)):
        print(
            f"in the convolutions: {100 * sum(shares[n] for n in convolutions):.1f} % of the {name}"
        )
    return shown(ax.figure)


# The ledger -------------------------------------------------------------------------------


def ledger(grouped_conv_parameters: Any, make: Any) -> None:
    """Print parameters by layer: the paper's network, one group, torchvision's.

    The first two columns come from the student's formula, the third and the last line from
    networks that are built without values.
    """
    from torchvision.models import alexnet

    with torch.device("meta"):
        other = [layer for layer in alexnet().modules() if isinstance(layer, _COUNTED)]
        own = _given(make)
    columns = [_by_formula(grouped_conv_parameters, grouped) for grouped in (True, False)]
    columns.append([count_parameters(layer) for layer in other])
    names = [*(f"conv{n}" for n in range(1, 6)), *(f"fc{n}" for n in range(6, 9)), "together"]
    print(f"{'':10}{'paper':>14}{'one group':>14}{'torchvision':>14}")
    totals = [[*column, sum(column)] if column else ["?"] * 9 for column in columns]
    for name, *row in zip(names, *totals, strict=True):
        print(f"{name:10}" + "".join(f"{_thousands(number):>14}" for number in row))
    counted = count_parameters(own) if isinstance(own, nn.Module) else "?"
    print(f"counted in your AlexNet(): {_thousands(counted)}")
    if "?" in (counted, totals[0][0]):
        print("? stands for what is not written yet")


_COUNTED = (nn.Conv2d, nn.Linear)


def _given(function: Any, *args: Any) -> Any:
    """What the student's function gives, or None where it is not there or does not work yet."""
    with contextlib.suppress(Exception):
        return function(*args)
    return None


def _thousands(number: Any) -> str:
    return f"{number:,}" if isinstance(number, int) else str(number)


def _by_formula(formula: Any, grouped: bool) -> list[int]:
    convolutions = [
        _given(formula, row.inputs, row.outputs, row.kernel, row.groups if grouped else 1)
        for row in TABLE
    ]
    if not all(isinstance(count, int) for count in convolutions):
        return []
    linear = [(9216, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 1000)]
    return convolutions + [inputs * outputs + outputs for inputs, outputs in linear]


def differences() -> None:
    """Print what else torchvision's network has otherwise, read from the network itself."""
    from torchvision.models import alexnet

    with torch.device("meta"):
        model = alexnet()
    kinds = [type(layer) for layer in model.modules()]
    convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    pools = [layer for layer in model.modules() if isinstance(layer, nn.MaxPool2d)]
    order = [type(layer).__name__ for layer in model.classifier]
    rows = {
        "channels": (
            [row.outputs for row in TABLE],
            [layer.out_channels for layer in convolutions],
        ),
        "groups": ([row.groups for row in TABLE], [layer.groups for layer in convolutions]),
        "first padding": (TABLE[0].padding, convolutions[0].padding[0]),
        "response normalisations": (2, kinds.count(nn.LocalResponseNorm)),
        "pooling windows": ([3, 3, 3], [layer.kernel_size for layer in pools]),
        "behind the last pooling": ("nothing", type(model.avgpool).__name__),
        "linear part": ("Linear, ReLU, Dropout, twice; Linear", ", ".join(order)),
    }
    for name, (paper, found) in rows.items():
        print(f"{name}\n    paper        {paper}\n    torchvision  {found}")
