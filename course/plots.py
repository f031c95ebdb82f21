"""One plot style for all labs.

The palette is Okabe and Ito's (2008), made for readers who see colours differently. A name that
the course knows, such as ``relu`` or ``ResNet-20``, has the same colour in every lab; names of one
family on one plot differ by their dashes.

Helpers draw on the axes that they are given, or on new ones, and return them. Matplotlib loads on
the first call, not on import.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

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
    "figure.dpi": 110,
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

_GAP, _LABEL = 0.08, 0.34  # between the images of a grid, in image widths

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
    _suit_ticks(ax, xlabel, ylabel)
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
    x = _array(x)
    looks = looks_of(list(ys))
    for name, y in ys.items():
        y = _array(y)
        if y.shape != x.shape:
            raise ValueError(f"curve {name!r}: expected shape {x.shape} like x, found {y.shape}")
        ax.plot(x, y, label=name, **looks[name])
    if logx:
        ax.set_xscale("log")
    if logy:
        ax.set_yscale("log")
    _legend(ax)
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
    x, ys = _array(x), _array(ys)
    if ys.ndim != 2 or ys.shape[1:] != x.shape:
        raise ValueError(f"expected ys (seeds, {len(x)}), found shape {ys.shape}")
    colour = colour or (colour_of(label) if label else PALETTE[0])
    middle = ys.mean(axis=0)
    ax.plot(x, middle, color=colour, label=label or None)
    if len(ys) > 1:
        width = ys.std(axis=0, ddof=1)
        ax.fill_between(x, middle - width, middle + width, color=colour, alpha=0.18, linewidth=0)
    _legend(ax)
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
    if not values or not all(_array(v).size for v in values.values()):
        raise ValueError("expected one layer or more, each with values; found an empty one or none")
    names = list(values)
    size = (6.4, 1.3 + 0.42 * min(len(names), _NOTED_ROWS))
    ax = axes(ax, xlabel=xlabel, title=title, figsize=size)
    kept = [_drawable(_array(v), scale) for v in values.values()]
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


def heatmap(
    values: Any,
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    ax: Axes | None = None,
    *,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    fmt: str = ".2f",
    limits: tuple[float, float] | None = None,
    cmap: str = "viridis",
) -> Axes:
    """A table of numbers ``(rows, columns)`` as colours, each number written in its cell.

    Args:
        fmt: format specification of the numbers, such as ``".1%"``.
        limits: values at the two ends of the colours; by default the extremes found.

    Raises:
        ValueError: labels and values do not fit together.
    """
    table = _array(values)
    if table.shape != (len(row_labels), len(column_labels)):
        raise ValueError(
            f"expected values of shape ({len(row_labels)}, {len(column_labels)}) to fit the "
            f"labels, found {table.shape}"
        )
    size = (2.2 + 0.85 * len(column_labels), 1.3 + 0.46 * len(row_labels))
    ax = axes(ax, xlabel=xlabel, ylabel=ylabel, title=title, figsize=size)
    low, high = limits or _finite_range(table)
    image = ax.imshow(table, cmap=_with_grey_gaps(cmap), vmin=low, vmax=high, aspect="auto")
    ax.set_xticks(range(len(column_labels)), column_labels)
    ax.set_yticks(range(len(row_labels)), row_labels)
    ax.tick_params(length=0)
    _separate_cells(ax, table.shape)
    for (row, column), value in np.ndenumerate(table):
        shade = image.cmap(image.norm(value)) if np.isfinite(value) else (0.9, 0.9, 0.9, 1.0)
        text = format(value, fmt) if np.isfinite(value) else str(value)
        ax.text(column, row, text, ha="center", va="center", color=_readable_on(shade))
    return ax


def image_grid(
    images: torch.Tensor,
    labels: Sequence[Any] | torch.Tensor | None = None,
    columns: int = 8,
    ax: Axes | None = None,
    *,
    title: str = "",
) -> Axes:
    """Images ``(N, C, H, W)`` or ``(N, H, W)`` side by side, each with its label below.

    Bytes are shown as they are, and so are floats within [0, 1]; other floats (normalised images,
    filters) are stretched together from their lowest to their highest value.

    Args:
        labels: N class names or numbers.

    Raises:
        ValueError: no images, C is neither 1 nor 3, or the number of labels differs from N.
    """
    pictures = _pictures(images)
    count, height, width, _ = pictures.shape
    names = [str(_plain(label)) for label in labels] if labels is not None else [""] * count
    if len(names) != count:
        raise ValueError(f"expected {count} labels, one for each image; found {len(names)}")
    columns = min(columns, count)
    rows = -(-count // columns)
    step_x, step_y = 1 + _GAP, height / width + (_GAP if labels is None else _LABEL)
    inch = 7.2 / max(columns, 6)
    size = (inch * columns * step_x, inch * rows * step_y + (0.4 if title else 0))
    ax = axes(ax, title=title, figsize=size)
    for number, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        left, top = step_x * (number % columns), step_y * (number // columns)
        bottom = top + height / width
        ax.imshow(picture, extent=(left, left + 1, bottom, top))
        ax.text(left + 0.5, bottom + 0.05, name, ha="center", va="top", fontsize=9)
    ax.set_xlim(0, step_x * columns - _GAP)
    ax.set_ylim(step_y * rows - _GAP, 0)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def filters(
    weights: torch.Tensor, columns: int = 8, ax: Axes | None = None, *, title: str = ""
) -> Axes:
    """Kernels of a convolution ``(K, C, h, w)``, one picture for each: 0 is the middle tone.

    With three channels a filter is shown in colours. Otherwise each row is a filter and each
    column a channel, at most ``columns`` of them: orange is positive, violet negative, white 0.

    Raises:
        ValueError: not four axes, or no filters.
    """
    if weights.ndim != 4 or not weights.numel():
        raise ValueError(f"expected filters (K, C, h, w), found {tuple(weights.shape)}")
    largest = weights.detach().abs().max().clamp(min=1e-12)
    scaled = weights.detach() / (2 * largest) + 0.5
    if weights.shape[1] == 3:
        return image_grid(scaled, columns=columns, ax=ax, title=title)
    if weights.shape[1] > 1:
        columns = min(columns, weights.shape[1])
        scaled = scaled[:, :columns]
    return image_grid(_coloured(scaled.flatten(0, 1), "PuOr_r"), None, columns, ax, title=title)


def feature_maps(
    maps: torch.Tensor, columns: int = 8, ax: Axes | None = None, *, title: str = ""
) -> Axes:
    """What the channels of a layer ``(C, H, W)`` say of one image, each in its own scale.

    Dark is the channel's lowest value, bright its highest. A channel that says the same
    everywhere is grey, with its value below.

    Raises:
        ValueError: not three axes, as after ``activations["conv1"][0]``.
    """
    if maps.ndim != 3 or not maps.numel():
        raise ValueError(
            f"expected the maps of one image (C, H, W), found {tuple(maps.shape)}: take one image, "
            'as in activations["conv1"][0]'
        )
    values = maps.detach().double().cpu()
    low, high = values.amin(dim=(1, 2), keepdim=True), values.amax(dim=(1, 2), keepdim=True)
    flat = (high == low).flatten()
    pictures = _coloured((values - low) / (high - low).clamp(min=1e-300), "viridis")
    pictures[flat] = 0.9
    names = [f"{v:.2g} everywhere" if f else "" for f, v in zip(flat, low.flatten(), strict=True)]
    labels = names if flat.any() else None
    return image_grid(pictures, labels, columns, ax, title=title)


def receptive_field(
    field: torch.Tensor, box: Any = None, ax: Axes | None = None, *, title: str = ""
) -> Axes:
    """How strongly each pixel moves a unit, ``(H, W)`` from 0 to 1.

    Args:
        box: the ``ReceptiveField`` to draw around it.
    """
    from matplotlib.patches import Rectangle

    ax = axes(ax, xlabel="column, pixels", ylabel="row, pixels", title=title, figsize=(4.2, 3.6))
    image = ax.imshow(_array(field), cmap="magma", vmin=0, vmax=1)
    ax.figure.colorbar(image, ax=ax, label="effect, share of the largest")
    if box is not None:
        corner = (box.left - 0.5, box.top - 0.5)
        ax.add_patch(
            Rectangle(corner, box.width, box.height, fill=False, edgecolor=SKY, linewidth=1.5)
        )
    ax.grid(visible=False)
    return ax


# Names and colours ---------------------------------------------------------------------------


def _family_colour(name: str) -> str | None:
    """Colour of the family that the name begins with, at the start of any of its words."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    tails = ("".join(words[start:]) for start in range(len(words)))
    return next((c for tail in tails for key, c in COLOURS.items() if tail.startswith(key)), None)


