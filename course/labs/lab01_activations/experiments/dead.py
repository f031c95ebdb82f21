"""ReLU units that are zero on all inputs: by depth, and after training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from course import plots
from course.device import device_of, one_thread, seeded
from course.experiments import here
from course.instruments import record_activations
from course.labs.lab01_activations.experiments.stacks import MODULES, stack
from course.labs.lab01_activations.experiments.training import Budget, classifier
from course.labs.shared.pages import shown, spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@one_thread()
def dead_by_depth(
    seeds: Iterable[int], initialisation: str = "He", *, depth: int = 50, width: int = 128
) -> Tensor:
    """Dead units of a fresh ReLU stack, layer by layer; ``(seeds, depth)``."""
    loudest = [_loudest(initialisation, depth, width, seed) for seed in seeds]
    return torch.stack(loudest).eq(0).float().mean(dim=2)


def _loudest(initialisation: str, depth: int, width: int, seed: int, samples: int = 512) -> Tensor:
    """Each unit's largest output in a fresh ReLU stack on normal inputs; ``(depth, width)``."""
    with seeded(seed):
        model = stack("relu", initialisation, depth, width).to(here())
        inputs = torch.randn(samples, width).to(here())
        outputs = record_activations(model, inputs, nn.ReLU)
    return torch.stack(list(outputs.values())).amax(dim=1).cpu()


def draw_dead_by_depth(seeds: Sequence[int]) -> Figure:
    """Share of dead units against depth, for two initialisations; band: one deviation."""
    ax = plots.axes(
        xlabel="layer", ylabel="dead units", title="ReLU units that are zero on 512 inputs"
    )
    for initialisation, colour in (("He", plots.VERMILLION), ("PyTorch", plots.BLUE)):
        dead = dead_by_depth(seeds, initialisation)
        plots.spread(ax, range(1, dead.shape[1] + 1), dead, initialisation, colour)
    ax.set(ylim=(0, 1), xticks=range(0, dead.shape[1] + 1, 10))
    ax.axhline(0.5, color=plots.GREY, linewidth=0.8, linestyle=":")
    return shown(ax.figure)


@dataclass(frozen=True)
class DeadAfterTraining:
    """One learning rate: dead share of the last hidden layer, and accuracy; ``(seeds,)`` each."""

    dead: Tensor
    accuracy: Tensor


def dead_by_rate(budget: Budget, rate: float, activation: str = "relu") -> DeadAfterTraining:
    """Train three hidden layers with Adam at ``rate``, then look at the last one."""
    models: list[nn.Sequential] = []

    def make() -> nn.Module:
        models.append(classifier(activation, "He", depth=3))
        return models[-1]

    accuracy = budget.accuracies(make, lr=rate)
    test = budget.normalised[1][0].to(device_of(models[0]))
    kind = MODULES[activation]
    last = [list(record_activations(model, test, kind).values())[-1] for model in models]
    loudest = torch.stack(last).abs().amax(dim=1)  # (seeds, units)
    dead = loudest.eq(0).float().mean(dim=1)
    dead[~loudest.isfinite().all(dim=1)] = torch.nan  # training diverged
    return DeadAfterTraining(dead.cpu(), accuracy)


def rate_table(budget: Budget, rates: Sequence[float]) -> None:
    """Print dead units and accuracy by learning rate, and leaky ReLU's accuracy beside it."""
    lines = [f"{'rate':>6}  {'dead (relu)':>14}  {'accuracy (relu)':>16}  {'(leaky_relu)':>14}"]
    for rate in rates:
        relu, leaky = dead_by_rate(budget, rate), dead_by_rate(budget, rate, "leaky_relu")
        cells = [spread(item.tolist()) for item in (relu.dead, relu.accuracy, leaky.accuracy)]
        lines.append(f"{rate:>6g}  {cells[0]:>14}  {cells[1]:>16}  {cells[2]:>14}")
    print("\n".join(lines))
