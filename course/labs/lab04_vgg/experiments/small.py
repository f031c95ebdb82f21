"""Small VGGs for 32 × 32 images: what arrives before training, and a race."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import nn

from course import training
from course.device import seeded
from course.experiments import here
from course.instruments import record_gradients
from course.labs.shared.pages import spread
from course.labs.shared.pictures import as_rgb32

if TYPE_CHECKING:
    from course.data import Dataset


VARIANTS = ("A", "D", "A, BatchNorm", "D, BatchNorm", "D, He's start", "D, from A")


def small_vgg(variant: str) -> nn.Sequential:
    """Column A or D at an eighth of its width for ``(N, 3, 32, 32)``, one hidden linear layer.

    Its parts are ``stage1`` to ``stage5``, and ``head``.

    Args:
        variant: one of ``VARIANTS``; "D, from A" is made as "D", the copying is ``train``'s.
    """
    from torchvision.models import vgg

    head = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    column: list[str | int] = [e if isinstance(e, str) else e // 8 for e in vgg.cfgs[variant[0]]]
    stages: list[list[nn.Module]] = [[]]
    for layer in vgg.make_layers(column, batch_norm="BatchNorm" in variant):
        stages[-1].append(layer)
        ends = isinstance(layer, nn.MaxPool2d)
        if ends:
            stages.append([])
    parts = {f"stage{n}": nn.Sequential(*layers) for n, layers in enumerate(stages[:-1], 1)}
    model = nn.Sequential(OrderedDict(parts, head=head))
    return _he_start(model) if "He" in variant else model


def _he_start(model: nn.Sequential) -> nn.Sequential:
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            torch.nn.init.zeros_(torch.as_tensor(layer.bias))
    return model


@dataclass(frozen=True)
class Budget:
    """What a training may use: images and epochs; Adam, rate 0.001, batches of 64."""

    images: Dataset
    epochs: int

    def options(self) -> dict[str, Any]:
        """Arguments of ``training.fit``."""
        splits = {"train": self.images.train, "test": self.images.test}
        tensors = {name: (as_rgb32(self.images, s.images), s.labels) for name, s in splits.items()}
        options = {"epochs": self.epochs, "batch_size": 64, "optimizer": torch.optim.Adam}
        return {**tensors, **options, "lr": 0.001, "progress": False}


def train(variant: str, options: Mapping[str, Any], seeds: Sequence[int]) -> list[training.History]:
    """Train small VGGs, one for each seed; "D, from A" trains A first, with the same budget."""
    models = [_fresh(variant, seed) for seed in seeds]
    if variant.endswith("from A"):
        others = [seed + 1000 for seed in seeds]
        shallow = [_fresh("A", seed) for seed in others]
        training.fit_each(shallow, others, **options)
        for model, taught in zip(models, shallow, strict=True):
            _start_from(model, taught)
    return training.fit_each(models, seeds, **options)


def _fresh(variant: str, seed: int) -> nn.Sequential:
    with seeded(seed):
        return small_vgg(variant)


def _start_from(deep: nn.Sequential, shallow: nn.Sequential) -> None:
    """Take over A's first four convolutions, which are all in its first three stages, and the head.

    Both networks name their layers by stage, so that equal names are equal places.
    """
    taken = ("stage1", "stage2", "stage3", "head")
    state = {name: v for name, v in shallow.state_dict().items() if name.startswith(taken)}
    deep.load_state_dict(state, strict=False)


def race(variants: Sequence[str], budget: Budget, seeds: Sequence[int]) -> None:
    """Train and print test accuracy and training loss after the last epoch, with their spread."""
    options = budget.options()
    for variant in variants:
        runs = train(variant, options, seeds)
        accuracy = spread([run.last.test_accuracy for run in runs], ".1%")
        loss = spread([run.last.train_loss for run in runs], ".2f")
        print(f"{variant:14} test accuracy {accuracy}, training loss {loss}")


def start_table(seeds: Sequence[int]) -> None:
    """Print what arrives before training: differences at the end, gradient at the beginning."""
    print(f"{'':16}{'log10: scores differ by':>26}{'gradient at layer 1':>24}")
    for variant in (v for v in VARIANTS if "from" not in v):
        measured = [_start(variant, seed) for seed in seeds]
        cells = [_power(values) for values in zip(*measured, strict=True)]
        print(f"{variant:16}{cells[0]:>26}{cells[1]:>24}")


def _power(values: Sequence[float]) -> str:
    logs = [math.log10(max(value, 1e-30)) for value in values]
    return f"{mean(logs):+.1f} ± {stdev(logs):.1f}" if len(logs) > 1 else f"{logs[0]:+.1f}"


def _start(variant: str, seed: int) -> tuple[float, float]:
    """Spread of scores over a batch, and the first layer's gradient relative to the last's."""
    with seeded(seed):
        model, images = small_vgg(variant), torch.randn(64, 3, 32, 32)
        labels = torch.randint(0, 10, (64,))
        model, images, labels = model.to(here()), images.to(here()), labels.to(here())
        gradients = record_gradients(model, lambda: F.cross_entropy(model(images), labels))
        with torch.no_grad():
            scores = model(images)
    norms = [gradient.norm().item() for gradient in gradients.values()]
    return scores.std(dim=0).mean().item(), norms[0] / norms[-1]
