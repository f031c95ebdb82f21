"""Networks trained on plain and on permuted images, and LeNet-5 with its own loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course import training
from course.device import one_thread, seeded
from course.instruments import count_parameters
from course.labs.lab02_lenet.experiments.codes import clothes_codes
from course.labs.lab02_lenet.experiments.networks import MakeModel, Names, Scores
from course.labs.lab02_lenet.images import as_inputs, permuted
from course.labs.shared.pages import attempt, spread
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from course.data import Dataset


@dataclass(frozen=True)
class Inputs:
    """Images ready for LeNet, float32 ``(N, 1, 32, 32)``, with their labels ``(N,)``."""

    train: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]

    def changed(self, change: Callable[[Tensor], Tensor]) -> Inputs:
        """The same with every image changed."""
        (x, y), (others, labels) = self.train, self.test
        return Inputs((change(x), y), (change(others), labels))


def inputs(dataset: Dataset, *, train: int, test: int) -> Inputs:
    """The first images of the two splits, framed in black and normalised."""
    parts = ((dataset.train, train), (dataset.test, test))
    first, second = ((as_inputs(part.images[:n]), part.labels[:n]) for part, n in parts)
    return Inputs(first, second)


@dataclass(frozen=True)
class Budget:
    """What one training costs: the same for all networks of an experiment."""

    epochs: int
    batch_size: int = 32
    lr: float = 2e-3

    def fit(self, make: MakeModel, data: Inputs, seed: int, **options: Any) -> nn.Module:
        """Train a fresh network with Adam."""
        return self.fit_each(make, data, [seed], **options)[0]

    def fit_each(
        self, make: MakeModel, data: Inputs, seeds: Sequence[int], **options: Any
    ) -> list[nn.Module]:
        """Train a fresh network from each seed, with Adam."""
        models = []
        for seed in seeds:
            with seeded(seed):
                models.append(make())
        with one_thread():
            training.fit_each(
                models,
                seeds,
                train=data.train,
                epochs=self.epochs,
                batch_size=self.batch_size,
                optimizer=torch.optim.Adam,
                lr=self.lr,
                progress=False,
                **options,
            )
        return models


@dataclass
class Study:
    """Networks trained on plain and on permuted images: models and test accuracies, by seed."""

    data: Inputs
    models: dict[tuple[str, str], list[nn.Module]] = field(default_factory=dict)
    accuracies: dict[tuple[str, str], list[float]] = field(default_factory=dict)


PIXELS: dict[str, Callable[[Tensor], Tensor]] = {"plain": lambda x: x, "permuted": permuted}


def study(
    networks: Mapping[str, MakeModel], data: Inputs, budget: Budget, seeds: Sequence[int]
) -> Study:
    """Train every network from every seed, on plain and on permuted pixels."""
    found = Study(data)
    for pixels, change in PIXELS.items():
        changed = data.changed(change)
        for name, make in networks.items():
            models = budget.fit_each(make, changed, seeds)
            found.models[name, pixels] = models
            found.accuracies[name, pixels] = [accuracy(model, changed.test) for model in models]
    return found


def accuracy(model: nn.Module, test: tuple[Tensor, Tensor]) -> float:
    """Share of the test images that are classified right, in [0, 1]."""
    with one_thread():
        return training.evaluate(model, *test).accuracy


def study_table(study: Study, networks: Mapping[str, MakeModel]) -> None:
    """Print parameters and test accuracies of a study."""
    print(f"{'':14}{'parameters':>12}{'plain':>14}{'permuted':>14}")
    for name, make in networks.items():
        cells = [spread(study.accuracies[name, pixels], ".1%") for pixels in PIXELS]
        print(f"{name:14}{count_parameters(make()):>12,}{cells[0]:>14}{cells[1]:>14}")


def lenet5_run(names: Names, data: Inputs, budget: Budget, seed: int = 0) -> float | None:
    """Test accuracy of the notebook's LeNet-5, trained with its own loss; None if not written."""
    codes, one = clothes_codes(), torch.zeros(1, dtype=torch.long)
    if attempt("LeNet5", lambda: names["LeNet5"](codes)(torch.zeros(1, 1, 32, 32))) is None:
        return None
    if attempt("map_loss", lambda: names["map_loss"](torch.ones(1, 10), one)) is None:
        return None
    model = budget.fit(
        lambda: Scores(names["LeNet5"](codes)),
        data,
        seed,
        loss=lambda scores, labels: names["map_loss"](-scores, labels),
    )
    return accuracy(model, data.test)


def recorded_table() -> None:
    """Print the recorded accuracies, mean ± standard deviation over the seeds."""
    found = stored("lab02_lenet")
    print(found["about"]["how"])
    for name, values in found["accuracy"].items():
        print(f"{name:32}{spread(values, '.1%'):>16}")
