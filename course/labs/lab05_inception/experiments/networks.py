"""Small GoogLeNets: the paper's nine blocks, most often at a fifth of their width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from course import training
from course.device import seeded
from course.labs.lab05_inception.paper import TABLE

HEAD_WEIGHT = 0.3


@dataclass(frozen=True)
class Design:
    """How a small GoogLeNet differs from the paper's.

    Attributes:
        norm: BatchNorm after each convolution.
        he: He's start instead of PyTorch's own.
        heads: the two auxiliary heads.
        dense: two fully connected layers, as in VGG, instead of the average.
        halvings: in the stem, by the first stride and by pooling: 32 × 32 images enter block 3a
            at 32 / 2^halvings.
        width: of the paper's; at 0.2 there are 240,000 parameters.
    """

    norm: bool = False
    he: bool = False
    heads: bool = False
    dense: bool = False
    halvings: int = 2
    width: float = 0.2

    def narrow(self, number: int) -> int:
        """One of the paper's numbers of channels, at this width."""
        return max(1, round(self.width * number))


DESIGNS = {
    "plain": Design(),
    "plain, heads": Design(heads=True),
    "He's start": Design(he=True),
    "He's start, heads": Design(he=True, heads=True),
    "BatchNorm": Design(norm=True),
    "BatchNorm, heads": Design(norm=True, heads=True),
    "BatchNorm, FC": Design(norm=True, dense=True),
}


class Unit(nn.Sequential):
    """Convolution, BatchNorm where wanted, ReLU; the building block that torchvision asks for."""

    def __init__(self, norm: bool, into: int, out: int, **options: Any) -> None:
        after = [nn.BatchNorm2d(out)] if norm else []
        super().__init__(nn.Conv2d(into, out, bias=not norm, **options), *after, nn.ReLU())


def _head(into: int, design: Design) -> nn.Sequential:
    """An auxiliary classifier: average to 4 × 4, 1×1, two fully connected layers."""
    filters, hidden = design.narrow(128), design.narrow(1024)
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(4),
        Unit(design.norm, into, filters, kernel_size=1),
        nn.Flatten(),
        *(nn.Linear(filters * 16, hidden), nn.ReLU(), nn.Linear(hidden, 10)),
    )


class SmallGoogLeNet(nn.Module):
    """torchvision's blocks with a true 5×5, for ``(N, 3, 32, 32)`` and ten classes.

    ``(N, 3, 32, 32) -> (N, 10)``; with heads in training mode three such tensors, as a tuple.
    """

    def __init__(self, design: Design) -> None:
        from torchvision.models.googlenet import Inception

        super().__init__()
        thin, wide = design.narrow(64), design.narrow(192)
        stride = 2 if design.halvings else 1
        pools = [nn.MaxPool2d(3, 2, 1) for _ in range(design.halvings - 1)]
        self.entry = nn.Sequential(
            Unit(design.norm, 3, thin, kernel_size=3, padding=1, stride=stride),
            Unit(design.norm, thin, thin, kernel_size=1),
            Unit(design.norm, thin, wide, kernel_size=3, padding=1),
            *pools,
        )
        self.blocks, self.heads = nn.ModuleDict(), nn.ModuleDict()
        channels = wide
        for name, full in TABLE.items():
            spec = full.scaled(design.width)
            unit = partial(Unit, design.norm)
            block = self.blocks[name] = Inception(channels, *spec, conv_block=unit)
            block.branch3[1] = unit(spec.n5x5_reduce, spec.n5x5, kernel_size=5, padding=2)
            channels = spec.n1x1 + spec.n3x3 + spec.n5x5 + spec.pool_proj
            if design.heads and name in ("4a", "4d"):
                self.heads[name] = _head(channels, design)
        self.classifier = _classifier(channels, design)
        if design.he:
            _he_start(self)

    def forward(self, x: Tensor) -> Any:
        """Scores, and those of the heads where there are any and the model trains."""
        x, early = self.entry(x), []
        for place, inception_module in self.blocks.items():
            x = F.max_pool2d(x, 3, 2, 1) if place in ("4a", "5a") else x
            x = inception_module(x)
            if self.training and place in self.heads:
                early.append(self.heads[place](x))
        scores = self.classifier(x)
        return (scores, *early) if early else scores


def _classifier(channels: int, design: Design) -> nn.Sequential:
    if not design.dense:
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
    hidden, side = design.narrow(4096), 32 // 2 ** (design.halvings + 2)
    layers = (nn.Linear(channels * side**2, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    return nn.Sequential(nn.Flatten(), *layers)


def _he_start(model: nn.Module) -> None:
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def small_googlenet(design: str | Design, seed: int = 0) -> SmallGoogLeNet:
    """A small GoogLeNet with weights from the seed; the design by its name or itself."""
    with seeded(seed):
        return SmallGoogLeNet(DESIGNS[design] if isinstance(design, str) else design)


def train(design: str, options: Mapping[str, Any], seeds: Sequence[int]) -> list[training.History]:
    """Train small GoogLeNets, one for each seed."""

    def loss(outputs: Any, labels: Tensor) -> Tensor:
        scores, *early = outputs if isinstance(outputs, tuple) else (outputs,)
        total = F.cross_entropy(scores, labels)
        for one in early:
            total = total.add(F.cross_entropy(one, labels), alpha=HEAD_WEIGHT)
        return total

    models = [small_googlenet(design, seed) for seed in seeds]
    return training.fit_each(models, seeds, loss=loss, **options)
