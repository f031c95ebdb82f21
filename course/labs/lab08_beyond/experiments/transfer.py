"""Transfer to few images: frozen, fine-tuned, from scratch, and a frozen backbone of chance."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course import plots
from course.device import seeded
from course.labs.lab08_beyond.experiments.networks import (
    FEATURES,
    FIRST,
    LAB,
    SECOND,
    accuracy,
    fitted,
    garments,
    small_resnet,
    task,
    trained_backbone,
)
from course.labs.shared.pages import attempt, estimate, shown
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PER_CLASS = (2, 10, 30, 100, 300)
STEPS = 150  # at least, and five epochs
HEAD_RATE, LONGER = 0.5, 5  # a linear layer alone: a larger rate, and so many times the steps
FROZEN, CHANCE = "frozen backbone", "frozen, never trained"
TUNED, SCRATCH = "fine-tuned", "from scratch"
COLOURS = {
    FROZEN: plots.BLUE,
    TUNED: plots.GREEN,
    SCRATCH: plots.VERMILLION,
    CHANCE: plots.GREY,
}


def few(per_class: int, seed: int) -> tuple[Tensor, Tensor]:
    """As many training images of each of the second task's classes, drawn from a seed."""
    images, labels = task(garments().train, SECOND)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    chosen = [order[labels[order] == k][:per_class] for k in range(len(SECOND))]
    some = torch.cat(chosen)
    return images[some], labels[some]


def epochs_for(images: int) -> int:
    """Epochs in which batches of 32 make ``STEPS`` steps, and five at least."""
    return max(5, math.ceil(STEPS / math.ceil(images / 32)))


def few_images(
    make: Callable[[nn.Module, int, int], nn.Module],
    backbone: nn.Module,
    per_class: int,
    seeds: Sequence[int],
) -> None:
    """Train the student's head on the backbone, and networks from scratch, on few images."""
    test = task(garments().test, SECOND)

    def run(seed: int, build: Callable[[], nn.Module], lr: float) -> float:
        with seeded(seed):
            model = build()
        train = few(per_class, seed)
        return accuracy(fitted(model, train, epochs_for(len(train[1])), seed, lr), *test)

    ways = {
        FROZEN: (lambda: make(backbone, FEATURES, len(SECOND)), HEAD_RATE),
        SCRATCH: (lambda: small_resnet(len(SECOND)), 0.05),
    }
    for name, (build, lr) in ways.items():
        found = attempt("TransferNet", partial(_each, run, seeds, build, lr))
        if found:
            print(f"{name:18} test accuracy {estimate(found, '.1%')}")
    print(f"{per_class} images per class; mean ± standard error over {len(seeds)} draws of images")


def _each(
    run: Callable[..., float], seeds: Sequence[int], build: Callable[[], nn.Module], lr: float
) -> list[float]:
    return [run(seed, build, lr) for seed in seeds]


@torch.no_grad()
def acquainted(backbone: nn.Module, images: int = 1000) -> nn.Module:
    """The backbone, untrained, whose BatchNorm has seen images of the first task: no labels."""
    for layer in backbone.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # the plain mean of what comes by
    for some in task(garments().train, FIRST)[0][:images].split(100):
        backbone.train()(some)
    return backbone.eval()


@torch.no_grad()
def features_of(backbone: nn.Module, images: Tensor) -> Tensor:
    """``(N, 1, 28, 28) -> (N, 32)``, in evaluation mode."""
    return torch.cat([backbone.eval()(some) for some in images.split(500)])


