"""What the five families cost and reach: a table, a picture, and whom nobody beats."""

from __future__ import annotations

import textwrap
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from course import plots
from course.instruments import count_parameters
from course.labs.lab07_summary.experiments.families import FAMILIES, cost_of, fresh
from course.labs.lab07_summary.experiments.race import Measured
from course.labs.shared.pages import attempt, shown, spread
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

LAB = "lab07_summary"


def stored_networks() -> dict[str, tuple[float, float]]:
    """Parameters and mean accuracy of the five, as ``pareto_front`` wants them."""
    return {
        family: (count_parameters(fresh(family, 0)), mean(run["accuracy"] for run in runs))
        for family, runs in stored(LAB)["runs"].items()
        if family in FAMILIES
    }


WIDTHS = (11, 8, 9, 16, 16)  # of the table's columns


def family_table(own: Measured | None = None) -> None:
    """Print cost and accuracy of the five: the precomputed runs, and ``own`` beside them."""
    results = stored(LAB)
    heads = ("parameters", "MFLOPs", "time", "accuracy", *(["your run"] if own else []))
    print(_row("", heads))
    pace, usual = results["milliseconds"], results["runs"]["LeNet"][0]["epochs"]
    for name, runs in results["runs"].items():
        family, cost = name.split(",")[0], cost_of(name.split(",")[0])
        cells = [
            f"{cost.total_parameters:,}",
            f"{cost.total_flops / 1e6:.1f}",
            f"{pace[family] * runs[0]['epochs'] / (pace['LeNet'] * usual):.1f} ×",
            spread([run["accuracy"] for run in runs], ".1%"),
        ]
        if own and name == family:
            cells.append(spread([run["accuracy"] for run in own[family]], ".1%"))
        print(_row(name, cells))
    print(textwrap.fill(results["about"], 84))


def _row(name: str, cells: Sequence[str]) -> str:
    """A line of the table, narrow enough for a notebook."""
    return f"{name:17}" + "".join(
        f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=False)
    )


LABELS = {  # where a bubble's name stands: points above and to the right of its middle
    "LeNet": (28, 0),
    "AlexNet": (-36, 0),
    "VGG": (26, 30),
    "Inception": (22, -30),
    "ResNet": (-28, 12),
}


def draw_bubbles() -> Figure:
    """Accuracy against FLOPs; the area of a bubble is the number of parameters."""
    results = stored(LAB)["runs"]
    ax = plots.axes(
        xlabel="MFLOPs for one image", ylabel="test accuracy", figsize=(7.2, 4.3)
    )  # fmt: skip
    for family in FAMILIES:
        cost, runs = cost_of(family), results[family]
        values, colour = [run["accuracy"] for run in runs], plots.colour_of(family)
        x, y = cost.total_flops / 1e6, mean(values)
        ax.scatter(x, y, cost.total_parameters / 150, color=colour, alpha=0.35, linewidth=0)
        ax.errorbar(x, y, stdev(values), fmt="o", color=colour, capsize=3, markersize=4)
        side, across = LABELS[family]
        ax.annotate(
            f"{family}, {cost.total_parameters / 1000:.0f} thousand",
            (x, y),
            xytext=(across, side),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    ax.set_xscale("log")
    ax.set_xlim(0.5, 40)
    ax.set_xticks([1, 3, 10, 30], ["1", "3", "10", "30"])
    ax.minorticks_off()
    ax.margins(y=0.25)
    ax.set_title("five families, one budget")
    return shown(ax.figure)


def front_of_families(pareto_front: Any) -> None:
    """Print which of the five stay, by parameters and by FLOPs, with the student's function."""
    by_parameters = stored_networks()
    by_flops = {
        family: (float(cost_of(family).total_flops), accuracy)
        for family, (_, accuracy) in by_parameters.items()
    }
    networks = {"parameters": by_parameters, "FLOPs": by_flops}
    fronts = attempt(
        "pareto_front", lambda: {cost: pareto_front(dict(of)) for cost, of in networks.items()}
    )
    for cost, names in (fronts or {}).items():
        print(f"{cost} and accuracy: {', '.join(names)} stay")
