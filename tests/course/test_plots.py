"""One plot style: colours that stay, labelled axes, numbers that can be read."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import colors, pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

from course import plots  # noqa: E402


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    pyplot.close("all")


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def png_bytes(ax: Axes) -> int:
    """Draw for real, as a notebook does; a warning on the way is an error."""
    page = io.BytesIO()
    assert ax.figure is not None
    ax.figure.savefig(page, bbox_inches="tight")  # type: ignore[union-attr]
    return len(page.getvalue())


# Style


def test_the_library_loads_without_matplotlib() -> None:
    code = (
        "import sys; from course import device, instruments, plots, training; "
        "sys.exit(any(name in sys.modules for name in ('matplotlib', 'torchvision')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_style_is_set_once_and_later_changes_stay() -> None:
    plots.use_style()
    assert matplotlib.rcParams["figure.facecolor"] == "white"
    assert matplotlib.rcParams["axes.prop_cycle"].by_key()["color"] == list(plots.PALETTE)
    with matplotlib.rc_context({"axes.grid": False}):
        plots.use_style()
        assert matplotlib.rcParams["axes.grid"] is False


@pytest.mark.parametrize(
    ("quantity", "tick"), [("test accuracy", "50 %"), ("top-5 error", "50 %"), ("loss", "0.5")]
)
def test_accuracy_and_error_are_in_per_cent(quantity: str, tick: str) -> None:
    ax = plots.axes(ylabel=quantity)
    ax.set_ylim(0, 1)
    ax.set_yticks([0.0, 0.5, 1.0])
    ax.figure.canvas.draw()
    assert ax.get_yticklabels()[1].get_text() == tick


# Colours


@pytest.mark.parametrize(
    "spellings",
    [
        ("relu", "ReLU", "relu + Kaiming"),
        ("leaky_relu", "LeakyReLU", "Leaky ReLU", "leaky-relu 0.1"),
        ("resnet", "ResNet-20", "resnet56", "small ResNet"),
        ("inception", "GoogLeNet", "Inception v1"),
        ("vgg", "VGG-16", "a small VGG"),
    ],
)
def test_one_name_has_one_colour_however_it_is_spelt(spellings: tuple[str, ...]) -> None:
    assert len({plots.colour_of(name) for name in spellings}) == 1


@pytest.mark.parametrize(
    "together",
    [
        ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu"),
        ("lenet", "alexnet", "vgg", "googlenet", "resnet", "plain"),
    ],
)
def test_names_that_meet_on_a_plot_have_different_colours(together: tuple[str, ...]) -> None:
    assert len({plots.colour_of(name) for name in together}) == len(together)


@given(st.text())
def test_any_name_has_a_lasting_colour_of_the_palette(name: str) -> None:
    assert plots.colour_of(name) in plots.PALETTE
    assert plots.looks_of([name])[name]["color"] == plots.colour_of(name)


@given(st.sets(st.integers(0, 999), max_size=len(plots.DASHES) * len(plots.PALETTE)))
@settings(max_examples=30)
def test_no_two_lines_of_a_plot_look_the_same(numbers: set[int]) -> None:
    looks = plots.looks_of([f"network {number}" for number in numbers])
    assert len(set(map(str, looks.values()))) == len(numbers)


def test_a_family_shares_its_colour_and_differs_by_dashes() -> None:
    looks = plots.looks_of(["plain-20", "plain-56", "ResNet-20", "ResNet-56"])
    colours = [look["color"] for look in looks.values()]
    dashes = [look["linestyle"] for look in looks.values()]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert dashes[0] == dashes[2] != dashes[1] == dashes[3]


# Curves


def test_curves_are_labelled_and_keep_their_names_colours() -> None:
    x = torch.linspace(-2, 2, 9)
    ax = plots.curves(
        x, {"tanh": x.tanh(), "ReLU": x.relu().numpy()}, xlabel="x", ylabel="f(x)", title="Two"
    )
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")) == ("x", "f(x)", "Two")
    assert [line.get_color() for line in ax.lines] == [plots.SKY, plots.VERMILLION]
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["tanh", "ReLU"]
    assert png_bytes(ax) < 60_000


def test_curves_of_tensors_with_gradients_on_axes_given_and_logarithmic() -> None:
    _, given_axes = pyplot.subplots()
    y = torch.tensor([1.0, 10.0], requires_grad=True)
    ax = plots.curves([1, 2], {"a": y}, given_axes, xlabel="x", ylabel="y", logx=True, logy=True)
    assert ax is given_axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_a_curve_of_another_length_is_named() -> None:
    with pytest.raises(ValueError, match=r"curve 'relu': expected shape \(3,\).*found \(2,\)"):
        plots.curves([1, 2, 3], {"relu": [1, 2]}, xlabel="x", ylabel="y")


# Spread


def test_a_spread_is_the_mean_and_one_sample_deviation_each_way() -> None:
    ax = plots.axes(xlabel="epoch", ylabel="loss")
    plots.spread(ax, [1, 2], [[1.0, 4.0], [3.0, 4.0]], "relu")
    assert np.asarray(ax.lines[0].get_ydata()).tolist() == [2.0, 4.0]
    assert ax.lines[0].get_color() == plots.colour_of("relu")
    corners = np.asarray(ax.collections[0].get_paths()[0].vertices)[:, 1]
    assert (corners.min(), corners.max()) == pytest.approx((2 - 2**0.5, 4.0))


def test_one_seed_has_no_band_and_shapes_are_checked() -> None:
    ax = plots.spread(plots.axes(), [1, 2, 3], torch.ones(1, 3))
    assert len(ax.collections) == 0
    with pytest.raises(ValueError, match=r"expected ys \(seeds, 3\), found shape \(3,\)"):
        plots.spread(ax, [1, 2, 3], [1, 2, 3])


# Histograms


def test_a_ridge_for_each_layer_with_the_first_at_the_top() -> None:
    generator = torch.Generator().manual_seed(0)
    layers = {f"layer {n}": torch.randn(50, 4, generator=generator) for n in range(4)}
    ax = plots.histograms_by_layer(layers, xlabel="activation")
    assert [label.get_text() for label in ax.get_yticklabels()] == list(layers)
    heights = ax.get_yticks()
    assert list(heights) == sorted(heights, reverse=True)
    assert ax.get_xlabel() == "activation"
    assert png_bytes(ax) < 60_000


def test_zeros_and_values_that_are_not_finite_are_said() -> None:
    values = torch.tensor([0.0, 0.0, 1.0, 3.0, float("nan"), float("inf"), 2.0, 2.0])
    ax = plots.histograms_by_layer({"relu": values, "dead": torch.zeros(5)})
    assert texts(ax) == ["std 1.1\n25 % zeros\n2 not finite", "std 0\n100 % zeros"]
    assert ax.get_xlim()[0] >= 0
    png_bytes(ax)


def test_magnitudes_go_on_a_logarithmic_axis() -> None:
    layers = {"first": torch.tensor([-1e-6, 1e-5]), "last": torch.tensor([0.1, -1.0, 0.0])}
    ax = plots.histograms_by_layer(layers, scale="log")
    assert ax.get_xscale() == "log"
    low, high = ax.get_xlim()
    assert low < 1e-5 < 0.1 < high
    png_bytes(ax)


def test_many_layers_are_named_sparsely() -> None:
    ax = plots.histograms_by_layer({str(n): torch.arange(3.0) for n in range(50)})
    assert [label.get_text() for label in ax.get_yticklabels()][:3] == ["0", "4", "8"]


@pytest.mark.parametrize("values", [{}, {"a": torch.ones(3), "b": torch.ones(0)}])
def test_an_empty_layer_is_refused(values: dict[str, torch.Tensor]) -> None:
    with pytest.raises(ValueError, match="an empty one or none"):
        plots.histograms_by_layer(values)


# Heat maps


def test_every_cell_has_its_number_in_a_colour_that_stands_out() -> None:
    ax = plots.heatmap(
        [[0.0, 1.0], [0.25, float("nan")]], ["a", "b"], ["c", "d"], fmt=".0%", xlabel="init"
    )
    assert texts(ax) == ["0 %", "100 %", "25 %", "nan"]
    assert [text.get_color() for text in ax.texts] == ["white", "black", "white", "black"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["c", "d"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert ax.get_xlabel() == "init"
    png_bytes(ax)


@pytest.mark.parametrize("name", ["viridis", "cividis", "Blues", "RdBu", "magma"])
def test_numbers_keep_a_contrast_of_four_and_a_half(name: str) -> None:
    """WCAG's threshold for text; checked over whole colour maps."""
    for shade in matplotlib.colormaps[name](np.linspace(0, 1, 64)):
        linear = np.where(
            shade[:3] <= 0.04045, shade[:3] / 12.92, ((shade[:3] + 0.055) / 1.055) ** 2.4
        )
        luminance = linear @ (0.2126, 0.7152, 0.0722)
        ink = colors.to_rgb(plots.readable_on(shade))[0]
        dark, light = sorted((luminance, ink))
        assert (light + 0.05) / (dark + 0.05) > 4.5