def measured_transfer(seeds: Sequence[int], epochs: int, images: int) -> dict[str, Any]:
    """Test accuracy of the four ways by images per class, with a backbone for each seed."""
    runs: dict[str, dict[str, list[float]]] = {
        name: {str(n): [] for n in PER_CLASS} for name in COLOURS
    }
    for seed in seeds:
        backbone = trained_backbone(seed, epochs, images)
        for per_class in PER_CLASS:
            for name, value in _four_ways(backbone, per_class, seed).items():
                runs[name][str(per_class)].append(round(value, 4))
        print(seed, {name: [v[-1] for v in c.values()] for name, c in runs.items()}, flush=True)
    about = (
        f"precomputed: backbones trained on {images:,} images of classes 0–4, {epochs} epochs; "
        f"classes 5–9,\nat least {STEPS} steps of SGD in batches of 32, {len(seeds)} seeds, CPU"
    )
    return {"about": about, "runs": runs}


def _four_ways(backbone: nn.Module, per_class: int, seed: int) -> dict[str, float]:
    train, test = few(per_class, seed), task(garments().test, SECOND)
    epochs, classes = epochs_for(len(train[1])), len(SECOND)
    with seeded(seed):
        fresh, tuned_head = small_resnet(classes), nn.Linear(FEATURES, classes)
        blank = acquainted(small_resnet(classes)[:-1])
    tuned = nn.Sequential(copy.deepcopy(backbone), tuned_head)
    found = {
        TUNED: accuracy(fitted(tuned, train, epochs, seed), *test),
        SCRATCH: accuracy(fitted(fresh, train, epochs, seed), *test),
    }
    for name, trunk in ((FROZEN, backbone), (CHANCE, blank)):
        seen, unseen = (features_of(trunk, images) for images in (train[0], test[0]))
        with seeded(seed):
            head = nn.Linear(FEATURES, classes)
        seen, unseen = seen[..., None, None], unseen[..., None, None]
        linear = nn.Sequential(nn.Flatten(), head)
        fitted(linear, (seen, train[1]), LONGER * epochs, seed, HEAD_RATE)
        found[name] = accuracy(linear, unseen, test[1])
    return found


def draw_transfer() -> Figure:
    """Accuracy by images per class, mean and standard error, and paired differences."""
    results = stored(LAB)["transfer"]
    ax = plots.axes(
        xlabel="training images per class", ylabel="test accuracy, new classes", figsize=(6.8, 3.6)
    )
    for name, curve in results["runs"].items():
        values = torch.tensor(list(curve.values()))
        error = values.std(dim=1) / values.shape[1] ** 0.5
        places = [int(n) for n in curve]
        looks: Any = {"color": COLOURS[name], "label": name, "capsize": 3, "marker": "o"}
        ax.errorbar(places, values.mean(dim=1), error, linestyle="-", **looks)
    ax.set_xscale("log")
    ax.set_xticks(PER_CLASS, [str(n) for n in PER_CLASS])
    ax.minorticks_off()
    ax.axhline(0.2, color=plots.GREY, linestyle=":", linewidth=1)
    ax.legend(fontsize=8, title="dotted: guessing")
    print(f"{'images per class':21}" + "".join(f"{n:>13}" for n in PER_CLASS))
    for name, curve in results["runs"].items():
        print(f"{name:21}" + "".join(f"{_short(v):>13}" for v in curve.values()))
    for one, other in ((FROZEN, SCRATCH), (FROZEN, CHANCE), (TUNED, SCRATCH)):
        gaps = (
            estimate([100 * v for v in gap], "+.1f") for gap in _gaps(results["runs"], one, other)
        )
        print(f"{one}, less {other}, in points:")
        print(" " * 21 + "".join(f"{gap:>13}" for gap in gaps).replace("-", "−"))
    print("mean ± standard error; differences seed by seed\n" + results["about"])
    return shown(ax.figure)


def _short(values: list[float]) -> str:
    """An estimate in per cent with the sign once: five of them fit into a line."""
    return estimate(values, ".1%").replace(" % ±", " ±")


def _gaps(runs: dict[str, Any], one: str, other: str) -> list[list[float]]:
    pairs = zip(runs[one].values(), runs[other].values(), strict=True)
    return [[a - b for a, b in zip(*pair, strict=True)] for pair in pairs]
