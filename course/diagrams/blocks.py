"""Blocks of the course's networks as sketches: what comes after what, before anything is built.

>>> from course import diagrams
>>> figure = diagrams.blocks("basic", "bottleneck")  # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from course import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Sketch:
    """A block.

    Attributes:
        title: what it is called, and where it comes from.
        layers: from top to bottom.
        meets: where a shortcut that goes around them ends, and what follows; empty without one.
        shortcut: what is written at it.
    """

    title: str
    layers: tuple[str, ...]
    meets: tuple[str, ...] = ()
    shortcut: str = "shortcut"

    @property
    def boxes(self) -> tuple[str, ...]:
        """All that is drawn, from the input on."""
        return ("input", *self.layers, *self.meets)


SUM = ("+", "ReLU")
BLOCKS = {
    "vgg": Sketch("a stage of VGG-11", ("conv 3×3", "ReLU", "conv 3×3", "ReLU", "max pool 2×2")),
    "vgg_batch_norm": Sketch(
        "with BatchNorm",
        ("conv 3×3", "BatchNorm", "ReLU", "conv 3×3", "BatchNorm", "ReLU", "max pool 2×2"),
    ),
    "basic": Sketch(
        "basic block",
        ("conv 3×3, stride", "BatchNorm", "ReLU", "conv 3×3", "BatchNorm"),
        SUM,
    ),
    "bottleneck": Sketch(
        "bottleneck",
        (
            "conv 1×1, narrower", "BatchNorm", "ReLU", "conv 3×3, stride", "BatchNorm", "ReLU",
            "conv 1×1, 4× as wide", "BatchNorm",
        ),
        SUM,
    ),
    "separable": Sketch(
        "MobileNet's block",
        ("conv 3×3, depthwise, stride", "BatchNorm", "ReLU", "conv 1×1", "BatchNorm", "ReLU"),
    ),
    "resnext": Sketch(
        "ResNeXt's block",
        (
            "conv 1×1, to G · d", "BatchNorm", "ReLU", "conv 3×3, G groups", "BatchNorm", "ReLU",
            "conv 1×1, to K", "BatchNorm",
        ),
        SUM,
    ),
    "dense": Sketch(
        "a layer of a dense block",
        ("BatchNorm", "ReLU", "conv 3×3, to k"),
        ("append",),
        "all that there is",
    ),
}  # fmt: skip
"""He et al. 2016, figure 5, with the norms of section 3.4; Simonyan and Zisserman 2015, table 1;
Howard et al. 2017, figure 3; Xie et al. 2017, figure 3 (c); Huang et al. 2017, section 3."""

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
    widths = [(1 + bool(one.meets)) * _COLUMN for one in chosen]
    height = max(_height(one) for one in chosen)
    figure, axes = plt.subplots(
        1, len(chosen), figsize=(sum(widths), height + 0.4), squeeze=False, width_ratios=widths
    )
    for ax, one, width in zip(axes[0], chosen, widths, strict=True):
        _draw(ax, one, width, height)
    return figure


def _height(one: Sketch) -> float:
    return len(one.boxes) * (_HEIGHT + _GAP) + _GAP


def _draw(ax: Axes, one: Sketch, width: float, height: float) -> None:
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.set_title(one.title)
    ax.axis("off")
    middle = _COLUMN / 2
    rows = [_GAP + _HEIGHT / 2 + row * (_HEIGHT + _GAP) for row in range(len(one.boxes))]
    for name, y in zip(one.boxes, rows, strict=True):
        _box(ax, middle, y, name)
    for y, below in pairwise(rows):
        _arrow(ax, middle, y, below)
    if one.meets:
        _shortcut(ax, one, middle + _COLUMN, rows[0], rows[1 + len(one.layers)])


def _box(ax: Axes, x: float, y: float, text: str) -> None:
    colour = plots.BLUE if text.startswith("conv") else plots.GREY
    colour = plots.ORANGE if text == "BatchNorm" else colour
    look: dict[str, Any] = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": colour}
    ax.text(x, y, text, ha="center", va="center", color=plots.INK, bbox=look, zorder=3)


def _arrow(ax: Axes, x: float, y: float, below: float) -> None:
    style: dict[str, Any] = {"arrowstyle": "-|>", "color": plots.GREY}
    tail, head = (x, y + _HEIGHT / 2), (x, below - _HEIGHT / 2)
    ax.annotate("", xy=head, xytext=tail, arrowprops=style, zorder=2)


def _shortcut(ax: Axes, one: Sketch, x: float, top: float, end: float) -> None:
    """From the input around the layers to where it meets them, from the side."""
    middle = _COLUMN / 2
    colour, near = plots.VERMILLION, middle + 0.09 + 0.05 * len(one.meets[0])
    ax.plot([middle + 0.35, x, x], [top, top, end], color=colour, linewidth=1.6, zorder=1)
    style: dict[str, Any] = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.6}
    ax.annotate("", xy=(near, end), xytext=(x, end), arrowprops=style, zorder=2)
    ax.text(x + 0.06, (top + end) / 2, one.shortcut, rotation=90, va="center", color=plots.INK)
