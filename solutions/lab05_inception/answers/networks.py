"""Right networks in other words, and wrong ones."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from course.labs.lab05_inception.paper import TABLE

from .blocks import head_in_a_row, torchvision_with_five, unit
from .book import answers


class FromTorchvision(nn.Module):
    """GoogLeNet of torchvision's Inception modules, with a true 5×5, without BatchNorm."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0, aux: bool = True) -> None:
        super().__init__()
        few, many = max(1, round(64 * width)), max(1, round(192 * width))
        pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.stem = nn.Sequential(
            *(unit(3, few, kernel_size=7, stride=2, padding=3), pool),
            *(unit(few, few, kernel_size=1), unit(few, many, kernel_size=3, padding=1), pool),
        )
        self.stages = nn.ModuleDict()
        channels, sizes = many, {}
        for name, full in TABLE.items():
            spec = full.scaled(width)
            before = [pool] if name in ("4a", "5a") else []
            self.stages[name] = nn.Sequential(*before, torchvision_with_five(channels, spec))
            channels = sizes[name] = sum(spec) - spec.n3x3_reduce - spec.n5x5_reduce
        self.classifier = nn.Sequential(nn.Dropout(0.4), nn.Linear(channels, num_classes))
        if aux:
            self.aux1 = head_in_a_row(sizes["4a"], num_classes, width)
            self.aux2 = head_in_a_row(sizes["4d"], num_classes, width)

    def forward(self, x: Tensor) -> Any:
        x, heads = self.stem(x), {"4a": "aux1", "4d": "aux2"}
        early = []
        for name, stage in self.stages.items():
            x = stage(x)
            if self.training and hasattr(self, heads.get(name, "-")):
                early.append(getattr(self, heads[name])(x))
        scores = self.classifier(F.adaptive_avg_pool2d(x, 1).flatten(1))
        return (scores, *early) if early else scores


class NetworkWithFixedAverage(FromTorchvision):
    def forward(self, x: Tensor) -> Any:
        kept: dict[str, Tensor] = {}
        x = self.stem(x)
        for name, stage in self.stages.items():
            kept[name] = x = stage(x)
        scores = self.classifier(F.avg_pool2d(x, x.shape[-1])[:, :, 0, 0])
        if not self.training or not hasattr(self, "aux1"):
            return scores
        return [scores, self.aux1(kept["4a"]), self.aux2(kept["4d"])]


class NetworkWithBareClassifier(NetworkWithFixedAverage):
    def __init__(self, num_classes: int = 1000, width: float = 1.0, aux: bool = True) -> None:
        super().__init__(num_classes, width, aux)
        linear: Any = self.classifier
        self.drop, self.classifier = nn.Dropout(0.4), linear[1]

    def forward(self, x: Tensor) -> Any:
        classifier = self.classifier
        try:
            self.classifier = nn.Sequential(self.drop, classifier)
            return super().forward(x)
        finally:
            self.classifier = classifier


class AveragedBeforeTheHeads(FromTorchvision):
    """Right in evaluation; in training the heads see the last maps."""

    def forward(self, x: Tensor) -> Any:
        scores = super().forward(x)
        return (scores[0], scores[2], scores[2]) if self.training and len(scores) == 3 else scores


class Renamed(FromTorchvision):
    """Its last layer has another name than the exercise asks for."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0, aux: bool = True) -> None:
        super().__init__(num_classes, width, aux)
        self.fc = self.classifier
        del self.classifier


answers.right("GoogLeNet", "of torchvision's modules", FromTorchvision)
answers.right("GoogLeNet", "a fixed average, scores in a list", NetworkWithFixedAverage)
answers.right("GoogLeNet", "dropout outside of the classifier", NetworkWithBareClassifier)
answers.wrong(
    "GoogLeNet",
    "one head for two: wrong in training only",
    AveragedBeforeTheHeads,
    at_least=0.75,
    at_most=0.85,
)
answers.wrong("GoogLeNet", "no layer named classifier", Renamed, at_most=0.0)
