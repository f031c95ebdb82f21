"""What a longer race gave, that was run before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from course import plots
from course.labs.shared.pages import shown, spread
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from matplotlib.figure import Figure


LAB = "lab04_vgg"


def draw_stored() -> Figure:
    """Test accuracy by epoch of the precomputed runs, and their table."""
    from matplotlib import pyplot

    plots.use_style()
    results = stored(LAB)
    figure, axes = pyplot.subplots(1, 2, figsize=(9.2, 3.4))
    looks = plots.looks_of([f"variant {name}" for name in results["runs"]])
    for (name, runs), look in zip(results["runs"].items(), looks.values(), strict=True):
        epochs = range(1, 1 + len(runs["test_accuracy"][0]))
        for ax, key in zip(axes, ("test_accuracy", "train_loss"), strict=True):
            plots.spread(ax, epochs, runs[key], name, look["color"])
        final = [curve[-1] for curve in runs["test_accuracy"]]
        loss = [curve[-1] for curve in runs["train_loss"]]
        print(f"{name:14} {spread(final, '.1%'):16} training loss {spread(loss, '.2f')}")
    plots.axes(axes[0], xlabel="epoch", ylabel="test accuracy")
    plots.axes(axes[1], xlabel="epoch", ylabel="training loss")
    axes[0].get_legend().remove()
    axes[1].legend(fontsize=9)
    print(results["about"])
    return shown(figure)
