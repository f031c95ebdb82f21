"""Blocks of the course's networks as sketches: what comes after what, before anything is built.

>>> from course import diagrams
>>> figure = diagrams.blocks("basic", "bottleneck")  # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from course import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Sketch:
    """A block: branches side by side from one input, and how they are joined.

    Attributes:
        title: what it is called, and where it comes from.
        branches: each a row of layers from top to bottom; an empty one is the identity.
        join: ``+`` or ``concat``; empty for a single branch.
        after: what follows the join.
    """

    title: str
    branches: tuple[tuple[str, ...], ...]
    join: str = ""
    after: tuple[str, ...] = ()


BLOCKS = {
    "vgg": Sketch("a stage of VGG-11", (("conv 3×3", "ReLU", "conv 3×3", "ReLU", "max pool 2×2"),)),
    "vgg_batch_norm": Sketch(
        "with BatchNorm",
        (("conv 3×3", "BatchNorm", "ReLU", "conv 3×3", "BatchNorm", "ReLU", "max pool 2×2"),),
    ),
    "basic": Sketch(
        "basic block",
        (("conv 3×3, stride", "BatchNorm", "ReLU", "conv 3×3", "BatchNorm"), ()),
        "+",
        ("ReLU",),
    ),
    "bottleneck": Sketch(
        "bottleneck",
        (
            (
                "conv 1×1, narrower", "BatchNorm", "ReLU", "conv 3×3, stride", "BatchNorm", "ReLU",
                "conv 1×1, 4× as wide", "BatchNorm",
            ),
            (),
        ),
        "+",
        ("ReLU",),
    ),
}  # fmt: skip
"""He et al. 2016, figure 5, with the norms of section 3.4; Simonyan and Zisserman 2015, table 1."""

_HEIGHT, _GAP, _COLUMN = 0.3, 0.2, 2.2  # inches


def blocks(*names: str) -> Figure:
    """Sketches side by side.

    Args:
        names: keys of :data:`BLOCKS`.

    Raises:
        KeyError: there is no such block; names those that there are.
    """
    if unknown := [name for name in names if name not in BLOCKS]:
        raise KeyError(f"no block {unknown[0]!r}; there are: {', '.join(BLOCKS)}")
    from matplotlib import pyplot as plt

    plots.use_style()

    chosen = [BLOCKS[name] for name in names]
    widths = [max(len(one.branches), 1) * _COLUMN for one in chosen]
    height = max(_height(one) for one in chosen)
    figure, axes = plt.subplots(
        1, len(chosen), figsize=(sum(widths), height + 0.4), squeeze=False, width_ratios=widths
    )
    for ax, one, width in zip(axes[0], chosen, widths, strict=True):
        _draw(ax, one, width, height)
    return figure


def _height(one: Sketch) -> float:
    rows = max(map(len, one.branches)) + len(one.after) + bool(one.join) + 1
    return rows * (_HEIGHT + _GAP) + _GAP


def _draw(ax: Axes, one: Sketch, width: float, height: float) -> None:
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.set_title(one.title)
    ax.axis("off")
    step = _HEIGHT + _GAP
    top, middle = _GAP + _HEIGHT / 2, _COLUMN / 2
    _box(ax, middle, top, "input")
    end = top + step * (max(map(len, one.branches)) + 1)
    if not one.join:
        end -= step
    for place, branch in enumerate(one.branches):
        x, before = middle + place * _COLUMN, (middle, top)
        for row, name in enumerate(branch, start=1):
            _box(ax, x, top + row * step, name)
            _arrow(ax, before, (x, top + row * step))
            before = (x, top + row * step)
        if not branch:
            _shortcut(ax, x, top, end, middle)
        elif one.join:
            _arrow(ax, before, (middle, end))
    rest = ([one.join] if one.join else []) + list(one.after)
    for row, name in enumerate(rest):
        _box(ax, middle, end + row * step, name)
        if row:
            _arrow(ax, (middle, end + (row - 1) * step), (middle, end + row * step))


def _box(ax: Axes, x: float, y: float, text: str) -> None:
    colour = plots.BLUE if text.startswith("conv") else plots.GREY
    colour = plots.ORANGE if text == "BatchNorm" else colour
    look: dict[str, Any] = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": colour}
    ax.text(x, y, text, ha="center", va="center", color=plots.INK, bbox=look, zorder=3)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    half = _HEIGHT / 2
    style: dict[str, Any] = {"arrowstyle": "-|>", "color": plots.GREY}
    tail, head = (start[0], start[1] + half), (end[0], end[1] - half)
    ax.annotate("", xy=head, xytext=tail, arrowprops=style, zorder=2)


def _shortcut(ax: Axes, x: float, top: float, end: float, middle: float) -> None:
    """From the input around the branch into the join, from the side."""
    colour, near = plots.VERMILLION, middle + 0.14
    ax.plot([middle + 0.35, x, x], [top, top, end], color=colour, linewidth=1.6, zorder=1)
    style: dict[str, Any] = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.6}
    ax.annotate("", xy=(near, end), xytext=(x, end), arrowprops=style, zorder=2)
    ax.text(x + 0.06, (top + end) / 2, "shortcut", rotation=90, va="center", color=plots.INK)
