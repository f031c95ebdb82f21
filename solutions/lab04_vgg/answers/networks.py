"""The table and its builder in other words, and wrong ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers


def repeated(counts: str, kind: str = "") -> list[Any]:
    column: list[Any] = []
    for number, channels in zip(counts, (64, 128, 256, 512, 512), strict=True):
        column += int(number) * [(channels, 3)] + ["M"]
    return column


LISTED = {
    "A": repeated("11222"),
    "A-LRN": [64, "LRN", *repeated("11222")[1:]],
    "B": tuple(repeated("22222")),
    "C": [*repeated("22222")[:8], [256, 1], "M", *2 * [512, 512, (512, 1), "M"]],
    "D": repeated("22333"),
    "E": repeated("22444"),
}


def _known(kind: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: kind(column) for name, column in answers.reference["VGG_CONFIGS"].items()}


answers.right("VGG_CONFIGS", "pairs with kernel 3, a tuple among lists", {"VGG_CONFIGS": LISTED})
answers.right("VGG_CONFIGS", "columns as tuples", {"VGG_CONFIGS": _known(tuple)})
answers.right(
    "VGG_CONFIGS",
    "an OrderedDict, the last column first",
    {"VGG_CONFIGS": OrderedDict(reversed(_known(list).items()))},
)
answers.wrong(
    "VGG_CONFIGS", "six empty columns", {"VGG_CONFIGS": _known(lambda column: [])}, at_most=0.0
)
answers.wrong(
    "VGG_CONFIGS", "one column, of one pooling", {"VGG_CONFIGS": {"A": ["M"]}}, at_most=0.0
)
answers.wrong("VGG_CONFIGS", "numbers for columns", {"VGG_CONFIGS": _known(len)}, at_most=0.0)
answers.wrong(
    "VGG_CONFIGS", "a list of columns", {"VGG_CONFIGS": list(LISTED.values())}, at_most=0.0
)
answers.wrong(
    "VGG_CONFIGS",
    "column D twice, for E too",
    {"VGG_CONFIGS": {**LISTED, "E": LISTED["D"]}},
    at_least=0.6,
)


class ByModule(nn.Module):
    def __init__(self, config: list[Any], num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        self.features = nn.Sequential(*self.layers(config, width))
        flat, hidden = self.flat, max(1, round(4096 * width))
        self.classifier = nn.Sequential(
            *[nn.Linear(flat, hidden), nn.ReLU(True), nn.Dropout()],
            *[nn.Linear(hidden, hidden), nn.ReLU(True), nn.Dropout()],
            nn.Linear(hidden, num_classes),
        )

    def layers(self, config: list[Any], width: float) -> Iterator[nn.Module]:
        channels = 3
        for entry in config:
            if entry == "M":
                yield nn.MaxPool2d(kernel_size=2, stride=2)
            elif entry == "LRN":
                yield nn.LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2)
            else:
                out, kernel = (entry, 3) if isinstance(entry, int) else entry
                out = max(1, round(out * width))
                yield nn.Conv2d(channels, out, kernel, stride=1, padding="same")
                yield nn.ReLU(inplace=True)
                channels = out
        self.flat = channels * 49

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.features(x), 1))


class WithPooling(ByModule):
    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), 7).flatten(1))


class FunctionalDropout(ByModule):
    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x).flatten(1)
        for place in (0, 3):
            x = F.dropout(self.classifier[place](x).relu(), training=self.training)
        return self.classifier[6](x)


answers.right("make_vgg", "a class", ByModule)
answers.right("make_vgg", "a class that pools to 7×7", WithPooling)
answers.right("make_vgg", "a class with dropout as a function", FunctionalDropout)


def forgets_relu(config: Any, num_classes: int = 1000, width: float = 1.0) -> nn.Module:
    model = ByModule(config, num_classes, width)
    kept = [layer for layer in model.features if not isinstance(layer, nn.ReLU)]
    model.features = nn.Sequential(*kept)
    return model


answers.wrong("make_vgg", "convolutions without ReLU", forgets_relu, mistake="no_relu")
