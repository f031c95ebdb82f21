"""Networks of the student's own blocks: DenseNet's ledger, and a short race."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from course import training
from course.data import Dataset, Split
from course.device import seeded
from course.instruments import count_parameters, layer_table
from course.labs.lab08_beyond.experiments.networks import pixels
from course.labs.shared.pages import attempt, estimate

Block = Callable[..., nn.Module]
SEPARABLE, DENSE = "separable", "dense"
PAPERS = ((40, 12, "1.0"), (100, 12, "7.0"), (100, 24, "27.2"))  # Huang and others, table 2


def densenet(block: Block, depth: int, growth: int, classes: int = 10) -> nn.Module:
    """The paper's network for small images: three dense blocks of (depth − 4) / 3 layers."""
    width, layers = 16, (depth - 4) // 3
    parts: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1, bias=False)]
    for number in range(3):
        parts.append(block(width, growth, layers))
        width += layers * growth
        parts += [nn.BatchNorm2d(width), nn.ReLU()]
        if number < 2:
            parts += [nn.Conv2d(width, width, 1, bias=False), nn.AvgPool2d(2)]
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def dense_ledger(block: Block) -> None:
    """Print the parameters of DenseNets made of the student's block."""

    def count(depth: int, growth: int) -> int:
        with torch.device("meta"):
            return count_parameters(densenet(block, depth, growth))

    for depth, growth, told in PAPERS:
        found = attempt("DenseBlock", partial(count, depth, growth))
        if found is None:
            return
        print(f"DenseNet-{depth}, growth rate {growth}: {found:12,} parameters, paper {told} M")


def full(into: int, out: int) -> nn.Module:
    """A full 3 × 3 convolution with BatchNorm and ReLU."""
    conv = nn.Conv2d(into, out, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU())


def network(kind: str, block: Block) -> nn.Module:
    """Stem, three stages with poolings between them, average, linear; on ``(N, 1, 14, 14)``."""
    width, parts = 16, [full(1, 16)]
    for number, out in enumerate((16, 32, 64)):
        if kind == DENSE:
            parts.append(block(width, 8, 3))
            width += 24
        else:
            parts += [block(width, out), block(out, out)]
            width = out
        parts += [nn.AvgPool2d(2)] if number < 2 else []
    parts += [nn.BatchNorm2d(width), nn.ReLU()] if kind == DENSE else []
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


def race(blocks: Mapping[str, Block], images: Dataset, epochs: int, seeds: Sequence[int]) -> None:
    """Train networks of full convolutions and of the student's blocks; print what they cost."""
    print(f"{'blocks':12}{'parameters':>12}{'multiplications':>18}   test accuracy")
    for kind, block in {"full 3 × 3": full, **blocks}.items():
        name = {SEPARABLE: "SeparableBlock", DENSE: "DenseBlock"}.get(kind, kind)
        row = attempt(name, partial(_measured, kind, block, images, epochs, seeds))
        if row:
            print(f"{kind:12}{row[0]:12,}{row[1]:18,}   {estimate(row[2], '.1%')}")
    print(f"mean ± standard error over {len(seeds)} seeds")


def _measured(
    kind: str, block: Block, images: Dataset, epochs: int, seeds: Sequence[int]
) -> tuple[int, int, list[float]]:
    train, test = (_pooled(split) for split in (images.train, images.test))
    models = []
    for seed in seeds:
        with seeded(seed):
            models.append(network(kind, block))
    settings = {"epochs": epochs, "batch_size": 64, "lr": 0.05, "progress": False}
    runs = training.fit_each(models, seeds, train, test=test, **settings)  # type: ignore[arg-type]
    costs = layer_table(models[0].cpu(), (1, 14, 14))
    accuracies = [float(run.last.test_accuracy or 0) for run in runs]
    return count_parameters(models[0]), costs.total_flops // 2, accuracies


def _pooled(split: Split) -> tuple[torch.Tensor, torch.Tensor]:
    return F.avg_pool2d(pixels(split.images), 2), split.labels
