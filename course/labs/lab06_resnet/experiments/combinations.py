"""All activations, orders and starts: what is left of the gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import torch

from course import plots
from course.labs.lab06_resnet.experiments.gradients import LAB, after_backward, build
from course.labs.lab06_resnet.experiments.networks import ACTIVATIONS, DEPTHS, PANELS, Kind
from course.labs.shared.pages import shown
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def measure(kind: Kind, depth: int, seed: int) -> dict[str, float]:
    """Powers of ten of three ratios, first to last unit: gradients, outputs, kernel gradients."""
    model = build(kind, depth, seed)
    outputs = after_backward(model)[:-1]
    gradients = [torch.as_tensor(output.grad).norm().item() for output in outputs]
    sizes = [output.std().item() for output in outputs]
    kernels = [
        k.grad.norm().item() for k in model.parameters() if k.ndim == 4 and k.grad is not None
    ]
    pairs = {
        "gradient": (gradients[0], gradients[-1]),
        "output": (sizes[-1], sizes[0]),
        "kernel": (kernels[1], kernels[-1]),
    }
    return {name: _log_ratio(*pair) for name, pair in pairs.items()}


def _log_ratio(above: float, below: float) -> float:
    if above == 0 or below == 0 or not math.isfinite(above) or not math.isfinite(below):
        return -math.inf if above == 0 else math.inf
    return round(math.log10(above / below), 3)


def combinations() -> Iterator[Kind]:
    """All kinds that the table has."""
    for activation in ACTIVATIONS:
        for panel in PANELS:
            yield replace(panel, activation=activation)
        for order in ("inside", "pre"):
            for norm in (False, True):
                yield Kind(True, norm, activation, order)
    yield from (replace(panel, start="He") for panel in PANELS)


def key_of(kind: Kind, depth: int) -> str:
    """How a combination is named in the results."""
    return f"{kind.name}, {kind.activation}, {kind.order}, {kind.start}, {depth}"


def measured_combinations(seeds: Sequence[int]) -> dict[str, Any]:
    """All combinations, three depths, as lists over the seeds; None for a ratio of 0."""
    found: dict[str, Any] = {}
    for kind in combinations():
        for depth in DEPTHS:
            runs = [measure(kind, depth, seed) for seed in seeds]
            found[key_of(kind, depth)] = {
                name: [run[name] if math.isfinite(run[name]) else None for run in runs]
                for name in runs[0]
            }
        print(key_of(kind, depth), found[key_of(kind, depth)], flush=True)
    return found


ROWS = {
    "plain": (False, "post"),
    "residual": (True, "post"),
    "residual, activation inside": (True, "inside"),
    "residual, pre-activation": (True, "pre"),
}


def draw_combinations() -> Figure:
    """Power of ten of first-to-last gradient for all activations, as two tables of colours."""
    from matplotlib import pyplot

    plots.use_style()
    results = stored(LAB)["gradients"]["combinations"]
    figure, axes = pyplot.subplots(1, 2, figsize=(9.6, 3.4), sharey=True)
    columns = [(name, depth) for name in ACTIVATIONS for depth in DEPTHS]
    for ax, norm in zip(axes, (False, True), strict=True):
        table = [
            [
                _middle(results[key_of(Kind(residual, norm, name, order), depth)]["gradient"])
                for name, depth in columns
            ]
            for residual, order in ROWS.values()
        ]
        _draw_table(ax, table, columns)
        ax.set_title("with BatchNorm" if norm else "without BatchNorm")
    return shown(figure)


def _middle(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return mean(known) if len(known) == len(values) else -math.inf


MOST = 12  # powers of ten at the ends of the scale of colours


def _draw_table(ax: Axes, table: Sequence[Sequence[float]], columns: Sequence[Any]) -> None:
    shades = torch.tensor(table).clamp(-MOST, MOST).numpy()
    ax.imshow(shades, cmap="RdBu_r", vmin=-MOST, vmax=MOST, aspect="auto")
    for row, values in enumerate(table):
        for column, value in enumerate(values):
            text = f"{value:+.1f}" if abs(value) < 9.95 else f"{value:+.0f}"
            dark = abs(value) > 0.6 * MOST
            ax.text(
                column, row, text, ha="center", va="center", fontsize=9,
                color="white" if dark else plots.INK,
            )  # fmt: skip
    ax.set_yticks(range(len(ROWS)), list(ROWS))
    labels = [f"{depth}\n{name if depth == DEPTHS[1] else ' '}" for name, depth in columns]
    ax.set_xticks(range(len(columns)), labels)
    for edge in (2.5, 5.5):
        ax.axvline(edge, color="white", linewidth=3)
    ax.grid(False)
    ax.tick_params(length=0)


def print_ratios(which: str, kinds: Mapping[str, Kind]) -> None:
    """Print one stored ratio by depth, as powers of ten with their spread.

    Args:
        which: "gradient", first unit to last; "kernel", the same of the kernels' gradients;
            "output", the standard deviation of the last unit's output to the first's.
    """
    results = stored(LAB)["gradients"]["combinations"]
    print(f"{'log10, by layers':22}" + "".join(f"{depth:>20}" for depth in DEPTHS))
    for label, kind in kinds.items():
        cells = [_power(results[key_of(kind, depth)][which]) for depth in DEPTHS]
        print(f"{label:22}" + "".join(f"{cell:>20}" for cell in cells))


TORCH_START = {kind.name: kind for kind in PANELS}
HE_START = {kind.name: replace(kind, start="He") for kind in PANELS}


def _power(logs: Sequence[float | None]) -> str:
    known = [value for value in logs if value is not None]
    if len(known) < len(logs):
        return "0"
    return f"{mean(known):+.1f} ± {stdev(known):.1f}"
