"""The years of ILSVRC: the errors of its networks, and how sure these are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from course import plots
from course.labs.shared.pages import attempt, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOP5 = {  # year: (error in per cent, who, layers with weights); see the lab for the sources
    2012: (15.3, "AlexNet", 8),
    2014: (6.67, "GoogLeNet", 22),
    2015: (3.57, "ResNet", 152),
}
BESIDE = {2012: (26.2, "second place, no network"), 2014: (7.3, "second place, VGG")}
PERSON = 5.1


def draw_history() -> Figure:
    """Top-5 error of the winning entries of ILSVRC, those beside them, and a person."""
    ax = plots.axes(xlabel="ILSVRC of the year", figsize=(7.2, 3.9))
    ax.axhline(PERSON, color=plots.GREY, linestyle="--", linewidth=1.2)
    ax.text(2011.65, PERSON - 1.5, f"a trained person: {PERSON} %", color=plots.GREY, fontsize=9)
    ax.plot(list(TOP5), [error for error, _, _ in TOP5.values()], color=plots.GREY, linewidth=1)
    for year, (error, name, layers) in TOP5.items():
        ax.scatter(year, error, 25 + 2 * layers, color=plots.colour_of(name), zorder=3)
        text, above = f"{name}: {error:g} %\n{layers} layers", -13 if year == 2015 else 10
        ax.annotate(text, (year, error), xytext=(14, above), **_AT, fontsize=9.5)
    for year, (error, text) in BESIDE.items():
        ax.scatter(year, error, 40, facecolor="white", edgecolor=plots.INK, zorder=2)
        place, side = ((14, -3), "left") if year == 2012 else ((-12, -12), "right")
        look: dict[str, Any] = {"fontsize": 9, "color": plots.GREY, "ha": side}
        ax.annotate(f"{text}: {error:g} %", (year, error), xytext=place, **_AT, **look)
    ax.set_ylabel("top-5 error, per cent")
    ax.set_xlim(2011.6, 2015.9)
    ax.set_ylim(0, 30)
    ax.set_xticks(list(range(2012, 2016)))
    return shown(ax.figure)


_AT: dict[str, Any] = {"textcoords": "offset points"}
IMAGES = {  # what the errors above were counted on
    "AlexNet": (15.3, 100_000),
    "VGG": (7.3, 100_000),
    "GoogLeNet": (6.67, 100_000),
    "ResNet": (3.57, 100_000),
    "a person": (PERSON, 1_500),
}


def history_intervals(confidence_interval: Any) -> None:
    """Print the student's interval around each error of the history, in per cent."""

    def intervals() -> list[tuple[float, float]]:
        counts = ((round(error / 100 * images), images) for error, images in IMAGES.values())
        return [(100 * low, 100 * high) for low, high in (confidence_interval(*c) for c in counts)]

    found = attempt("confidence_interval", intervals) or []
    for (name, (error, images)), (low, high) in zip(IMAGES.items(), found, strict=False):
        print(f"{name:10} {error:5g} %  on {images:7,} images: {low:.2f} to {high:.2f} %")