def _freest_colour(wish: str, taken: Sequence[str]) -> str:
    """The colour that the fewest have: the wish if it can be, else the next in the palette."""
    start = PALETTE.index(wish)
    return min(PALETTE[start:] + PALETTE[:start], key=taken.count)


def _ramp(count: int) -> list[Any]:
    import matplotlib

    return list(matplotlib.colormaps["viridis"](np.linspace(0.12, 0.8, count)))


def _readable_on(shade: Any) -> str:
    """Black or white, whichever stands out more on an RGB ``shade``."""
    # WCAG's relative luminance, with one power for sRGB's two pieces; 0.18 is where black and
    # white have equal contrast.
    linear = np.asarray(shade[:3]) ** 2.2
    return "black" if linear @ (0.2126, 0.7152, 0.0722) > 0.18 else "white"


def _with_grey_gaps(name: str) -> Any:
    import matplotlib

    return matplotlib.colormaps[name].with_extremes(bad="#E5E5E5")


# Arrays --------------------------------------------------------------------------------------


def _array(values: Any) -> np.ndarray:
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().to(torch.float64)
    return np.asarray(values, dtype=np.float64)


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, torch.Tensor) else label


def _coloured(values: torch.Tensor, cmap: str) -> torch.Tensor:
    """``(N, H, W)`` in [0, 1] -> ``(N, 3, H, W)``."""
    import matplotlib

    colours = matplotlib.colormaps[cmap](_array(values))[..., :3]
    return torch.from_numpy(colours).permute(0, 3, 1, 2).contiguous()


