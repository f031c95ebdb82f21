"""How a figure shows in a notebook: one size, sharp, in words too, and dark where the page is."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING, Any

from course.plots.words import described

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 92  # of a page's pixels: 8½ points of a figure are 11 pixels, a little more than 8 points
SHARP = 2  # pixels of the picture for one of the page, each way
SMALLEST = 8.4  # points of a figure; 8 of the page. No text is smaller

# A page's theme is known by a class or attribute of JupyterLab, VS Code or Colab. Where a page
# drops styles, as for a notebook that is not trusted, the picture stays on white, and reads.
DARK = (
    "<style>"
    '[data-jp-theme-light="false"] .course-figure,.vscode-dark .course-figure,'
    "[theme=dark] .course-figure{filter:invert(.93) hue-rotate(180deg)}"
    "</style>"
)


def use_display() -> None:
    """Let this notebook show its figures so, the reader's own too; elsewhere it does nothing."""
    try:
        from IPython import get_ipython
        from matplotlib_inline.config import InlineBackend
    except ImportError:
        return
    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return
    from matplotlib.figure import Figure

    InlineBackend.instance(parent=shell).figure_formats = set()
    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type(Figure, as_html)
    formatters["text/plain"].for_type(Figure, lambda figure, p, cycle: p.text(described(figure)))


def as_html(figure: Figure) -> str:
    """The figure as an image element; its alternative text says what its data say."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI * SHARP, bbox_inches="tight")
    picture = file.getvalue()
    width = int.from_bytes(picture[16:20], "big") // SHARP  # PNG's header
    source = f'src="data:image/png;base64,{base64.b64encode(picture).decode()}" width="{width}"'
    image = f'<img {source} alt="{escape(described(figure))}"'
    if any(ax.images for ax in figure.axes):  # photographs and scales of colour stay as they are
        return f"{image}>"
    return f'{image} class="course-figure">{DARK}'


def shown(figure: Any) -> Any:
    """The figure, closed, so that a notebook shows it once: as the value of its cell."""
    from matplotlib import pyplot

    pyplot.close(figure)
    figure.set_dpi(DPI)
    return figure
