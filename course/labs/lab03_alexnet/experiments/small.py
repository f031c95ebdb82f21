"""A small AlexNet for 32×32 pixels, and what its parts do."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from course import augment, plots
from course.device import one_thread, seeded
from course.labs.lab03_alexnet.experiments.results import stored
from course.labs.shared.pages import shown, spread
from course.training import evaluate, fit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from course.data import Dataset, Split


@dataclass(frozen=True)
class Design:
    """What can be switched off in the small AlexNet."""

    norm: bool = True
    overlap: bool = True
    dropout: float = 0.5
    groups: int = 2


def small_alexnet(design: Design = Design(), num_classes: int = 10) -> nn.Sequential:
    """AlexNet's plan for 32×32 pixels, ``(N, 3, 32, 32) -> (N, num_classes)``.

    Five convolutions (7×7 with stride 2, 5×5, three of 3×3) and three linear layers, a fourth of
    AlexNet's width or less, two groups in the same places. The first layer begins as the paper
    says, the others with variance 2/fan_in.
    """
    groups = design.groups
    steps: list[tuple[str, nn.Module]] = [
        ("conv1", nn.Conv2d(3, 24, 7, stride=2, padding=3)),  # 16 × 16
        *_stage(1, design),  # 8 × 8
        ("conv2", nn.Conv2d(24, 48, 5, padding=2, groups=groups)),
        *_stage(2, design),  # 4 × 4
        ("conv3", nn.Conv2d(48, 64, 3, padding=1)),
        ("relu3", nn.ReLU()),
        ("conv4", nn.Conv2d(64, 64, 3, padding=1, groups=groups)),
        ("relu4", nn.ReLU()),
        ("conv5", nn.Conv2d(64, 48, 3, padding=1, groups=groups)),
        ("relu5", nn.ReLU()),
        ("flatten", nn.Flatten()),
    ]
    sizes = [48 * 4 * 4, 128, 128, num_classes]
    for number, pair in enumerate(pairwise(sizes), start=6):
        steps.append((f"fc{number}", nn.Linear(*pair)))
        if number < 8:
            steps += [(f"relu{number}", nn.ReLU()), (f"drop{number}", nn.Dropout(design.dropout))]
    return _started(nn.Sequential(OrderedDict(steps)))


def _stage(number: int, design: Design) -> list[tuple[str, nn.Module]]:
    """ReLU, normalisation, pooling; both kinds of pooling halve the side."""
    pool = nn.MaxPool2d(3, 2, padding=1) if design.overlap else nn.MaxPool2d(2, 2)
    norm = [(f"norm{number}", nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0))] if design.norm else []
    return [(f"relu{number}", nn.ReLU()), *norm, (f"pool{number}", pool)]


def _started(model: nn.Sequential) -> nn.Sequential:
    for name, layer in model.named_children():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
            if name == "conv1":
                nn.init.normal_(layer.weight, std=0.01)
    return model


flip_and_crop = augment.Chain(augment.Crop(padding=4), augment.Flip())
"""Moves by up to 4 pixels and mirrors, ``(N, C, H, W) -> (N, C, H, W)``."""

paper_sgd = partial(torch.optim.SGD, momentum=0.9, weight_decay=5e-4)
"""The paper's optimiser (section 5), as ``fit`` takes it."""


@dataclass(frozen=True)
class Score:
    """Accuracies after one training: on the training images as they are, and on the test images."""

    seed: int
    train: float
    test: float


