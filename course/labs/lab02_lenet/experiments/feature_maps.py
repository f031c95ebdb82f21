"""What a trained network's kernels and maps look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import plots
from course.device import device_of
from course.instruments import record_activations
from course.labs.lab02_lenet.images import shifted
from course.labs.shared.pages import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_feature_maps(model: nn.Module, image: Tensor, by: int = 5) -> Figure:
    """First kernels of a trained network, and the maps of both convolutions.

    Args:
        image: ``(1, 1, 32, 32)``; the lower half shows the same image moved to the right.
    """
    from matplotlib import pyplot

    plots.use_style()
    place = device_of(model)
    convolutions = [one for one in model.modules() if isinstance(one, nn.Conv2d)]
    figure, axes = pyplot.subplots(5, 1, figsize=(7.4, 8.0), height_ratios=(1.15, 1, 2, 1, 2))
    kernels = convolutions[0].weight.detach().cpu()
    plots.image_grid(kernels, columns=len(kernels), ax=axes[0], title="kernels of C1")
    for start, picture, where in ((1, image, "the image"), (3, shifted(image, by), "moved")):
        maps = list(record_activations(model, picture.to(place), nn.Conv2d).values())
        first, second = (one[0].unsqueeze(1).clamp(min=0).cpu() for one in maps[:2])
        tiles = torch.cat([F.interpolate(picture, first.shape[2:]), _stretched(first)])
        title = f"{where}: input, then C1's maps after ReLU"
        plots.image_grid(_stretched(tiles), columns=len(tiles), ax=axes[start], title=title)
        title = f"{where}: C3's maps after ReLU"
        plots.image_grid(_stretched(second), columns=8, ax=axes[start + 1], title=title)
    for ax in axes:
        ax.set_anchor("W")  # all rows begin at one edge
    return shown(figure)


def _stretched(tiles: Tensor) -> Tensor:
    """Each tile from its own lowest to its own highest value."""
    low, high = tiles.amin((1, 2, 3), keepdim=True), tiles.amax((1, 2, 3), keepdim=True)
    return (tiles - low) / (high - low).clamp(min=1e-6)
