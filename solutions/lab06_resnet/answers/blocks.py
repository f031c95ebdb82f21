"""torchvision's blocks under the exercises' signatures, and blocks with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import resnet

from .book import answers


def shortcut_of(kind: str, into: int, out: int, stride: int) -> nn.Module:
    made: nn.Module = answers.reference["make_shortcut"](kind, into, out, stride)
    return made


def theirs_as_ours(block: Any, expansion: int) -> Callable[..., nn.Module]:
    def make(into: int, channels: int, stride: int = 1, shortcut: str = "B") -> nn.Module:
        around = shortcut_of(shortcut, into, expansion * channels, stride)
        made: nn.Module = block(into, channels, stride, around)
        return made

    return make


class Careless(nn.Module):
    """What wrong blocks share."""

    def __init__(self, into: int, channels: int, stride: int = 1, shortcut: str = "B") -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(into, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.around = shortcut_of(shortcut, into, channels, stride)

    def branch(self, x: Tensor) -> Tensor:
        y: Tensor = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return y


class OneNormForBoth(Careless):
    def forward(self, x: Tensor) -> Tensor:
        y = self.bn1(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.around(x) + 0 * self.bn2.weight.sum())


class ShortcutOfTheBranch(Careless):
    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.branch(x) + self.around(F.relu(x)))


class ShortcutFirst(Careless):
    def __init__(self, into: int, channels: int, stride: int = 1, shortcut: str = "B") -> None:
        super().__init__(into, channels, stride, shortcut)
        self._modules = {"around": self._modules.pop("around"), **self._modules}

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.branch(x) + self.around(x))


answers.right("BasicBlock", "torchvision's", theirs_as_ours(resnet.BasicBlock, 1))
answers.right("Bottleneck", "torchvision's", theirs_as_ours(resnet.Bottleneck, 4))
answers.wrong("BasicBlock", "one BatchNorm for both", OneNormForBoth, at_most=0.4)
answers.wrong("BasicBlock", "a ReLU before the shortcut", ShortcutOfTheBranch, at_most=0.2)
answers.right("BasicBlock", "the shortcut made first", ShortcutFirst)
