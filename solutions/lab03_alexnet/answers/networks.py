"""AlexNet, right in other words and wrong."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course.labs.lab03_alexnet.paper import TABLE

from .book import answers
from .normalisation import lrn_by_shifts


def scaled(channels: int, width: float) -> int:
    return max(2, 2 * round(channels * width / 2))


class Sequential(nn.Module):
    """Like torchvision's, with the paper's numbers."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        a, b, c, d, e = (scaled(n, width) for n in (96, 256, 384, 384, 256))
        h = scaled(4096, width)
        self.features = nn.Sequential(
            nn.Conv2d(3, a, kernel_size=11, stride=4),
            nn.ReLU(inplace=True),
            nn.LocalResponseNorm(5, alpha=5e-4, k=2),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, 1, 2, groups=2),
            nn.ReLU(inplace=True),
            nn.LocalResponseNorm(5, alpha=5e-4, k=2),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(c, d, 3, 1, 1, groups=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(d, e, 3, 1, 1, groups=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(e * 36, h),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(h, h),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(h, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x))


class Lazy(nn.Module):
    """Layers in a list, everything else as functions; dropout before the next layer."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        previous, convs = 3, []
        for row in TABLE:
            count = scaled(row.outputs, width)
            conv = nn.Conv2d(previous, count, row.kernel, row.stride, row.padding)
            if row.groups == 2:
                conv = nn.Conv2d(previous, count, row.kernel, 1, row.padding, groups=2)
            convs.append(conv)
            previous = count
        self.convs = nn.ModuleList(convs)
        hidden = scaled(4096, width)
        self.one, self.two = nn.Linear(previous * 36, hidden), nn.Linear(hidden, hidden)
        self.three = nn.Linear(hidden, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        for number, conv in enumerate(self.convs):
            x = conv(x).clamp(min=0)
            x = lrn_by_shifts(x) if number < 2 else x
            x = F.max_pool2d(x, kernel_size=3, stride=2) if number in (0, 1, 4) else x
        x = self.one(x.reshape(len(x), -1)).relu()
        x = self.two(F.dropout(x, training=self.training)).relu()
        return self.three(F.dropout(x, training=self.training))


class Initialised(Sequential):
    """With the paper's initial weights, which the check must not mind."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__(num_classes, width)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
                nn.init.normal_(module.weight, std=0.01)
                nn.init.constant_(module.bias, 1.0)


class TorchvisionsDropout(Sequential):
    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__(num_classes, width)
        flatten, one, relu, drop, two, again, drop2, last = self.classifier
        self.classifier = nn.Sequential(flatten, drop, one, relu, drop2, two, again, last)


class Late(Sequential):
    """Normalises behind the pooling, as is often drawn."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__(num_classes, width)
        steps = list(self.features)
        for first in (2, 6):
            steps[first], steps[first + 1] = steps[first + 1], steps[first]
        self.features = nn.Sequential(*steps)


def torchvisions(num_classes: int = 1000, width: float = 1.0) -> nn.Module:
    from torchvision.models import alexnet

    return alexnet(num_classes=num_classes)


class LastFirst(Sequential):
    """Lists its linear layers before its convolutions."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__(num_classes, width)
        self.body = self.features
        del self.features

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.body(x))


class Nothing(nn.Module):
    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        self.size = num_classes

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros(len(x), self.size)


answers.right("AlexNet", "two sequences, as torchvision writes it", Sequential)
answers.right("AlexNet", "a list of layers, the rest as functions", Lazy)
answers.right("AlexNet", "with the paper's initial weights", Initialised)
answers.right("AlexNet", "layers made in another order", LastFirst)

answers.wrong("AlexNet", "drops inputs", TorchvisionsDropout, mistake="dropout_before_both")
answers.wrong("AlexNet", "normalises behind the pooling", Late, mistake="norm_after_pool")
answers.wrong("AlexNet", "torchvision's", torchvisions, mistake="one_weird_trick")
answers.wrong("AlexNet", "nothing in it", Nothing, at_most=0.0)
