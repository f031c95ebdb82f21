"""Class maps of a scene of garments, by the student's function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course import plots, training
from course.device import seeded
from course.labs.lab05_inception.experiments.races import options
from course.labs.shared.pages import attempt, shown
from course.labs.shared.pictures import scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from course.data import Dataset

SCENE = 20  # the first of the five test images of the scene


def draw_class_maps(class_maps: Any, images: Dataset, epochs: int) -> Figure | None:
    """A scene of five garments, and the map of each class that is in it.

    Shown is each class's map less the average over all classes: what speaks for this one.
    """
    tiny = (torch.zeros(1, 2, 1, 1), torch.zeros(3, 2), torch.zeros(3))
    if attempt("class_maps", lambda: class_maps(*tiny)) is None:  # before it trains
        return None
    network = _averaging_network(images, epochs)
    pixels = images.normalise(scene(images, SCENE)).expand(-1, 3, -1, -1)
    last = network[-1]

    def maps() -> Tensor:
        found: Tensor = class_maps(network[0](pixels), last.weight, last.bias)
        return found - found.mean(dim=1, keepdim=True)

    with torch.no_grad():
        found = attempt("class_maps", maps)
    if found is None:
        return None
    labels = images.test.labels[SCENE : SCENE + 5]
    chosen = sorted(set(labels.tolist()))
    names = [images.classes[label] for label in chosen]
    return _maps_figure(scene(images, SCENE), found[0, chosen], names)


def _averaging_network(images: Dataset, epochs: int) -> nn.Sequential:
    """Four 3×3 layers with BatchNorm, an average, a linear layer; trained on shifted garments."""
    from torchvision.models.vgg import make_layers

    from course import augment

    with seeded(0):
        layers = make_layers([16, "M", 32, "M", 64, 64], batch_norm=True)
        head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
        network = nn.Sequential(layers, *head)
    budget = options(images, epochs) | {"lr": 0.005}
    shifted = augment.Crop(8, fill=augment.black_of(images)[0])
    schedule = training.schedules.cosine()
    history = training.fit(network, **budget, augment=shifted, schedule=schedule)
    print(history)
    return network.cpu().eval()  # one scene is left to do, by the student's function


def _maps_figure(canvas: Tensor, maps: Tensor, names: Sequence[str]) -> Figure:
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 1 + len(names), figsize=(2.1 * (1 + len(names)), 2.4))
    axes[0].imshow(canvas[0, 0], cmap="gray")
    axes[0].set_title("the scene", fontsize=9)
    limit = float(maps.abs().max())
    side = canvas.shape[-1]
    for ax, one, name in zip(axes[1:], maps, names, strict=True):
        ax.imshow(canvas[0, 0], cmap="gray")
        ax.imshow(one, cmap="PuOr_r", vmin=-limit, vmax=limit, alpha=0.65,
                  extent=(-0.5, side - 0.5, side - 0.5, -0.5))  # fmt: skip
        ax.set_title(name, fontsize=9)
    for ax in axes:
        ax.axis("off")
    return shown(figure)
