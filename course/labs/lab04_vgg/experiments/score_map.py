"""A classifier as a convolution: a map of scores over a scene."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course import plots, training
from course.device import seeded
from course.labs.shared.pages import attempt, shown
from course.labs.shared.pictures import as_rgb32, scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from course.data import Dataset

SCENE = 20  # the first of five test images
FITTING = ((0, 0), (0, 8), (4, 4), (8, 0), (8, 8))  # places whose window fits a garment


def small_classifier(images: Dataset, epochs: int, seed: int = 0) -> nn.Sequential:
    """A network of VGG's form for 32 × 32 grey images, trained: three stages, maps of 4 × 4."""

    from torchvision.models.vgg import make_layers

    with seeded(seed):
        head = (nn.Linear(32 * 16, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 10))
        column: list[str | int] = [8, "M", 16, "M", 32, "M"]
        parts: dict[str, nn.Module] = {"features": make_layers(column), "flatten": nn.Flatten()}
        model = nn.Sequential(OrderedDict(parts, classifier=nn.Sequential(*head)))
    train_set = (as_rgb32(images, images.train.images), images.train.labels)
    training.fit(
        model, train_set, epochs=epochs, batch_size=64, lr=0.002, optimizer=torch.optim.Adam,
        seed=seed, progress=False,
    )  # fmt: skip
    return model.cpu().eval()  # one scene is left to do, by the student's function


def draw_map(convert: Any, images: Dataset, epochs: int) -> Figure | None:
    """A scene, and the converted network's most likely class at each place of it."""
    model = small_classifier(images, epochs)
    canvas = scene(images, seed=SCENE)
    pixels = images.normalise(canvas).expand(-1, 3, -1, -1)

    def scores() -> Tensor:
        with torch.no_grad():
            result: Tensor = convert(model).eval()(pixels)
        return result

    found = attempt("to_fully_convolutional", scores)
    if found is None:
        return None
    first, labels = SCENE, images.test.labels
    _count_names(found, labels[first : first + len(FITTING)].tolist())
    return _map_figure(canvas, found, images.classes)


def _count_names(scores: Tensor, labels: Sequence[int]) -> None:
    """Print how many garments are named where a window fits them, and how sure the others are."""
    sure, best = scores.softmax(dim=1)[0].max(dim=0)
    right = sum(int(best[place]) == label for place, label in zip(FITTING, labels, strict=True))
    between = [float(p) for place, p in _places(sure) if place not in FITTING]
    above = sum(p > 0.9 for p in between)
    print(f"windows that fit a garment: {right} of {len(FITTING)} have its name")
    print(f"the other {len(between)} windows: {above} have a class with more than 90 %")


def _places(values: Tensor) -> list[tuple[tuple[int, ...], Tensor]]:
    places = torch.cartesian_prod(*map(torch.arange, values.shape)).tolist()
    return [(tuple(place), values[tuple(place)]) for place in places]


def _map_figure(canvas: Tensor, scores: Tensor, classes: Sequence[str]) -> Figure:
    from matplotlib import pyplot

    plots.use_style()
    sure, best = scores.softmax(dim=1)[0].max(dim=0)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8.4, 4.2))
    left.imshow(canvas[0, 0], cmap="gray")
    left.set_title(f"the scene, {canvas.shape[-2]} × {canvas.shape[-1]}")
    right.imshow(sure, cmap="viridis", vmin=0, vmax=1)
    for row, column in FITTING:
        name = classes[int(best[row, column])].split("/")[0]
        shade = "black" if sure[row, column] > 0.6 else "white"
        side = {0: "left", best.shape[1] - 1: "right"}.get(column, "center")
        at = column + {"left": -0.4, "right": 0.4, "center": 0.0}[side]
        text = f"{name}\n{100 * float(sure[row, column]):.0f} %"
        right.text(at, row, text, ha=side, va="center", fontsize=9, color=shade)
    right.set_title(f"{tuple(scores.shape[1:])} scores: the best class, its probability")
    for ax in (left, right):
        ax.axis("off")
    return shown(figure)
