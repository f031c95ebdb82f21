"""Tables of numbers and images as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from course.plots.style import (
    SKY,
    as_array,
    axes,
    formatted,
    plain_label,
    readable_on,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GAP, _LABEL = 0.08, 0.34  # between the images of a grid, in image widths


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
        fmt: format specification of the numbers, such as ``".1%"``, which writes ``50.0 %``.
        limits: values at the two ends of the colours; by default the extremes found.

    Raises:
        ValueError: labels and values do not fit together.
    """
    table = as_array(values)
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
        text = formatted(value, fmt) if np.isfinite(value) else str(value)
        ax.text(column, row, text, ha="center", va="center", color=readable_on(shade))
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
    names = [str(plain_label(label)) for label in labels] if labels is not None else [""] * count
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
    image = ax.imshow(as_array(field), cmap="magma", vmin=0, vmax=1)
    ax.figure.colorbar(image, ax=ax, label="effect, share of the largest")
    if box is not None:
        corner = (box.left - 0.5, box.top - 0.5)
        ax.add_patch(
            Rectangle(corner, box.width, box.height, fill=False, edgecolor=SKY, linewidth=1.5)
        )
    ax.grid(visible=False)
    return ax


def _with_grey_gaps(name: str) -> Any:
    import matplotlib

    return matplotlib.colormaps[name].with_extremes(bad="#E5E5E5")


def _coloured(values: torch.Tensor, cmap: str) -> torch.Tensor:
    """``(N, H, W)`` in [0, 1] -> ``(N, 3, H, W)``."""
    import matplotlib

    colours = matplotlib.colormaps[cmap](as_array(values))[..., :3]
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
    pixels = as_array(images).transpose(0, 2, 3, 1)
    low, high = pixels.min(), pixels.max()
    if images.dtype == torch.uint8:
        low, high = 0.0, 255.0
    elif low >= 0.0 and high <= 1.0:
        low, high = 0.0, 1.0
    return np.broadcast_to((pixels - low) / max(high - low, 1e-12), (*pixels.shape[:3], 3))


def _separate_cells(ax: Axes, shape: tuple[int, ...]) -> None:
    rows, columns = shape
    ax.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    ax.grid(visible=False)
    ax.grid(which="minor", color="white", linewidth=2, linestyle="-")
    ax.tick_params(which="minor", length=0)
    ax.spines[:].set_visible(False)
