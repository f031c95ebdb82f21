"""The record of ILSVRC."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from course import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Entry(NamedTuple):
    """A result of ILSVRC classification: top-5 error in per cent, and where it is stated."""

    year: str
    name: str
    error: float
    source: str


ILSVRC = (
    Entry("2012", "second best", 26.2, "Krizhevsky et al. 2012"),
    Entry("2012", "AlexNet, winning entry", 15.3, "Krizhevsky et al. 2012"),
    Entry("2014", "VGG", 7.3, "Simonyan and Zisserman 2015"),
    Entry("2014", "GoogLeNet", 6.67, "Szegedy et al. 2015"),
    Entry("2015", "ResNet", 3.57, "He et al. 2016"),
)
PERSON = Entry("", "a trained person", 5.1, "Russakovsky et al. 2015")


def ilsvrc_history() -> Axes:
    """Top-5 test errors of the entries that the course rebuilds, and a person's."""
    ax = plots.axes(xlabel="top-5 error on the test images, %", figsize=(6.4, 2.6))
    names = [f"{entry.year}  {entry.name}" for entry in ILSVRC]
    colours = [plots.GREY, *(plots.colour_of(entry.name) for entry in ILSVRC[1:])]
    bars = ax.barh(names, [entry.error for entry in ILSVRC], color=colours, height=0.62)
    ax.axvline(PERSON.error, color=plots.INK, linestyle=":", linewidth=1.5, zorder=1.5)
    for text in ax.bar_label(bars, [f"{entry.error:g}" for entry in ILSVRC], padding=4):
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})
    ax.text(PERSON.error + 0.4, -0.62, f"{PERSON.name}: {PERSON.error}", fontsize=10)
    ax.set_ylim(len(ILSVRC) - 0.5, -1.0)
    ax.set_xlim(0, 30)
    ax.grid(axis="y", visible=False)
    return ax
