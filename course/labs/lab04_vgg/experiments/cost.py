"""Where VGG-16's parameters, memory and arithmetic sit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from course import plots
from course.instruments import LayerTable, layer_table
from course.labs.lab04_vgg.experiments.ledgers import torchvision_on_meta
from course.labs.shared.pages import attempt, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def vgg16_table() -> LayerTable:
    """The layers of torchvision's VGG-16 for a 224 × 224 image, on the meta device."""
    return layer_table(torchvision_on_meta("D"), (3, 224, 224))


def stages(table: LayerTable) -> dict[str, dict[str, float]]:
    """Millions of parameters, MiB of outputs and GFLOPs, by stage of VGG-16."""
    found: dict[str, dict[str, float]] = {}
    stage, dense = 1, 5
    for row in table:
        if row.kind == "AdaptiveAvgPool2d":
            continue  # at 224 its output is its input
        dense += row.kind == "Linear"
        name = f"conv {stage}" if row.name.startswith("features") else f"fc {dense}"
        sums = found.setdefault(name, {"parameters": 0.0, "memory": 0.0, "flops": 0.0})
        sums["parameters"] += row.parameters / 1e6
        sums["memory"] += row.activation_bytes / 2**20
        sums["flops"] += row.flops / 1e9
        stage += row.kind == "MaxPool2d"
    return found


def draw_stages() -> Figure:
    """Three bar charts of VGG-16 by stage: parameters, memory of outputs, FLOPs."""
    from matplotlib import pyplot

    plots.use_style()
    sums = stages(vgg16_table())
    figure, axes = pyplot.subplots(1, 3, figsize=(9.2, 3.0), sharey=True)
    units = {"parameters": "million parameters", "memory": "MiB of outputs", "flops": "GFLOPs"}
    for ax, (key, label) in zip(axes, units.items(), strict=True):
        values = [stage[key] for stage in sums.values()]
        ax.barh(list(sums), values, color=plots.colour_of("VGG"))
        for place, value in enumerate(values):
            text = f" {100 * (value / sum(values)):.0f} %"
            ax.text(value, place, text, va="center", fontsize=9)
        ax.set_xlim(0, 1.2 * max(values))
        ax.set_title(f"{label}: {sum(values):.1f}", fontsize=10)
    axes[0].invert_yaxis()
    return shown(figure)


def compare_totals(layer_flops: Any, activation_memory: Any) -> None:
    """Print the totals of VGG-16 by the student's functions and by the course's instrument."""
    table, model, shape = vgg16_table(), torchvision_on_meta("D").eval(), (1, 3, 224, 224)
    memory = table.total_activation_bytes / 2**20
    rows = {
        "layer_flops": (layer_flops, table.total_flops / 1e9, 1e9, "GFLOPs"),
        "activation_memory": (activation_memory, memory, 2**20, "MiB"),
    }  # fmt: skip
    for name, (function, ours, unit, label) in rows.items():
        answer = attempt(name, lambda function=function: function(model, shape))  # type: ignore[misc]
        yours = f"yours {sum(answer.values()) / unit:.2f}, " if answer else ""
        print(f"{name}: {yours}the course's table {ours:.2f} {label} for one image")
