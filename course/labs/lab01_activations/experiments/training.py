"""What activations and initialisations do to learning: small perceptrons on small images."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from course import plots
from course.device import one_thread
from course.labs.lab01_activations.experiments.stacks import INITIALISATIONS, initialised, stack
from course.labs.shared.pages import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from course.data import Dataset


def classifier(activation: str, initialisation: str, depth: int, width: int = 64) -> nn.Sequential:
    """A perceptron for 28×28 images, ``(N, 1, 28, 28) -> (N, 10)``, ``depth`` hidden layers."""
    body = stack(activation, initialisation, depth, width)
    body[0] = initialised(nn.Linear(28 * 28, width), initialisation)
    last = initialised(nn.Linear(width, 10), initialisation)
    return nn.Sequential(OrderedDict(flatten=nn.Flatten(), body=body, logits=last))


@dataclass(frozen=True)
class Budget:
    """What a small training may cost: the same for every network of an experiment."""

    dataset: Dataset
    seeds: Sequence[int]
    epochs: int = 2

    @cached_property
    def normalised(self) -> list[tuple[Tensor, Tensor]]:
        """Images and labels for training, and for testing."""
        parts = (self.dataset.train, self.dataset.test)
        return [(self.dataset.normalise(part.images), part.labels) for part in parts]

    def accuracies(self, make_model: Callable[[], nn.Module], lr: float) -> Tensor:
        """Test accuracy after training with Adam, one for each seed; ``(seeds,)``."""
        from course.training import repeat

        train, test = self.normalised
        with one_thread():
            runs = repeat(
                make_model,
                self.seeds,
                train=train,
                test=test,
                epochs=self.epochs,
                optimizer=torch.optim.Adam,
                lr=lr,
                progress=False,
            )
        return torch.tensor([history.test_accuracy[-1] for history in runs.histories])


def accuracy_grid(budget: Budget, activations: Sequence[str], depth: int) -> Tensor:
    """Test accuracies ``(seeds, activations, initialisations)`` of ``depth`` hidden layers."""
    return torch.stack(
        [
            torch.stack(
                [
                    budget.accuracies(partial(classifier, name, init, depth), lr=1e-3)
                    for init in INITIALISATIONS
                ],
                dim=-1,
            )
            for name in activations
        ],
        dim=1,
    )


def draw_accuracies(accuracies: Tensor, activations: Sequence[str]) -> Figure:
    """Mean test accuracy over the seeds, activation by initialisation."""
    ax = plots.heatmap(
        accuracies.mean(dim=0),
        list(activations),
        list(INITIALISATIONS),
        title="test accuracy",
        fmt=".0%",
        limits=(0.0, 1.0),
    )
    return shown(ax.figure)