def _finite_range(table: np.ndarray) -> tuple[float, float]:
    finite = table[np.isfinite(table)]
    return (finite.min(), finite.max()) if finite.size else (0.0, 1.0)


def _pictures(images: torch.Tensor) -> np.ndarray:
    """``(N, C, H, W)`` or ``(N, H, W)`` -> ``(N, H, W, 3)`` in [0, 1]."""
    if images.ndim == 3:
        images = images.unsqueeze(1)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not len(images):
        raise ValueError(
            "expected one image or more as (N, H, W), (N, 1, H, W) or (N, 3, H, W); "
            f"found {tuple(images.shape)}"
        )
    pixels = _array(images).transpose(0, 2, 3, 1)
    low, high = pixels.min(), pixels.max()
    if images.dtype == torch.uint8:
        low, high = 0.0, 255.0
    elif low >= 0.0 and high <= 1.0:
        low, high = 0.0, 1.0
    return np.broadcast_to((pixels - low) / max(high - low, 1e-12), (*pixels.shape[:3], 3))


# Parts of plots ------------------------------------------------------------------------------


def _suit_ticks(ax: Axes, xlabel: str, ylabel: str) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    if re.search(r"\b(epoch|layer|depth)s?\b", xlabel):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if re.search(r"\b(accuracy|error)\b", ylabel):
        ax.yaxis.set_major_formatter(PercentFormatter(xmax=1))


def _legend(ax: Axes) -> None:
    if ax.get_legend_handles_labels()[1]:
        ax.legend()


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
        remarks.append(f"{zeros:.0%} zeros")
    if finite.size < values.size:
        remarks.append(f"{values.size - finite.size:,} not finite")
    return "\n".join(remarks)


_NOTED_ROWS = 16  # more layers than these: only every second, third, ... has its name and note


def _note_rows(ax: Axes, values: Mapping[str, Any], heights: Sequence[int]) -> None:
    every = -(-len(values) // _NOTED_ROWS)
    rows = list(zip(values, heights, strict=True))[::every]
    ax.set_yticks([height + 0.25 for _, height in rows], [name for name, _ in rows])
    ax.tick_params(axis="y", length=0)
    style: dict[str, Any] = {"va": "center", "color": GREY, "fontsize": 8.5, "linespacing": 1.1}
    for name, height in rows:
        text = _remarks(_array(values[name]))
        ax.text(1.01, height + 0.3, text, transform=ax.get_yaxis_transform(), **style)


def _separate_cells(ax: Axes, shape: tuple[int, ...]) -> None:
    rows, columns = shape
    ax.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    ax.grid(visible=False)
    ax.grid(which="minor", color="white", linewidth=2, linestyle="-")
    ax.tick_params(which="minor", length=0)
    ax.spines[:].set_visible(False)
