"""Figures on a notebook's page: in words too, sharp, in one size; texts that can be read."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
import torch

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot, text  # noqa: E402

from autograde.tree import find  # noqa: E402
from course import markup, plots  # noqa: E402
from course.plots import showing  # noqa: E402

COURSE = find(Path(__file__).parent)
BUILT = sorted((COURSE.root / "solutions" / "notebooks").glob("lab*/*.ipynb"))


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    pyplot.close("all")


class Image(HTMLParser):
    """The attributes of the one image."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.attributes = dict(attrs)


def image(html: str) -> dict[str, str | None]:
    parser = Image()
    parser.feed(html)
    return parser.attributes


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's ratio of two colours, ``#rrggbb``."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_curve_is_told_by_its_ends_and_what_is_beyond_them() -> None:
    ax = plots.curves([0, 1, 2], {"relu": [0.0, 3.0, 1.0]}, xlabel="x", ylabel="y", title="Rise")
    told = "Figure. Rise. y against x. relu: from 0 to 1, highest 3."
    assert plots.described(ax.figure) == told


def test_bars_are_told_with_their_names_and_values() -> None:
    ax = plots.axes(ylabel="share")
    ax.bar(["VGG", "ResNet"], [0.25, 0.75])
    assert "bars: VGG 0.25, ResNet 0.75" in plots.described(ax.figure)


def test_a_table_in_colours_is_told_with_its_numbers() -> None:
    ax = plots.heatmap([[0.1, 0.2]], ["rate 1"], ["ReLU", "tanh"], fmt=".0%")
    told = plots.described(ax.figure)
    assert "rows: rate 1. columns: ReLU, tanh. texts: 10 %, 20 %" in told


def test_panels_are_told_apart_and_long_texts_end() -> None:
    figure, axes = pyplot.subplots(1, 2)
    axes[0].set_title("left")
    axes[1].set_title("right")
    assert plots.described(figure) == "Figure. Panel 1: left. Panel 2: right."
    axes[1].text(0, 0, "x" * 5000)
    assert len(plots.described(figure)) == 1200


def test_a_picture_is_sharp_and_has_its_words() -> None:
    ax = plots.curves([0, 1, 2], {"<b>": [0.0, 3.0, 1.0]}, xlabel="x", ylabel="y")
    shown = showing.as_html(ax.figure)
    found = image(shown)
    assert found["alt"] == plots.described(ax.figure)
    assert "<b>" not in shown
    file = io.BytesIO()
    ax.figure.savefig(file, dpi=showing.DPI, bbox_inches="tight")
    assert abs(int(found["width"] or 0) - int.from_bytes(file.getvalue()[16:20], "big")) <= 1
    assert showing.SHARP == 2


def test_curves_turn_dark_with_the_page_and_photographs_do_not() -> None:
    curve = plots.curves([0, 1, 2], {"a": [0.0, 3.0, 1.0]}, xlabel="x", ylabel="y")
    assert showing.DARK in showing.as_html(curve.figure)
    assert showing.DARK not in showing.as_html(plots.image_grid(torch.rand(2, 1, 4, 4)).figure)


def figures() -> Iterator[tuple[str, matplotlib.figure.Figure]]:
    """What the labs draw without training anything."""
    from course.labs.lab00_setup.experiments import ilsvrc_history
    from course.labs.lab01_activations.experiments.explorer import static_explorer, tangent
    from course.labs.lab04_vgg import experiments as lab04
    from course.labs.lab05_inception import experiments as lab05
    from course.labs.lab06_resnet import experiments as lab06
    from course.labs.lab07_summary import experiments as lab07

    yield "ilsvrc_history", ilsvrc_history().figure
    yield "static_explorer", static_explorer()
    yield "tangent", tangent("elu", 1.0, -1.0)
    yield "draw_stored, lab 4", lab04.draw_stored()
    yield "draw_block", lab05.draw_block()
    yield "draw_stored, lab 5", lab05.draw_stored(["plain"])
    yield "draw_stored_gradients", lab06.draw_stored_gradients()
    yield "draw_combinations", lab06.draw_combinations()
    yield "draw_degradation", lab06.draw_degradation()
    yield "draw_history", lab07.draw_history()
    yield "draw_bubbles", lab07.draw_bubbles()


def test_no_text_of_a_figure_is_too_small_or_too_pale() -> None:
    wrong = []
    for name, figure in figures():
        figure.canvas.draw()
        for one in figure.findobj(text.Text):
            if not one.get_visible() or not one.get_text().strip():
                continue
            if one.get_fontsize() < showing.SMALLEST:
                wrong.append((name, one.get_text(), one.get_fontsize()))
            shade = matplotlib.colors.to_hex(one.get_color())
            if not any(ax.images for ax in figure.axes) and contrast(shade, "#ffffff") < 4.5:
                wrong.append((name, one.get_text(), shade))
    assert not wrong


@pytest.mark.parametrize("tone", ["GREEN", "RED", "ORANGE", "GREY"])
def test_badges_read_and_their_grounds_stand_out_on_light_and_dark_pages(tone: str) -> None:
    ground = getattr(markup, tone)
    assert contrast("#ffffff", ground) >= 4.5
    assert min(contrast(ground, "#ffffff"), contrast(ground, "#111111")) >= 3


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.parent.name)
def test_per_cent_is_written_one_way(path: Path) -> None:
    """``10 %`` in prose and in what the lab prints; code and tables of ``%`` apart."""
    wrong = []
    for cell in nbformat.read(path, as_version=4).cells:
        told = [cell.source] if cell.cell_type == "markdown" else list(outputs(cell))
        wrong += [found for one in told for found in re.findall(r".{0,30}\d%.{0,10}", one)]
    assert not wrong


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.parent.name)
def test_every_figure_of_a_lab_has_words(path: Path) -> None:
    pictures = [one for cell in nbformat.read(path, as_version=4).cells for one in drawn(cell)]
    assert pictures
    assert all(len(image(one).get("alt") or "") > 20 for one in pictures), json.dumps(pictures)[:99]


def outputs(cell: nbformat.NotebookNode) -> Iterator[str]:
    for one in cell.get("outputs", []):
        yield one.get("text", "")
        yield one.get("data", {}).get("text/plain", "")


def drawn(cell: nbformat.NotebookNode) -> Iterator[str]:
    for one in cell.get("outputs", []):
        data = one.get("data", {})
        assert "image/png" not in data, "a figure without words"
        if "<img" in data.get("text/html", ""):
            yield data["text/html"]