@dataclass(frozen=True)
class Lesson:
    """The training that all variants of one comparison share."""

    dataset: Dataset
    epochs: int
    batch_size: int = 64
    lr: float = 0.02

    @one_thread()
    def score(self, design: Design, seed: int, augmented: bool = False) -> tuple[Score, nn.Module]:
        """Train one small AlexNet; its accuracies and itself."""
        with seeded(seed):
            model = small_alexnet(design)
        self._fit(model, seed, flip_and_crop if augmented else None)
        return Score(seed, *self._accuracies(model)), model

    @one_thread()
    def by_epoch(self, design: Design, seed: int) -> list[Score]:
        """Train one small AlexNet; its accuracies after each epoch."""
        with seeded(seed):
            model = small_alexnet(design)
        scores: list[Score] = []
        self._fit(
            model, seed, on_epoch=lambda _: scores.append(Score(seed, *self._accuracies(model)))
        )
        return scores

    def _fit(
        self,
        model: nn.Module,
        seed: int,
        augmentation: Callable[[Tensor], Tensor] | None = None,
        on_epoch: Callable[[object], object] | None = None,
    ) -> None:
        fit(
            model,
            self._images(self.dataset.train),
            epochs=self.epochs,
            batch_size=self.batch_size,
            lr=self.lr,
            optimizer=paper_sgd,
            seed=seed,
            augment=augmentation,
            on_epoch=on_epoch,
            progress=False,
        )

    def _images(self, part: Split) -> tuple[Tensor, Tensor]:
        return self.dataset.normalise(part.images), part.labels

    def _accuracies(self, model: nn.Module) -> tuple[float, float]:
        train, test = (
            evaluate(model, *self._images(part)).accuracy
            for part in (self.dataset.train, self.dataset.test)
        )
        return train, test


VARIANTS: dict[str, tuple[Design, bool]] = {
    "neither": (Design(norm=False, dropout=0.0), False),
    "dropout": (Design(norm=False), False),
    "augmentation": (Design(norm=False, dropout=0.0), True),
    "both": (Design(norm=False), True),
}
PARTS: dict[str, tuple[Design, bool]] = {
    "all three": (Design(dropout=0.0), False),
    "without normalisation": (Design(norm=False, dropout=0.0), False),
    "pooling side by side": (Design(overlap=False, dropout=0.0), False),
    "one group": (Design(groups=1, dropout=0.0), False),
}


def compare(
    lesson: Lesson, variants: Mapping[str, tuple[Design, bool]], seeds: Iterable[int]
) -> dict[str, list[Score]]:
    """Every variant from every seed."""
    seeds = list(seeds)
    return {
        name: [lesson.score(design, seed, augmented)[0] for seed in seeds]
        for name, (design, augmented) in variants.items()
    }


def say_scores(scores: Mapping[str, Sequence[Score]]) -> None:
    """Training and test accuracy of each variant, and the gap between them."""
    print(f"{'':22}{'training':>16}{'test':>16}{'gap':>16}")
    for name, several in scores.items():
        columns = (
            [100 * score.train for score in several],
            [100 * score.test for score in several],
            [100 * (score.train - score.test) for score in several],
        )
        print(f"{name:22}" + "".join(f"{spread(column, '.1f') + ' %':>16}" for column in columns))


def stored_scores(name: str) -> dict[str, list[Score]]:
    """Precomputed scores by variant: of ``"regularisation"`` or ``"parts"``."""
    runs = stored(name)["runs"]
    return {key: [Score(**score) for score in scores] for key, scores in runs.items()}


def draw_scores(scores: Mapping[str, Sequence[Score]]) -> Figure:
    """Training (pale) and test accuracy of each variant: bars for means, a dot for each seed."""
    ax = plots.axes(ylabel="accuracy", figsize=(7.2, 3.0))
    for place, several in enumerate(scores.values()):
        for shift, part, shade in ((-0.19, "train", 0.45), (0.19, "test", 1.0)):
            values = [getattr(score, part) for score in several]
            colour = plots.colour_of("alexnet")
            label = {"train": "training", "test": "test"}[part] if place == 0 else None
            ax.bar(place + shift, mean(values), 0.36, color=colour, alpha=shade, label=label)
            ax.plot([place + shift] * len(values), values, ".", color=plots.INK, markersize=5)
    ax.set_xticks(range(len(scores)), list(scores))
    ax.set_ylim(0, 1)
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper right", ncols=2)
    return shown(ax.figure)
