"""Accuracy on test images that are moved to the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course import plots
from course.labs.lab02_lenet.experiments.studies import Study, accuracy
from course.labs.lab02_lenet.images import shifted
from course.labs.shared.pages import shown
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHIFTS = tuple(range(9))
RECORDED_SHIFTS: dict[str, dict[str, Any]] = {
    "LeNet, plain": {"color": plots.SKY, "linestyle": "-"},
    "perceptron, plain": {"color": plots.VERMILLION, "linestyle": "-"},
    "LeNet, jittered": {"color": plots.SKY, "linestyle": "--"},
    "perceptron, jittered": {"color": plots.VERMILLION, "linestyle": "--"},
}


def by_shift(model: nn.Module, test: tuple[Tensor, Tensor]) -> list[float]:
    """Test accuracy when all test images are moved 0 to 8 pixels to the right."""
    images, labels = test
    return [accuracy(model, (shifted(images, by), labels)) for by in SHIFTS]


def draw_shifts(study: Study, test_images: int = 1000) -> Figure:
    """Accuracy on shifted test images: this run, and the recorded one with its spread."""
    from matplotlib import pyplot

    plots.use_style()
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8.8, 3.5), sharey=True)
    test = (study.data.test[0][:test_images], study.data.test[1][:test_images])
    for (name, pixels), models in study.models.items():
        if pixels == "plain":
            curves = torch.tensor([by_shift(model, test) for model in models])
            plots.spread(left, SHIFTS, curves, name, _colour(name))
    for key, look in RECORDED_SHIFTS.items():
        runs = torch.tensor(stored("lab02_lenet")["by shift"][key])
        name = key.replace(", plain", "").replace(", jittered", ", trained with shifts")
        plots.spread(right, SHIFTS, runs, name, look["color"])
        right.lines[-1].set_linestyle(look["linestyle"])
    for ax, title in ((left, "this run"), (right, "recorded, 5 seeds")):
        plots.axes(ax, xlabel="shift of the test images, pixels", ylabel="accuracy", title=title)
        ax.set_ylim(0, 1)
        ax.legend(loc="lower left", fontsize=9)
    right.set_ylabel("")
    return shown(figure)


def _colour(name: str) -> str:
    return plots.VERMILLION if name == "perceptron" else plots.colour_of("LeNet")
