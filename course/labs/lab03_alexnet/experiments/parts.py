"""AlexNet's parts at work, by the student's functions: normalisation, dropout, light."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from course import plots
from course.labs.shared.pages import attempt, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from course.data import Dataset


T = TypeVar("T")


def written(function: T | None) -> T:
    """The student's function.

    Raises:
        NotImplementedError: its cell has not been run yet.
    """
    if function is None:
        raise NotImplementedError
    return function


def _like(x: Tensor, y: Any) -> Tensor:
    if not isinstance(y, Tensor) or y.shape != x.shape:
        raise ValueError(f"expected a tensor of shape {tuple(x.shape)} from it")
    return y


# Local response normalisation -------------------------------------------------------------


def draw_normalised(local_response_norm: Any) -> Figure | None:
    """Twelve channels at one pixel before and after, for two strengths α, by the student's code."""
    from matplotlib import pyplot

    x = torch.tensor([1, 1, 1, 9, 1, 1, 1, 6, 7, 6, 1, 1.0]).view(1, 12, 1, 1)
    strengths = {"α = 0.0001, the paper's": 1e-4, "α = 0.1": 0.1}

    def normalised() -> dict[str, Tensor]:
        function = written(local_response_norm)
        return {name: _like(x, function(x, alpha=alpha)) for name, alpha in strengths.items()}

    after = attempt("local_response_norm", normalised)
    if after is None:
        return None
    plots.use_style()
    figure, axes = pyplot.subplots(1, 3, figsize=(9.2, 2.6), sharex=True)
    for ax, (name, y) in zip(axes, {"before": x, **after}.items(), strict=True):
        colour = plots.GREY if name == "before" else plots.colour_of("alexnet")
        ax.bar(range(12), y.flatten().tolist(), color=colour)
        plots.axes(ax, xlabel="channel", title=name)
        ax.set_xticks(range(0, 12, 3))
        ax.title.set_fontsize(10)
        ax.grid(axis="x", visible=False)
    axes[0].set_ylabel("activity")
    return shown(figure)


# Dropout ----------------------------------------------------------------------------------


def draw_masks(
    dropout: Any, paper_dropout: Any, p: float = 0.5, masks: int = 2000
) -> Figure | None:
    """How the mean over masks nears the single pass without dropout, for one hidden layer.

    The network is linear behind the dropped layer, so the two agree in the end; the check of
    that is this plot.
    """
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(200, generator=generator).relu()
    weight = torch.randn(200, generator=generator) / 14
    ax = None
    for name, function in {"dropout": dropout, "paper_dropout": paper_dropout}.items():

        def passes(function: Any = function) -> tuple[Tensor, Tensor]:
            rest = _like(hidden, written(function)(hidden, p, False))
            masked = [function(hidden, p, True, generator=generator) for _ in range(masks)]
            return rest, torch.stack([_like(hidden, one) for one in masked])

        found = attempt(name, passes)
        if found is None:
            continue
        rest, masked = found
        outputs = masked @ weight
        count = torch.arange(1, masks + 1)
        ax = ax or plots.axes(xlabel="number of masks", ylabel="output of the next neuron")
        colour = plots.BLUE if name == "dropout" else plots.VERMILLION
        ax.plot(count, outputs.cumsum(0) / count, color=colour, label=f"{name}, mean of masks")
        ax.axhline(float(rest @ weight), color=colour, linestyle="--", label=f"{name}, at rest")
        ax.set_xscale("log")
    if ax is None:
        return None
    ax.figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return shown(ax.figure)


# Light ------------------------------------------------------------------------------------


def colour_directions(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """Eigenvalues (3,), the largest first, and eigenvectors (3, 3) of the pixels' covariance.

    Pixels in [0, 1] units. The vectors are the columns.
    """
    pixels = dataset.train.images.movedim(1, -1).reshape(-1, 3).double() / 255
    values, vectors = torch.linalg.eigh(torch.cov(pixels[::7].T))  # a seventh of them will do
    return values.flip(0).float(), vectors.flip(1).float()


def draw_lighting(pca_lighting: Any, dataset: Dataset, std: float = 0.1) -> Figure | None:
    """One image under seven lights, for the paper's strength and for a stronger one."""
    from matplotlib import pyplot

    image = dataset.train.images[3].float() / 255
    values, vectors = colour_directions(dataset)
    generator = torch.Generator().manual_seed(1)
    alphas = torch.randn(7, 3, generator=generator)
    rows = []
    for strength in (std, 10 * std):

        def lit(strength: float = strength) -> list[Tensor]:
            function = written(pca_lighting)
            return [_like(image, function(image, values, vectors, strength * a)) for a in alphas]

        images = attempt("pca_lighting", lit)
        if images is None:
            return None
        rows.append(torch.stack([image, *images]).clamp(0, 1))
    plots.use_style()
    figure, axes = pyplot.subplots(2, 1, figsize=(7.2, 2.4))
    for ax, row, strength in zip(axes, rows, (std, 10 * std), strict=True):
        plots.image_grid(row, ax=ax, columns=8)
        ax.set_title(f"left: as it is; then α of standard deviation {strength:g}", fontsize=9)
    return shown(figure)


def say_lighting(values: Tensor, vectors: Tensor, alpha: float = 0.1) -> None:
    """Print how far α = 0.1 along the first direction moves a channel, for three readings of λ.

    Args:
        values: eigenvalues (3,) for pixels in [0, 1], the largest first.
        vectors: eigenvectors (3, 3), in columns.
    """
    part = float(vectors[:, 0].abs().mean())
    readings = {
        "λ, pixels in [0, 1]": 255 * float(values[0]),
        "λ, pixels from 0 to 255": 255**2 * float(values[0]),
        "the square root of λ, in either unit": 255 * float(values[0]) ** 0.5,
    }
    for name, size in readings.items():
        print(f"{name:38} {alpha * size * part:6.1f} of 255")