def test_limits_hold_across_heat_maps() -> None:
    ax = plots.heatmap([[0.5]], ["a"], ["b"], limits=(0, 1))
    assert ax.images[0].get_clim() == (0, 1)


def test_a_table_without_a_finite_number_can_be_shown() -> None:
    png_bytes(plots.heatmap([[float("nan")]], ["a"], ["b"]))


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(1, 2\) to fit the labels, found \(2, 1\)"):
        plots.heatmap([[1], [2]], ["a"], ["b", "c"])


# Images


def test_images_with_labels_in_rows() -> None:
    images = torch.zeros(5, 3, 8, 8, dtype=torch.uint8)
    ax = plots.image_grid(images, torch.arange(5), columns=2, title="Five")
    assert texts(ax) == ["0", "1", "2", "3", "4"]
    corners = [tuple(np.round(image.get_extent(), 2)) for image in ax.images]
    assert len({(left, top) for left, _, _, top in corners}) == 5
    assert len({top for _, _, _, top in corners}) == 3
    assert ax.get_title(loc="left") == "Five"
    assert png_bytes(ax) < 60_000


@pytest.mark.parametrize(
    ("images", "shown"),
    [
        (torch.tensor([0, 51, 255], dtype=torch.uint8), [0.0, 0.2, 1.0]),
        (torch.tensor([0.1, 0.2, 0.9]), [0.1, 0.2, 0.9]),
        (torch.tensor([-1.0, 0.0, 3.0]), [0.0, 0.25, 1.0]),
        (torch.tensor([2.0, 2.0, 2.0]), [0.0, 0.0, 0.0]),
    ],
)
def test_brightness(images: torch.Tensor, shown: list[float]) -> None:
    ax = plots.image_grid(images.view(1, 1, 3))
    pixels = np.asarray(ax.images[0].get_array())
    assert pixels.shape == (1, 3, 3)
    np.testing.assert_allclose(pixels[0, :, 1], shown, rtol=1e-6)


