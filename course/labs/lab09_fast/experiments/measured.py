"""The ladder as it was measured before, on a CPU: 5 seeds, the same images for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from course import data, plots
from course.labs.lab09_fast.experiments.ladder import Ladder, gain
from course.labs.lab09_fast.experiments.networks import LAB, pictures
from course.labs.shared.pages import estimate, shown
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NESTEROV = partial(torch.optim.SGD, momentum=0.9, nesterov=True)
SURE = 2.0  # standard errors from which on a gain is told as one


def measured_ladder(
    solved: Mapping[str, Callable[..., Any]], seeds: Sequence[int], epochs: int, size: Any
) -> dict[str, Any]:
    """Test accuracies by step, with the functions of the reference.

    Raises:
        ValueError: CIFAR-10 is not at hand.
    """
    dataset = data.load("cifar10", size=size, verbose=False)
    if dataset.name != "cifar10":
        raise ValueError("CIFAR-10 is not at hand")
    images = pictures(dataset, small=True)
    ladder = Ladder(images, epochs, seeds)
    for name, options in steps(solved, images).items():
        ladder.step(name, **options)
    about = f"measured before on a CPU, {epochs} epochs, {len(seeds)} seeds:\n{images.title}"
    rounded = {name: [round(one, 4) for one in found] for name, found in ladder.accuracies.items()}
    made = {"torch": torch.__version__, "date": f"{date.today()}"}
    return {"about": about, **made, "accuracies": rounded}


def steps(solved: Mapping[str, Callable[..., Any]], images: Any) -> dict[str, dict[str, Any]]:
    """What each step adds; as in the notebook."""
    plain = {"batch_size": 256, "lr": 0.05, "weight_decay": 5e-4, "optimizer": NESTEROV}
    return {
        "constant rate": plain,
        "smaller batches": {"batch_size": 64},
        "triangle": {"schedule": solved["triangle"], "lr": 0.1},
        "label smoothing": {"label_smoothing": 0.2},
        "flip and crop": {"augment": images.moved},
        "cutout": {"augment": images.covered},
        "whitened first layer": {"filters": solved["whitening_filters"]},
        "test-time flip": {"scores": solved["flipped_scores"]},
    }


def draw_ladder() -> Figure:
    """Accuracy by step, mean and standard error, and the gain of each, seed by seed."""
    results = stored(LAB)["ladder"]
    runs: dict[str, list[float]] = results["accuracies"]
    before: list[float] | None = None
    print(f"{'':26}{'test accuracy':>18}{'gain, points':>18}")
    for name, found in runs.items():
        print(
            f"{name:26}{estimate(found, '.1%'):>18}{gain(found, before):>18}{said(found, before)}"
        )
        before = found
    print("mean ± standard error; gains seed by seed\n" + results["about"])
    values = torch.tensor(list(runs.values()))
    error = values.std(dim=1) / values.shape[1] ** 0.5
    ax = plots.axes(xlabel="", ylabel="test accuracy", figsize=(6.8, 3.4))
    places = range(len(runs))
    looks: dict[str, Any] = {"color": plots.BLUE, "capsize": 3, "marker": "o", "linestyle": "-"}
    ax.errorbar(places, values.mean(dim=1), error, **looks)
    ax.set_xticks(places, [name.replace(" ", "\n", 1) for name in runs], fontsize=8)
    return shown(ax.figure)


def said(now: Sequence[float], before: Sequence[float] | None) -> str:
    """Whether a gain is one: its mean against its standard error."""
    if before is None:
        return ""
    gaps = torch.tensor(now, dtype=torch.float64) - torch.tensor(before, dtype=torch.float64)
    error = gaps.std() / len(gaps) ** 0.5
    if gaps.mean().abs() < SURE * error:
        return "   no finding"
    return "   better" if gaps.mean() > 0 else "   worse"
