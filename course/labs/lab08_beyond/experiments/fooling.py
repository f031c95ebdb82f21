"""Images that fool: one step along the sign of the gradient, and many towards a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from course import plots
from course.experiments import where_it_can
from course.labs.lab08_beyond.experiments.networks import (
    LAB,
    Looker,
    accuracy,
    answers,
    trained_network,
)
from course.labs.shared.pages import attempt, estimate, shown
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Attack = Callable[..., Tensor]
EPSILONS = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16)
GRADIENT, CHANCE = "sign of the gradient", "signs by chance"
SOME, QUICK = 300, 100  # images of an accuracy, stored and live
SEARCH: dict[str, Any] = {"epsilon": 0.08, "step": 0.01, "steps": 20}
FAR = {**SEARCH, "epsilon": 0.16}  # for the picture


def by_chance(images: Tensor, epsilon: float, seed: int) -> Tensor:
    """The same step for every pixel, up or down by the toss of a coin."""
    coins = torch.rand(images.shape, generator=torch.Generator().manual_seed(seed)) - 0.5
    return (images + epsilon * coins.sign().to(images.device)).clamp(0, 1)


def curves(attack: Attack, looker: Looker, seed: int, count: int = SOME) -> dict[str, list[float]]:
    """Accuracy by epsilon, after the attack's step and after the control's."""
    images, labels = looker.images[:count], looker.labels[:count]
    fooled = [attack(looker.model, images, labels, epsilon) for epsilon in EPSILONS]
    tossed = [by_chance(images, epsilon, seed) for epsilon in EPSILONS]
    return {
        name: [round(accuracy(looker.model, moved, labels), 4) for moved in kind]
        for name, kind in ((GRADIENT, fooled), (CHANCE, tossed))
    }


def draw_attack(attack: Attack, looker: Looker, epsilon: float = 0.04) -> Figure | None:
    """Some images before and after the student's step, with the network's answers."""
    right = answers(looker.model, looker.images) == looker.labels
    firsts = [int((right & (looker.labels == k)).nonzero()[0]) for k in (1, 4, 5, 8, 9)]
    images, labels = looker.images[firsts], looker.labels[firsts]

    def work(place: torch.device) -> tuple[Tensor, dict[str, list[float]]]:
        there = looker.to(place)
        moved = attack(there.model, images.to(place), labels.to(place), epsilon)
        return moved.cpu(), curves(attack, there, 0, QUICK)

    done = attempt("fast_gradient_sign", lambda: where_it_can("fast_gradient_sign", work))
    if done is None:
        return None
    moved, found = done
    for name, values in found.items():
        told = "  ".join(f"{e:g}: {100 * v:.0f} %" for e, v in zip(EPSILONS, values, strict=True))
        print(f"accuracy by ε, {name:21} {told}")
    change = (moved - images) / (2 * epsilon) + 0.5
    return _rows(looker, {"before": images, "the change": change, "after": moved})


def draw_fooled(search: Attack, looker: Looker) -> Figure | None:
    """One image led to each class by the student's search; and how often that works."""
    from matplotlib import pyplot

    image, targets = looker.images[:1].expand(10, -1, -1, -1), torch.arange(10)

    def work(place: torch.device) -> tuple[Tensor, float]:
        there = looker.to(place)
        led = search(there.model, image.to(place), targets.to(place), **FAR)
        return led.cpu(), success(search, there, 0, QUICK)

    done = attempt("fooling_images", lambda: where_it_can("fooling_images", work))
    if done is None:
        return None
    found, share = done
    print(f"led to a class drawn by chance, ε = 0.08: {100 * share:.0f} % of {QUICK} images")
    named = answers(looker.model, found)
    plots.use_style()
    figure, axes = pyplot.subplots(2, 5, figsize=(9.2, 4.2))
    for ax, picture, target, answer in zip(axes.flat, found, targets, named, strict=True):
        ax.imshow(picture[0].detach(), cmap="gray", vmin=0, vmax=1)
        hit = "reached" if target == answer else f"says {looker.classes[int(answer)]}"
        _bare(ax, f"target: {looker.classes[int(target)]}\n{hit}")
    return shown(figure)


def success(search: Attack, looker: Looker, seed: int, count: int = SOME) -> float:
    """The share of images that are led to a class other than the true one, drawn by chance."""
    images, labels = looker.images[:count], looker.labels[:count]
    hops = torch.randint(1, 10, labels.shape, generator=torch.Generator().manual_seed(seed))
    targets = (labels + hops.to(labels.device)) % 10
    return accuracy(looker.model, search(looker.model, images, targets, **SEARCH), targets)


def measured_attacks(attack: Attack, search: Attack, seeds: Sequence[int]) -> dict[str, Any]:
    """Accuracy by epsilon, and how often the search reaches its target, network by network."""
    runs: dict[str, list[list[float]]] = {GRADIENT: [], CHANCE: []}
    reached = []
    for seed in seeds:
        looker = trained_network(seed)
        for name, values in curves(attack, looker, seed).items():
            runs[name].append(values)
        reached.append(round(success(search, looker, seed), 4))
        print(seed, {name: values[-1] for name, values in runs.items()}, reached[-1], flush=True)
    about = f"precomputed: {len(seeds)} networks, {SOME} test images, CPU"
    return {"about": about, "runs": runs, "targets reached": reached}


def draw_attacks() -> Figure:
    """Accuracy by epsilon of several networks, and how often targets are reached."""
    results = stored(LAB)["attacks"]
    ax = plots.axes(xlabel="ε, of pixels in [0, 1]", ylabel="test accuracy", figsize=(6.6, 3.3))
    for (name, runs), colour in zip(
        results["runs"].items(), (plots.VERMILLION, plots.GREY), strict=True
    ):
        values = torch.tensor(runs)
        error = values.std(dim=0) / len(runs) ** 0.5
        ax.errorbar(EPSILONS, values.mean(dim=0), error, color=colour, marker="o", capsize=3,
                    label=name)  # fmt: skip
        for epsilon, column in zip(EPSILONS, values.T.tolist(), strict=True):
            print(f"{name:21} ε = {epsilon:<5g} {estimate(column, '.1%')}")
    print(
        f"targets reached, ε = {SEARCH['epsilon']}: {estimate(results['targets reached'], '.1%')}"
    )
    print("mean ± standard error\n" + results["about"])
    ax.set_ylim(0, 1)
    ax.legend()
    return shown(ax.figure)


def _rows(looker: Looker, rows: dict[str, Tensor]) -> Figure:
    from matplotlib import pyplot

    plots.use_style()
    columns = len(next(iter(rows.values())))
    figure, axes = pyplot.subplots(len(rows), columns, figsize=(8.4, 5.2))
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        named = answers(looker.model, pictures)
        for ax, picture, answer in zip(line, pictures, named, strict=True):
            ax.imshow(picture[0].detach(), cmap="gray", vmin=0, vmax=1)
            _bare(ax, "" if name == "the change" else looker.classes[int(answer)])
        line[0].set_ylabel(name, fontsize=9)
    return shown(figure)


def _bare(ax: Any, title: str) -> None:
    ax.set_title(title, fontsize=8)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
