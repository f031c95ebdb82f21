"""First trainings: their errors by k and by class, and their surest mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from course import device, plots, training
from course.instruments import evaluation_mode

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TopkError = Callable[[Tensor, Tensor, int], Any]


@dataclass(frozen=True)
class Trained:
    """Networks of one kind, trained from several seeds.

    Attributes:
        logits: of the test images, (seeds, N, K), on the CPU.
        runs: their histories.
    """

    logits: Tensor
    runs: training.Runs


def train_kinds(
    kinds: Mapping[str, Callable[[], nn.Module]],
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    *,
    seeds: Sequence[int],
    **fit_options: Any,
) -> dict[str, Trained]:
    """Train each kind of network once for each seed, and print one line for each kind.

    Args:
        fit_options: what ``training.fit`` takes besides.
    """
    trained = {}
    for name, make in kinds.items():
        models: list[nn.Module] = []
        keep = _keeping(make, models)
        runs = training.repeat(keep, seeds, train=train, test=test, **fit_options)
        logits = torch.stack([logits_of(model, test[0]) for model in models[: len(runs.seeds)]])
        trained[name] = Trained(logits, runs)
        print(f"{name:10} {runs}")
    return trained


def _keeping(make: Callable[[], nn.Module], models: list[nn.Module]) -> Callable[[], nn.Module]:
    def kept() -> nn.Module:
        models.append(make())
        return models[-1]

    return kept


@torch.no_grad()
def logits_of(model: nn.Module, images: Tensor, batch_size: int = 1_000) -> Tensor:
    """Logits (N, K) of normalised images (N, C, H, W), on the CPU."""
    home = device.device_of(model)
    with evaluation_mode(model):
        parts = [model(some.to(home)).cpu() for some in images.split(batch_size)]
    return torch.cat(parts)


def errors_by_k(
    trained: Mapping[str, Trained], labels: Tensor, topk_error: TopkError
) -> dict[str, np.ndarray]:
    """The student's top-k error for k = 1…K: arrays (seeds, K) by kind of network."""
    return {
        name: np.array(
            [
                [float(topk_error(logits, labels, k + 1)) for k in range(logits.shape[1])]
                for logits in one.logits
            ]
        )
        for name, one in trained.items()
    }


def show_errors_by_k(table: Mapping[str, np.ndarray], ks: Sequence[int] = (1, 2, 3, 4, 5)) -> Axes:
    """Print mean ± standard deviation over the seeds by k, and draw it, both beside guessing."""
    from matplotlib.ticker import PercentFormatter

    classes = next(iter(table.values())).shape[1]
    chosen = [k for k in ks if k <= classes]
    rows = {name: errors[:, [k - 1 for k in chosen]] for name, errors in table.items()}
    rows["guessing"] = np.array([[1 - k / classes for k in chosen]])
    print(f"{'top-k error':11}" + "".join(f" {f'k = {k}':>14}" for k in chosen))
    for name, errors in rows.items():
        print(f"{name:11}" + "".join(f" {_mean_and_spread(column):>14}" for column in errors.T))
    ax = plots.axes(xlabel="k, guesses allowed", ylabel="top-k error", figsize=(6.4, 3.2))
    looks = plots.looks_of(list(table)) | {"guessing": {"color": plots.GREY}}
    for name, errors in rows.items():
        plots.spread(ax, np.array(chosen), errors, name, looks[name]["color"])
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))
    ax.set_xticks(chosen)
    ax.legend(loc="lower left")
    return ax


def _mean_and_spread(values: np.ndarray) -> str:
    spread = f" ± {100 * values.std(ddof=1):.1f} %" if len(values) > 1 else ""
    return f"{100 * values.mean():.1f} %{spread}"


def show_by_class(
    accuracies: Tensor, classes: Sequence[str], label: str = "accuracy over the seeds"
) -> Axes:
    """Accuracy by class, (seeds, K): a dot for each seed, a bar for their mean, best first."""
    means = accuracies.double().mean(dim=0)
    order = means.argsort(descending=True).tolist()
    ax = plots.axes(xlabel=label, figsize=(6.4, 3.6))
    ax.barh([classes[c] for c in order], means[order].tolist(), color=plots.SKY, height=0.62)
    for row, c in enumerate(order):
        seeds = accuracies[:, c].tolist()
        ax.plot(seeds, [row] * len(seeds), "o", color=plots.INK, markersize=3.5)
    ax.set_xlim(0, 1)
    ax.grid(axis="y", visible=False)
    return ax


def surest_mistakes(
    logits: Tensor, images: Tensor, labels: Tensor, classes: Sequence[str], count: int = 12
) -> Axes:
    """The wrongly classified images on which the network was surest: what it said, what it is."""
    sure, guesses = logits.softmax(dim=1).max(dim=1)
    worst = sure.masked_fill(guesses == labels, -1.0).topk(count).indices
    pairs = zip(guesses[worst].tolist(), labels[worst].tolist(), strict=True)
    texts = [f"said {classes[said]}\nis {classes[true]}" for said, true in pairs]
    return plots.image_grid(images[worst], texts, columns=6)
