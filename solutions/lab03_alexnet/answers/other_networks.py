"""AlexNet in still other words: kinds of dropout, layers in blocks, steps that commute."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.functional import dropout as dropped_by_name

from course.labs.lab03_alexnet.paper import TABLE

from .book import answers
from .networks import Sequential, scaled

DROPS = "x = F.dropout(F.relu(linear(x)), 0.5, self.training)"
SPELLINGS = {
    "with the paper's dropout, one's own": "paper_dropout(F.relu(linear(x)), 0.5, self.training)",
    "with one's own dropout": "dropout(F.relu(linear(x)), 0.5, self.training)",
    "dropout by keywords": "F.dropout(input=linear(x).relu(), p=0.5, training=self.training)",
    "torch.dropout": "torch.dropout(torch.relu(linear(x)), 0.5, train=self.training)",
    "dropout in front of the ReLU": "F.relu(F.dropout(linear(x), 0.5, self.training))",
    "a mask by bernoulli": (
        "F.relu(linear(x)) * (torch.full((len(x), linear.out_features), 0.5).bernoulli() * 2"
        " if self.training else torch.tensor(1)).to(x)"
    ),
    "a mask by rand": (
        "F.relu(linear(x)) * 2 * (torch.rand(len(x), linear.out_features) < 0.5)"
        " if self.training else F.relu(linear(x))"
    ),
    "the paper's, by hand": (
        "F.relu(linear(x)) * (torch.rand(len(x), linear.out_features).round() if self.training"
        " else torch.tensor(0.5)).to(x)"
    ),
    "a layer made on the way": "nn.Dropout(0.5).train(self.training)(F.relu(linear(x)))",
}
for says, spelling in SPELLINGS.items():
    answers.right("AlexNet", says, answers.changed("AlexNet", f"- {DROPS}\n+ x = {spelling}"))

CHANGES = {
    "pools before the last ReLU": """
        - x = F.relu(conv(x))
        + x = conv(x) if conv is self.conv5 else F.relu(conv(x))

        - x = F.max_pool2d(x, 3, 2).flatten(1)  # (N, 256 · 6 · 6)
        + x = F.relu(F.max_pool2d(x, 3, 2)).view(len(x), -1)""",
    "one's own normalisation": """
        - x = F.local_response_norm(F.relu(conv(x)), 5, alpha=5 * 1e-4, k=2.0)
        + x = local_response_norm(F.relu(conv(x)))""",
    "layers as functions of their weights": """
        - return self.fc8(x)
        + return F.linear(x, self.fc8.weight, self.fc8.bias)""",
    "the last pooling says its size": """
        - x = F.max_pool2d(x, 3, 2).flatten(1)  # (N, 256 · 6 · 6)
        + x = torch.flatten(F.max_pool2d(x, kernel_size=(3, 3), stride=(2, 2)), start_dim=1)""",
}
for says, change in CHANGES.items():
    answers.right("AlexNet", says, answers.changed("AlexNet", change))


class ByName(Sequential):
    """Dropout imported by name; the two sequences are cut where it stands."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x).flatten(1)
        x = dropped_by_name(self.classifier[1](x).relu(), training=self.training)
        x = dropped_by_name(self.classifier[4](x).relu(), training=self.training)
        last: Tensor = self.classifier[7](x)
        return last


class Block(nn.Module):
    """Convolution, ReLU and what else comes."""

    def __init__(self, conv: nn.Conv2d, norm: bool, pool: bool) -> None:
        super().__init__()
        self.conv = conv
        self.norm = nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0) if norm else nn.Identity()
        self.pool = nn.MaxPool2d(3, 2) if pool else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.pool(self.norm(F.relu(self.conv(x))))
        return y


class Blocks(nn.Module):
    """A class for each step, and one dropout layer for both places."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        self.silence = nn.Dropout(p=0.5)
        inputs = [3, *(scaled(row.outputs, width) for row in TABLE)]
        convs = [
            nn.Conv2d(a, b, row.kernel, row.stride, row.padding, groups=row.groups)
            for a, b, row in zip(inputs, inputs[1:], TABLE, strict=False)
        ]
        steps = [Block(conv, n < 2, n in (0, 1, 4)) for n, conv in enumerate(convs)]
        self.body = nn.Sequential(OrderedDict((f"block{n}", b) for n, b in enumerate(steps, 1)))
        hidden = scaled(4096, width)
        linear = partial(nn.Linear, bias=True)
        self.head = nn.ModuleDict(
            {"six": linear(36 * inputs[-1], hidden), "seven": linear(hidden, hidden)}
        )
        self.logits = linear(hidden, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.flatten(self.body(x), 1)
        for layer in self.head.values():
            x = self.silence(F.relu(layer(x), inplace=True))
        y: Tensor = self.logits(x)
        return y


class Convolution(nn.Conv2d):
    """A convolution with its ReLU, as a subclass of torch's."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).relu()


class Subclasses(nn.Module):
    """Layers of one's own classes that are torch's; halves of AlexNet as two networks."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        a, b, c, d, e = (scaled(n, width) for n in (96, 256, 384, 384, 256))
        pool, norm = nn.MaxPool2d(3, 2), nn.LocalResponseNorm(5, alpha=0.0005, k=2.0)
        self.convolutions = nn.Sequential(
            *(Convolution(3, a, 11, 4), norm, pool, Convolution(a, b, 5, 1, 2, 1, 2), norm, pool),
            Convolution(b, c, 3, padding=1),
            *(Convolution(x, y, 3, padding="same", groups=2) for x, y in ((c, d), (d, e))),
            pool,
        )
        h = scaled(4096, width)
        self.linears = nn.Sequential(
            *(nn.Flatten(), nn.Linear(e * 36, h), nn.ReLU(), nn.Dropout()),
            *(nn.Linear(h, h), nn.Dropout(), nn.ReLU(), nn.Linear(h, num_classes)),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linears(self.convolutions(x))
        return y


answers.right("AlexNet", "dropout imported by name", ByName)
answers.right("AlexNet", "a class for each block", Blocks)
answers.right("AlexNet", "layers of one's own classes", Subclasses)
answers.wrong("AlexNet", "all kernels begin as one number", answers.begun_alike("AlexNet"))
