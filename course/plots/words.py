"""A figure in words, from what is drawn: for who can't see it, and for consoles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

LONGEST = 1200  # characters; a screen reader reads all of it
MOST = 12  # of one kind that are told apart; of more, how many there are


def described(figure: Figure) -> str:
    """What a figure shows: of each panel its title, axes, curves, bars, pictures and texts."""
    panels = [text for ax in figure.axes if (text := ". ".join(_panel(ax)))]
    title = figure.get_suptitle() if hasattr(figure, "get_suptitle") else ""
    if len(panels) > 1:
        panels = [f"Panel {number}: {text}" for number, text in enumerate(panels, start=1)]
    text = ". ".join(_one_line(part) for part in ("Figure", title, *panels) if part) + "."
    return text if len(text) <= LONGEST else text[: LONGEST - 2] + " …"


def _panel(ax: Axes) -> Iterator[str]:
    title = ax.get_title() or ax.get_title(loc="left")
    if title:
        yield title
    if ax.axison and (ax.get_xlabel() or ax.get_ylabel()):
        yield " against ".join(filter(None, (ax.get_ylabel(), ax.get_xlabel())))
    lines = [line for line in ax.lines if np.size(line.get_xdata()) > 2]
    curves = [line for line in lines if line.get_linestyle() != "None"]
    named = [line for line in curves if not str(line.get_label()).startswith("_")]
    yield from _some([_curve(line) for line in named or curves], "curves")
    yield from _some(list(_bars(ax)), "bars")
    dots = [line for line in lines if line.get_linestyle() == "None"]
    if points := sum(map(_points, ax.collections)) + sum(np.size(one.get_xdata()) for one in dots):
        yield f"{points} points"
    if ax.images:
        yield "1 picture" if len(ax.images) == 1 else f"{len(ax.images)} pictures"
        for name, axis in (("rows", ax.yaxis), ("columns", ax.xaxis)):
            labels = ", ".join(label.get_text() for label in axis.get_ticklabels())
            if ax.axison and any(map(str.isalpha, labels)):
                yield f"{name}: {labels}"
    texts = [text for one in ax.texts if (text := one.get_text().strip())]
    yield from ["texts: " + ", ".join(texts)] if texts else []


def _some(parts: list[str], what: str) -> list[str]:
    return parts if len(parts) <= MOST else [f"{len(parts)} {what}, of which {parts[0]}"]


def _curve(line: Line2D) -> str:
    """``relu: from 0 to 4``, and the extremes where they are not at its ends."""
    label = str(line.get_label())
    name = "a curve" if label.startswith("_") else label
    y = np.asarray(line.get_ydata(), dtype=float)
    y = y[np.isfinite(y)]
    if not y.size:
        return f"{name}: no values"
    ends = {y[0], y[-1]}
    more = [f"lowest {y.min():.3g}"] if y.min() < min(ends) else []
    more += [f"highest {y.max():.3g}"] if y.max() > max(ends) else []
    return ", ".join([f"{name}: from {y[0]:.3g} to {y[-1]:.3g}", *more])


def _bars(ax: Axes) -> Iterator[str]:
    from matplotlib.container import BarContainer

    for bars in ax.containers:
        if not isinstance(bars, BarContainer):
            continue
        label = str(bars.get_label())
        flat = bars.orientation == "horizontal"
        names = _ticks(ax.yaxis if flat else ax.xaxis)
        told = []
        for bar in bars:
            middle = (
                bar.get_y() + bar.get_height() / 2 if flat else bar.get_x() + bar.get_width() / 2
            )
            value = bar.get_width() if flat else bar.get_height()
            told.append(f"{names.get(round(middle), '')} {value:.3g}".strip())
        start = "bars" if label.startswith("_") else label
        yield f"{start}: {', '.join(told[: 2 * MOST])}"


def _ticks(axis: Any) -> dict[int, str]:
    """Names of whole places on an axis."""
    labels = [label.get_text() for label in axis.get_ticklabels()]
    return {
        round(place): label
        for place, label in zip(axis.get_ticklocs(), labels, strict=False)
        if label and abs(place - round(place)) < 1e-9
    }


def _points(drawn: Any) -> int:
    from matplotlib.collections import PathCollection

    return len(cast(Any, drawn).get_offsets()) if isinstance(drawn, PathCollection) else 0


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
