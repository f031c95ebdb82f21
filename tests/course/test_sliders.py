"""Somebody moves a slider: the figure follows, and says so while it is made."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib.figure import Figure

from course.labs.lab01_activations import experiments as activations
from course.labs.lab06_resnet import experiments as gradients
from course.labs.shared import sliders
from course.plots.showing import as_html

widgets = pytest.importorskip("ipywidgets")


class Page:
    """What a notebook's page shows: the box of controls, and the figure as it was updated last."""

    def __init__(self) -> None:
        self.box: Any = None
        self.figures: list[Figure] = []

    def display(self, shown: Any, display_id: bool = False) -> Any:
        if not display_id:
            self.box = shown
            return None
        self.figures.append(shown)
        return SimpleNamespace(update=self.figures.append)

    @property
    def status(self) -> str:
        """What stands below the controls."""
        return str(self.box.children[-1].value)

    def control(self, name: str) -> Any:
        return next(one for one in self.box.children if one.description == name)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    page = Page()
    monkeypatch.setattr("IPython.display.display", page.display)
    monkeypatch.setenv("JPY_SESSION_NAME", "lab.ipynb")  # somebody is there
    return page


@pytest.mark.parametrize(
    ("explore", "name", "value"),
    [
        (activations.explorer, "x", 2.0),
        (activations.explorer, "parameter", 0.5),
        (activations.explorer, "activation", "tanh"),
        (gradients.explorer, "depth", 8),
        (gradients.explorer, "BatchNorm", False),
    ],
)
def test_does_the_figure_follow_what_is_moved(
    page: Page, explore: Callable[[], Any], name: str, value: Any
) -> None:
    explore()
    before = as_html(page.figures[-1])
    page.control(name).value = value
    assert len(page.figures) == 2
    assert as_html(page.figures[-1]) != before
    assert page.status == ""


def test_is_it_said_that_a_figure_is_being_made(page: Page) -> None:
    said = []

    def draw(number: int) -> Figure:
        said.append((number, page.status if page.box else ""))
        return Figure()

    sliders.follow(draw, number=widgets.IntSlider(3, min=0, max=9))
    page.control("number").value = 5
    assert said == [(3, sliders.BUSY), (5, sliders.BUSY)]
    assert 'role="status"' in sliders.BUSY  # a screen reader says it
    assert page.status == ""


def test_does_the_word_go_away_where_drawing_fails_and_does_the_next_move_work(page: Page) -> None:
    def draw(number: int) -> Figure:
        if number == 5:
            raise ValueError("five is not drawn")
        return Figure()

    sliders.follow(draw, number=widgets.IntSlider(3, min=0, max=9))
    with pytest.raises(ValueError, match="five"):
        page.control("number").value = 5
    assert page.status == ""
    assert len(page.figures) == 1
    page.control("number").value = 7
    assert len(page.figures) == 2


def test_does_a_page_without_somebody_get_a_still_picture(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME")
    for name in ("VSCODE_PID", "VSCODE_CWD", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    assert isinstance(activations.explorer(), Figure)
    assert page.box is None