@pytest.mark.parametrize("shape", [(0, 1, 4, 4), (2, 2, 4, 4), (4, 4)])
def test_what_is_no_stack_of_images_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected one image or more"):
        plots.image_grid(torch.zeros(shape))


def test_a_label_for_each_image() -> None:
    with pytest.raises(ValueError, match="expected 2 labels, one for each image; found 1"):
        plots.image_grid(torch.zeros(2, 4, 4), ["a"])


# Filters, feature maps, receptive fields


def test_filters_have_zero_in_the_middle_of_the_scale() -> None:
    weights = torch.zeros(3, 1, 2, 2)
    weights[0, 0, 0, 0], weights[1, 0, 0, 0] = 2.0, -1.0
    ax = plots.filters(weights, columns=2)
    assert len(ax.images) == 3
    blank = np.asarray(ax.images[2].get_array())
    assert np.ptp(blank) < 0.02  # white or nearly
    assert blank.mean() > 0.95
    assert png_bytes(ax) > 1_000


@pytest.mark.parametrize(("shape", "pictures"), [((4, 3, 5, 5), 4), ((4, 6, 3, 3), 4 * 5)])
def test_filters_of_colours_and_of_many_channels(shape: tuple[int, ...], pictures: int) -> None:
    ax = plots.filters(torch.randn(shape, requires_grad=True), columns=5)
    assert len(ax.images) == pictures


def test_each_feature_map_has_its_own_scale_and_a_flat_one_is_grey() -> None:
    maps = torch.stack([torch.eye(4), 100 * torch.eye(4), torch.zeros(4, 4)])
    ax = plots.feature_maps(maps)
    first, second, flat = (np.asarray(image.get_array()) for image in ax.images)
    np.testing.assert_allclose(first, second)
    assert np.ptp(first) > 0.5
    np.testing.assert_allclose(flat, 0.9)
    assert texts(ax) == ["", "", "0 everywhere"]


def test_filters_and_maps_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"filters \(K, C, h, w\), found \(3, 3\)"):
        plots.filters(torch.zeros(3, 3))
    with pytest.raises(ValueError, match=r"found \(2, 3, 4, 4\): take one image"):
        plots.feature_maps(torch.zeros(2, 3, 4, 4))


def test_a_receptive_field_is_drawn_with_its_box() -> None:
    from course.instruments import ReceptiveField

    ax = plots.receptive_field(torch.eye(8), ReceptiveField(2, 1, 5, 6, clipped=False))
    (box,) = ax.patches
    assert box.get_bbox().bounds == (0.5, 1.5, 6.0, 4.0)  # type: ignore[attr-defined]
    assert png_bytes(ax) > 1_000
