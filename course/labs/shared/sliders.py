"""Figures that follow sliders, where somebody can move them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BUSY = '<span role="status">⏳ calculating; the figure below is the last one</span>'


def follow(draw: Callable[..., Figure], **controls: Any) -> None:
    """Show controls, and below them the figure that ``draw`` makes of their values.

    The figure is an output of the cell itself, not part of a widget: what was drawn last stays in
    the notebook when it is saved, printed or opened elsewhere.

    Args:
        draw: takes the values by name.
        controls: widgets of ipywidgets, by the name of the value.
    """
    import ipywidgets as widgets
    from IPython.display import display

    for name, control in controls.items():
        control.description = control.description or name
    busy = widgets.HTML(BUSY)
    display(widgets.VBox([*controls.values(), busy]))

    def drawn() -> Figure:
        return draw(**{name: control.value for name, control in controls.items()})

    figure = display(drawn(), display_id=True)
    busy.value = ""

    def redraw(_: Any) -> None:
        busy.value = BUSY
        try:
            figure.update(drawn())
        finally:
            busy.value = ""

    for control in controls.values():
        control.observe(redraw, "value")
