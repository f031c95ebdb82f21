"""How large signals grow on the way forward, and what other blocks change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

from course import plots
from course.device import seeded
from course.instruments import record_activations
from course.labs.lab06_resnet.experiments.gradients import build
from course.labs.lab06_resnet.experiments.inputs import batch
from course.labs.lab06_resnet.experiments.networks import Kind, even_network
from course.labs.shared.pages import shown, spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCALES = {
    "no BatchNorm, PyTorch's start": Kind(True, False),
    "no BatchNorm, He's start": Kind(True, False, start="He"),
    "BatchNorm": Kind(True),
}


def draw_scales(depth: int = 110, seeds: Sequence[int] = range(3)) -> Figure:
    """Variance of each unit's output in residual ReLU stacks, before training."""
    ax = plots.axes(
        xlabel="unit (0: the stem)", ylabel="variance of the output", figsize=(6.8, 3.4)
    )
    looks = (plots.SKY, plots.VERMILLION, plots.BLUE)
    for (name, kind), colour in zip(SCALES.items(), looks, strict=True):
        runs = torch.tensor([variances(kind, depth, seed) for seed in seeds]).log10()
        places = range(runs.shape[1])
        ax.plot(places, 10 ** runs.mean(0), color=colour, label=name)
        ax.fill_between(places, 10 ** runs.amin(0), 10 ** runs.amax(0), color=colour, alpha=0.2)
        first, last = (10 ** runs.mean(0))[[0, -1]].tolist()
        print(
            f"{name:32} variance {first:.2g} at the stem, {last:.2g} after {len(places) - 1} units"
        )
    ax.set_yscale("log")
    ax.legend()
    return shown(ax.figure)


def variances(kind: Kind, depth: int, seed: int) -> list[float]:
    """Variance of the output of the stem and of each unit on ``batch``."""
    model = build(kind, depth, seed)
    outputs = record_activations(model, batch()[0], [name for name, _ in model.named_children()])
    return [value.var().item() for name, value in outputs.items() if name != "head"]


def start_table(makers: Mapping[str, Callable[[], nn.Module]], seeds: Sequence[int]) -> None:
    """Print what stacks of 54 units do before training: gradient and variance, first and last."""
    print(f"{'54 units':22}{'gradient, first : last':>26}{'variance, last : first':>26}")
    for name, make in makers.items():
        rows = [_first_and_last(make, seed) for seed in seeds]
        cells = [spread(column, ".2g") for column in zip(*rows, strict=True)]
        print(f"{name:22}{cells[0]:>26}{cells[1]:>26}")


def _first_and_last(make: Callable[[], nn.Module], seed: int) -> tuple[float, float]:
    """Two ratios of 54 units: of gradients, first to last, and of variances, last to first."""
    images, labels = batch()
    with seeded(seed):
        model = even_network(make, 110).to(images.device)
    first = model[0](images.float())
    last = model[1:-1](first)
    loss = F.cross_entropy(model[-1](last), labels)
    slopes = [slope.norm().item() for slope in torch.autograd.grad(loss, [first, last])]
    return slopes[0] / slopes[1], last.var().item() / first.var().item()
