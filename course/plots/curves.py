"""Curves, their spread over seeds, and histograms of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from course.plots.style import (
    GREY,
    PALETTE,
    as_array,
    axes,
    colour_of,
    legend,
    looks_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def curves(
    x: Any,
    ys: Mapping[str, Any],
    ax: Axes | None = None,
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    logx: bool = False,
    logy: bool = False,
) -> Axes:
    """One line for each name: ``x (N,)`` against each ``y (N,)``, tensors or arrays.

    Raises:
        ValueError: a ``y`` that is not as long as ``x``.
    """
    ax = axes(ax, xlabel=xlabel, ylabel=ylabel, title=title)
    x = as_array(x)
    looks = looks_of(list(ys))
    for name, y in ys.items():
        y = as_array(y)
        if y.shape != x.shape:
            raise ValueError(f"curve {name!r}: expected shape {x.shape} like x, found {y.shape}")
        ax.plot(x, y, label=name, **looks[name])
    if logx:
        ax.set_xscale("log")
    if logy:
        ax.set_yscale("log")
    legend(ax)
    return ax


def spread(ax: Axes, x: Any, ys: Any, label: str = "", colour: str | None = None) -> Axes:
    """Mean over seeds as a line, and a band of one sample standard deviation each way.

    Args:
        x: ``(points,)``.
        ys: ``(seeds, points)``; with a single seed there is no band.
        colour: by default the one of ``label``.

    Raises:
        ValueError: ``ys`` is not ``(seeds, points)``.
    """
    x, ys = as_array(x), as_array(ys)
    if ys.ndim != 2 or ys.shape[1:] != x.shape:
        raise ValueError(f"expected ys (seeds, {len(x)}), found shape {ys.shape}")
    colour = colour or (colour_of(label) if label else PALETTE[0])
    middle = ys.mean(axis=0)
    ax.plot(x, middle, color=colour, label=label or None)
    if len(ys) > 1:
        width = ys.std(axis=0, ddof=1)
        ax.fill_between(x, middle - width, middle + width, color=colour, alpha=0.18, linewidth=0)
    legend(ax)
    return ax


def histograms_by_layer(
    values: Mapping[str, Any],
    ax: Axes | None = None,
    *,
    xlabel: str = "value",
    title: str = "",
    scale: Literal["linear", "log"] = "linear",
    colour: str | None = None,
    bins: int = 80,
) -> Axes:
    """A ridge for each layer over one shared axis, the first layer at the top.

    Each ridge has its own height: shapes and places compare, counts do not. Exact zeros are left
    out of the ridge and said at its right, because a ReLU's zeros would dwarf all else; so are
    values that are not finite.

    Args:
        values: tensors of any shape, by layer name.
        scale: ``"log"`` shows the magnitudes |value| on a logarithmic axis, for gradients that
            shrink from layer to layer.
        colour: of all ridges; by default from dark to light with depth.

    Raises:
        ValueError: no layers, or an empty tensor.
    """
    if not values or not all(as_array(v).size for v in values.values()):
        raise ValueError("expected one layer or more, each with values; found an empty one or none")
    names = list(values)
    size = (6.4, 1.3 + 0.42 * min(len(names), _NOTED_ROWS))
    ax = axes(ax, xlabel=xlabel, title=title, figsize=size)
    kept = [_drawable(as_array(v), scale) for v in values.values()]
    edges = _edges(kept, bins, scale)
    shades = [colour] * len(names) if colour else _ramp(len(names))
    heights = range(len(names) - 1, -1, -1)
    for data, height, shade in zip(kept, heights, shades, strict=True):
        _ridge(ax, data, edges, height, shade)
    _note_rows(ax, values, heights)
    if scale == "log":
        ax.set_xscale("log")
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(-0.15, len(names) + 0.45)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="y", visible=False)
    return ax


def _ramp(count: int) -> list[Any]:
    import matplotlib

    return list(matplotlib.colormaps["viridis"](np.linspace(0.12, 0.8, count)))


def _drawable(values: np.ndarray, scale: str) -> np.ndarray:
    kept = values[np.isfinite(values) & (values != 0)]
    return np.abs(kept) if scale == "log" else kept


def _edges(layers: Sequence[np.ndarray], bins: int, scale: str) -> np.ndarray:
    """Bin edges that hold at least 99.8 % of every layer."""
    bounds = [np.quantile(layer, (0.001, 0.999)) for layer in layers if layer.size]
    low = min((b[0] for b in bounds), default=0.1)
    high = max((b[1] for b in bounds), default=1.0)
    if scale == "log":
        return np.geomspace(low / 1.5, high * 1.5, bins + 1)
    margin = 0.04 * (high - low) or 0.5
    start = low - margin if low < 0 else max(low - margin, 0.0)  # a ReLU gives nothing below 0
    return np.linspace(start, high + margin, bins + 1)


def _ridge(ax: Axes, data: np.ndarray, edges: np.ndarray, baseline: float, colour: Any) -> None:
    counts, _ = np.histogram(data, edges)
    heights = baseline + 1.25 * counts / max(counts.max(), 1)
    order = 3 - 0.01 * baseline  # lower ridges lie in front of the tops of those above them
    ax.axhline(baseline, color="#D0D0D0", linewidth=0.8, zorder=2)
    ax.stairs(
        heights, edges, baseline=baseline, fill=True, color=colour, alpha=0.9, linewidth=0,
        zorder=order,
    )  # fmt: skip
    outline = np.where(counts > 0.02 * counts.max(), heights, np.nan)
    ax.stairs(outline, edges, baseline=None, color="white", linewidth=0.8, zorder=order)


def _remarks(values: np.ndarray) -> str:
    finite = values[np.isfinite(values)]
    remarks = [f"std {finite.std():.2g}"] if finite.size else []
    zeros = np.mean(values == 0)
    if zeros >= 0.005:
        remarks.append(f"{100 * zeros:.0f} % zeros")
    if finite.size < values.size:
        remarks.append(f"{values.size - finite.size:,} not finite")
    return "\n".join(remarks)


_NOTED_ROWS = 16  # more layers than these: only every second, third, ... has its name and note


def _note_rows(ax: Axes, values: Mapping[str, Any], heights: Sequence[int]) -> None:
    every = -(-len(values) // _NOTED_ROWS)
    rows = list(zip(values, heights, strict=True))[::every]
    ax.set_yticks([height + 0.25 for _, height in rows], [name for name, _ in rows])
    ax.tick_params(axis="y", length=0)
    style: dict[str, Any] = {"va": "center", "color": GREY, "fontsize": 9, "linespacing": 1.1}
    for name, height in rows:
        text = _remarks(as_array(values[name]))
        ax.text(1.01, height + 0.3, text, transform=ax.get_yaxis_transform(), **style)
