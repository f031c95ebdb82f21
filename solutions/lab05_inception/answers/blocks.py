"""Right Inception blocks and auxiliary heads in other words, and a wrong block."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.googlenet import Inception

from course.labs.lab05_inception.paper import Spec

from .book import answers


def unit(into: int, out: int, **options: Any) -> nn.Module:
    return nn.Sequential(nn.Conv2d(into, out, **options), nn.ReLU())


class Branches(nn.Module):
    def __init__(self, in_channels: int, spec: Spec) -> None:
        super().__init__()
        s = spec
        self.branches = nn.ModuleList(
            [
                unit(in_channels, s.n1x1, kernel_size=1),
                nn.Sequential(
                    unit(in_channels, s.n3x3_reduce, kernel_size=1),
                    unit(s.n3x3_reduce, s.n3x3, kernel_size=3, padding=1),
                ),
                nn.Sequential(
                    unit(in_channels, s.n5x5_reduce, kernel_size=1),
                    unit(s.n5x5_reduce, s.n5x5, kernel_size=5, padding=2),
                ),
                nn.Sequential(nn.MaxPool2d(3, 1, 1), unit(in_channels, s.pool_proj, kernel_size=1)),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def torchvision_with_five(in_channels: int, spec: Spec) -> nn.Module:
    block: Any = Inception(in_channels, *spec, conv_block=unit)
    block.branch3[1] = unit(spec.n5x5_reduce, spec.n5x5, kernel_size=5, padding=2)
    return block


class PaddedByHand(nn.Module):
    """Infinite edges for the pooling, zeros for the rest, one buffer for all branches."""

    def __init__(self, in_channels: int, spec: Spec) -> None:
        super().__init__()
        n1, r3, n3, r5, n5, proj = spec
        sizes = ((in_channels, n1, 1), (in_channels, r3, 1), (r3, n3, 3))
        more = ((in_channels, r5, 1), (r5, n5, 5), (in_channels, proj, 1))
        self.layers = nn.ModuleList(nn.Conv2d(i, o, k) for i, o, k in (*sizes, *more))

    def forward(self, x: Tensor) -> Tensor:
        one, small, middle, thin, large, proj = self.layers
        pooled = F.max_pool2d(F.pad(x, [1] * 4, value=float("-inf")), 3, stride=1)
        parts = [one(x), middle(F.pad(F.relu(small(x)), [1] * 4))]
        parts += [large(F.pad(F.relu(thin(x)), [2] * 4)), proj(pooled)]
        output = x.new_empty(len(x), sum(p.shape[1] for p in parts), *x.shape[2:])
        start = 0
        for part in parts:
            output[:, start : start + part.shape[1]] = part.clamp(min=0)
            start += part.shape[1]
        return output


class HeadByHand(nn.Module):
    def __init__(self, in_channels: int, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        few, many = max(1, round(128 * width)), max(1, round(1024 * width))
        self.conv = nn.Conv2d(in_channels, few, 1)
        self.hidden, self.scores = nn.Linear(16 * few, many), nn.Linear(many, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        # A 1×1 convolution and an average are linear, so they may change places.
        x = F.avg_pool2d(self.conv(x), 5, 3).relu()
        x = self.hidden(x.flatten(1)).relu()
        return self.scores(F.dropout(x, p=0.7, training=self.training))


class HeadOnMaps(HeadByHand):
    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(
            self.conv(
                F.unfold(x, 5, stride=3).unflatten(1, (x.shape[1], 25)).mean(2).unflatten(2, (4, 4))
            )
        )
        x = F.relu(self.hidden(x.reshape(len(x), -1)))
        drop = F.dropout2d(x[:, :, None, None], 0.7, self.training)
        return self.scores(drop[:, :, 0, 0])


def head_in_a_row(in_channels: int, num_classes: int = 1000, width: float = 1.0) -> nn.Module:
    few, many = max(1, round(128 * width)), max(1, round(1024 * width))
    layers = (nn.Flatten(), nn.Linear(16 * few, many), nn.ReLU(), nn.Dropout(0.7))
    first = (nn.AvgPool2d(5, 3), unit(in_channels, few, kernel_size=1))
    return nn.Sequential(*first, *layers, nn.Linear(many, num_classes))


class StrideOfItsOwn(Branches):
    def __init__(self, in_channels: int, spec: Spec) -> None:
        super().__init__(in_channels, spec)
        last: Any = self.branches[3]
        last[0] = nn.MaxPool2d(3, padding=1)


answers.right("InceptionBlock", "branches in a list", Branches)
answers.right("InceptionBlock", "torchvision's with a 5×5", torchvision_with_five)
answers.right("InceptionBlock", "padded by hand", PaddedByHand)
answers.wrong(
    "InceptionBlock",
    "a pooling with its own stride: only the parameters are right",
    StrideOfItsOwn,
    at_most=0.05,
)

answers.right("AuxiliaryHead", "convolution before the average", HeadByHand)
answers.right("AuxiliaryHead", "by unfolding, dropping maps", HeadOnMaps)
answers.right("AuxiliaryHead", "layers in a row", head_in_a_row)
