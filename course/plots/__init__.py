"""One plot style for all labs.

The palette is Okabe and Ito's (2008), made for readers who see colours differently. A name that
the course knows, such as ``relu`` or ``ResNet-20``, has the same colour in every lab; names of one
family on one plot differ by their dashes.

Helpers draw on the axes that they are given, or on new ones, and return them. Matplotlib loads on
the first call, not on import.
"""

from __future__ import annotations

from course.plots.curves import curves, histograms_by_layer, spread
from course.plots.pictures import feature_maps, filters, heatmap, image_grid, receptive_field
from course.plots.showing import shown, use_display
from course.plots.style import (
    BLUE,
    COLOURS,
    DASHES,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALETTE,
    PURPLE,
    SKY,
    STYLE,
    VERMILLION,
    axes,
    colour_of,
    looks_of,
    readable_on,
    use_style,
)
from course.plots.words import described

__all__ = [
    "BLUE",
    "COLOURS",
    "DASHES",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PALETTE",
    "PURPLE",
    "SKY",
    "STYLE",
    "VERMILLION",
    "axes",
    "colour_of",
    "curves",
    "described",
    "feature_maps",
    "filters",
    "heatmap",
    "histograms_by_layer",
    "image_grid",
    "looks_of",
    "readable_on",
    "receptive_field",
    "shown",
    "spread",
    "use_display",
    "use_style",
]
