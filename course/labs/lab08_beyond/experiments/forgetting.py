"""Saliency maps of a network that forgets what it has learned, from the top."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course import plots
from course.device import seeded
from course.experiments import where_it_can
from course.labs.lab08_beyond.experiments.networks import LAB, Looker, trained_network
from course.labs.shared.pages import attempt, estimate, shown
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Maps = Callable[[nn.Module, Tensor, Tensor], Tensor]
PARTS = ("head", "block3", "block2", "block1", "stem")  # from the top
STEPS = ("nothing", *PARTS)


def forgotten(model: nn.Module, parts: int, seed: int) -> nn.Module:
    """A copy whose last ``parts`` parts with weights are drawn anew."""
    other = copy.deepcopy(model)
    with seeded(seed):
        for name in PARTS[:parts]:
            for layer in other.get_submodule(name).modules():
                if isinstance(layer, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
                    layer.reset_parameters()
    return other.eval()


def draw_saliency(saliency: Maps, looker: Looker) -> Figure | None:
    """Images, and their maps by the student's function while the network forgets."""
    from matplotlib import pyplot

    picked = [int((looker.labels == k).nonzero()[0]) for k in (0, 5, 8, 9)]
    images, labels = looker.images[picked], looker.labels[picked]

    def work(place: torch.device) -> list[Tensor]:
        nets = [forgotten(looker.model, parts, 1).to(place) for parts in range(len(STEPS))]
        return [saliency(net, images.to(place), labels.to(place)).cpu() for net in nets]

    maps = attempt("saliency", lambda: where_it_can("saliency", work))
    if maps is None:
        return None
    plots.use_style()
    titles = ["image", "trained", "+ head", "+ block 3", "+ block 2", "+ block 1", "+ stem"]
    figure, axes = pyplot.subplots(len(picked), len(titles), figsize=(9.2, 5.4))
    for row, place in zip(axes, range(len(picked)), strict=True):
        pictures = [images[place, 0], *(m[place] for m in maps)]
        for number, (ax, shade) in enumerate(zip(row, pictures, strict=True)):
            ax.imshow(shade, cmap="magma" if number else "gray")
            ax.set_xticks([])
            ax.set_yticks([])
            ax.grid(visible=False)
        row[0].set_ylabel(looker.classes[int(labels[place])], fontsize=8)
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set_title(title, fontsize=9)
    figure.suptitle("drawn anew: nothing, then from the head down to everything", fontsize=9)
    return shown(figure)


def rank_correlation(one: Tensor, other: Tensor) -> Tensor:
    """Spearman's, of each pair of maps ``(N, H, W)``; ties as they come: ``(N,)``."""
    ranks = [maps.flatten(1).argsort(dim=1).argsort(dim=1).double() for maps in (one, other)]
    first, second = (rank - rank.mean(dim=1, keepdim=True) for rank in ranks)
    return (first * second).sum(dim=1) / (first.norm(dim=1) * second.norm(dim=1))


def measured_forgetting(saliency: Maps, seeds: Sequence[int], images: int = 100) -> dict[str, Any]:
    """How similar maps stay, mean over images, network by network; and two controls."""
    found: dict[str, list[float]] = {name: [] for name in STEPS[1:]}
    controls: dict[str, list[float]] = {"another trained network": [], "the image itself": []}
    for seed in seeds:
        looker, twin = trained_network(seed), trained_network(seeds[(seed + 1) % len(seeds)])
        some, labels = looker.images[:images], looker.labels[:images]
        maps = saliency(looker.model, some, labels)

        def like(others: Tensor, maps: Tensor = maps) -> float:
            return round(float(rank_correlation(maps, others).mean()), 4)

        for parts, name in enumerate(STEPS[1:], start=1):
            net = forgotten(looker.model, parts, seed)
            found[name].append(like(saliency(net, some, labels)))
        controls["another trained network"].append(like(saliency(twin.model, some, labels)))
        noise = 1e-6 * torch.rand(some.shape, generator=torch.Generator().manual_seed(seed))
        controls["the image itself"].append(like((some + noise)[:, 0]))
        print(seed, {name: values[-1] for name, values in (found | controls).items()}, flush=True)
    about = f"precomputed: {len(seeds)} networks, {images} test images, CPU"
    return {"about": about, "forgotten": found, "controls": controls}


def draw_forgetting() -> Figure:
    """Rank correlation with the trained network's map, by what was drawn anew."""
    results = stored(LAB)["forgetting"]
    ax = plots.axes(
        xlabel="drawn anew, from the top down to …", ylabel="rank correlation", figsize=(6.8, 3.4)
    )
    values = torch.tensor(list(results["forgotten"].values()))
    error = values.std(dim=1) / values.shape[1] ** 0.5
    ax.errorbar(range(len(PARTS)), values.mean(dim=1), error, color=plots.BLUE, marker="o",
                capsize=3, label="the same network, forgetting")  # fmt: skip
    colours = (plots.GREEN, plots.VERMILLION)
    for (name, numbers), colour in zip(results["controls"].items(), colours, strict=True):
        middle = sum(numbers) / len(numbers)
        ax.axhline(middle, color=colour, linestyle="--", label=name)
        print(f"{name:26} {estimate(numbers, '.2f')}")
    for name, numbers in results["forgotten"].items():
        print(f"down to {name:18} {estimate(numbers, '.2f')}")
    ax.set_xticks(range(len(PARTS)), PARTS)
    ax.axhline(0, color=plots.GREY, linewidth=0.8)
    ax.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0, 0.06))  # between the lines
    print("mean ± standard error\n" + results["about"])
    return shown(ax.figure)
