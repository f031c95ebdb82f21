"""Colours, axes and names: the same in every lab."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"


VERMILLION, ORANGE, PURPLE = "#D55E00", "#E69F00", "#CC79A7"


INK, GREY = "#222222", "#767676"


PALETTE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, INK)
"""Colours for whatever has no colour of its own, in the order to take them."""


COLOURS = {
    "sigmoid": BLUE,
    "tanh": SKY,
    "relu": VERMILLION,
    "leakyrelu": ORANGE,
    "elu": GREEN,
    "selu": PURPLE,
    "lenet": SKY,
    "alexnet": ORANGE,
    "vgg": GREEN,
    "inception": PURPLE,
    "googlenet": PURPLE,
    "resnet": BLUE,
    "plain": VERMILLION,
}
"""Colours of activations and network families."""


DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.2, 1, 1.2)))


STYLE: dict[str, Any] = {
    "figure.figsize": (6.4, 3.6),
    "figure.dpi": 92,  # DPI of course.plots.showing, for who shows a figure otherwise
    "savefig.dpi": 110,
    "figure.facecolor": "white",  # a dark notebook theme must not swallow the black text
    "savefig.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 11,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 10,
    "legend.handlelength": 2.2,
    "image.cmap": "viridis",
}


_applied = False


def use_style() -> None:
    """Set the course's plot style for this process, once: later changes of yours stay."""
    global _applied
    if _applied:
        return
    import matplotlib
    from cycler import cycler

    settings: Any = STYLE | {"axes.prop_cycle": cycler(color=PALETTE)}
    matplotlib.rcParams.update(settings)
    _applied = True


def axes(
    ax: Axes | None = None, *, xlabel: str = "", ylabel: str = "", title: str = "", **figure: Any
) -> Axes:
    """The axes given, or new ones in the course's style, with these labels.

    Args:
        xlabel, ylabel: with the unit: ``"time, s"``. A ``ylabel`` that speaks of accuracy or
            error gets an axis in per cent, an ``xlabel`` of epochs, layers or depth whole numbers.
        figure: for new axes, what ``pyplot.subplots`` takes, such as ``figsize`` in inches.
    """
    use_style()
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.subplots(**figure)[1]
    if xlabel:
        ax.set_xlabel(xlabel)
    if ylabel:
        ax.set_ylabel(ylabel)
    if title:
        ax.set_title(title)
    suit_ticks(ax, xlabel, ylabel)
    return ax


def colour_of(name: str) -> str:
    """The colour of an activation or a network, the same in every lab.

    Spelling does not matter (``LeakyReLU``, ``leaky_relu``, ``leaky relu``), nor does what comes
    around the family's name (``ResNet-20``, ``small VGG``). Any other name gets a colour from the
    palette that depends on the name alone.
    """
    return _family_colour(name) or PALETTE[zlib.crc32(name.encode()) % len(PALETTE)]


def looks_of(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colour and dashes for names that share one plot, as arguments of ``ax.plot``.

    Known names keep their colours. Unknown ones keep theirs where nobody else on the plot has
    them, and take free ones otherwise. Equal colours differ by their dashes.
    """
    colours = {name: colour for name in names if (colour := _family_colour(name))}
    for name in names:
        if name not in colours:
            colours[name] = _freest_colour(colour_of(name), list(colours.values()))
    used: list[str] = []
    looks = {}
    for name in names:
        dashes = DASHES[used.count(colours[name]) % len(DASHES)]
        looks[name] = {"color": colours[name], "linestyle": dashes}
        used.append(colours[name])
    return looks


def _family_colour(name: str) -> str | None:
    """Colour of the family that the name begins with, at the start of any of its words."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    tails = ("".join(words[start:]) for start in range(len(words)))
    return next((c for tail in tails for key, c in COLOURS.items() if tail.startswith(key)), None)


def _freest_colour(wish: str, taken: Sequence[str]) -> str:
    """The colour that the fewest have: the wish if it can be, else the next in the palette."""
    start = PALETTE.index(wish)
    return min(PALETTE[start:] + PALETTE[:start], key=taken.count)


def readable_on(shade: Any) -> str:
    """Black or white, whichever stands out more on an RGB ``shade``."""
    # WCAG's relative luminance, with one power for sRGB's two pieces; 0.18 is where black and
    # white have equal contrast.
    linear = np.asarray(shade[:3]) ** 2.2
    return "black" if linear @ (0.2126, 0.7152, 0.0722) > 0.18 else "white"


def formatted(value: float, form: str) -> str:
    """The value by a format specification; per cent as all texts here write it: ``10 %``."""
    return format(value, form).replace("%", " %")


def as_array(values: Any) -> np.ndarray:
    """Numbers on the CPU; tensors as float64."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().to(torch.float64)
    return np.asarray(values, dtype=np.float64)


def plain_label(label: Any) -> Any:
    """A label without its tensor."""
    return label.item() if isinstance(label, torch.Tensor) else label


def suit_ticks(ax: Axes, xlabel: str, ylabel: str) -> None:
    """Whole ticks for counts, per cent for shares, by what the labels say."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    if re.search(r"\b(epoch|layer|depth)s?\b", xlabel):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if re.search(r"\b(accuracy|error)\b", ylabel):
        ax.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))


def legend(ax: Axes) -> None:
    """A legend, where there is something to tell apart."""
    if ax.get_legend_handles_labels()[1]:
        ax.legend()
