"""The modern LeNet in other words, and with slips."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers, slips, variants


class LeNetFlat(nn.Sequential):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__(
            nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(16, 120, 5), nn.ReLU(), nn.Flatten(),
            nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, num_classes),
        )  # fmt: skip


class LeNetFunctional(nn.Module):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 6, (5, 5)), nn.Conv2d(6, 16, (5, 5))
        self.c, self.d, self.e = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        for conv in (self.a, self.b):
            x = F.max_pool2d(conv(x).clamp(min=0), 2, 2)
        x = x.view(len(x), -1)
        return self.e(torch.relu(self.d(torch.relu(self.c(x)))))


class LeNetLastFirst(nn.Module):
    """Layers made in another order than they are used, pooling by hand."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.logits = nn.Linear(84, num_classes)
        self.dense = nn.ModuleList([nn.Linear(120, 84), nn.Linear(400, 120)])
        self.convs = nn.ModuleDict({"second": nn.Conv2d(6, 16, 5), "first": nn.Conv2d(1, 6, 5)})

    def forward(self, x: Tensor) -> Tensor:
        for name in ("first", "second"):
            x = F.relu(self.convs[name](x))
            x = x.unflatten(2, (-1, 2)).unflatten(4, (-1, 2)).amax(dim=(3, 5))
        for layer in reversed(self.dense):
            x = layer(x.flatten(start_dim=1)).relu()
        return self.logits(x)


class Stage(nn.Module):
    """A helper class of the student's."""

    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.conv, self.pool = nn.Conv2d(into, out, kernel_size=5, padding=0), nn.MaxPool2d(2, 2)

    def forward(self, x: Tensor) -> Any:
        return self.pool(torch.maximum(self.conv(x), torch.zeros(())))


class LeNetOfStages(nn.Module):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.body = nn.Sequential(Stage(1, 6), Stage(6, 16), nn.Flatten())
        sizes = [400, 120, 84, num_classes]
        self.head = nn.Sequential()
        for into, out in pairwise(sizes):
            self.head.append(nn.Linear(into, out))
            if out != num_classes:
                self.head.append(nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Any:
        return self.head(self.body(x))


class FourLayers(LeNetFlat):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__(num_classes)
        del self[-1]


class ZeroLogits(LeNetFunctional):
    """Every layer is there, and plays no part."""

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(len(x), self.e.out_features)


answers.right("LeNet", "one row of modules", LeNetFlat)
answers.right("LeNet", "functions in forward", LeNetFunctional)
answers.right("LeNet", "made from the last to the first", LeNetLastFirst)
answers.right("LeNet", "with a helper class", LeNetOfStages)
answers.wrong("LeNet", "without the last layer", FourLayers, at_most=0.1)
answers.wrong("LeNet", "zeros, from a network with all its layers", ZeroLogits, at_most=0.3)
FIRST = "nn.Conv2d(1, 6, kernel_size=5)"
SECOND = "nn.Conv2d(6, 16, kernel_size=5)"
LAST = "nn.Linear(84, num_classes)"
MAPS = "maps = self.features(x)"
RETURN = "return self.classifier(maps.flatten(1))"
variants(
    "LeNet",
    {
        "all pixels as a row by reshape": (RETURN, "return self.classifier(maps.reshape(-1, 400))"),
        "an adaptive pooling that changes nothing": (
            MAPS,
            "maps = F.adaptive_max_pool2d(self.features(x), 5)",
        ),
    },
)
slips(
    "LeNet",
    {
        "always ten classes": (LAST, "nn.Linear(84, 10)"),
        "the usual number of classes is 1000": ("num_classes: int = 10", "num_classes: int = 1000"),
        "the number of classes has no usual value": ("num_classes: int = 10", "num_classes: int"),
        "a function after the last layer": (RETURN, RETURN + ".relu()"),
        "a softmax": (RETURN, RETURN + ".softmax(1)"),
        "a log-softmax": (RETURN, RETURN + ".log_softmax(1)"),
        "a softmax in evaluation": (
            RETURN,
            "y = self.classifier(maps.flatten(1))\nreturn y if self.training else y.softmax(1)",
        ),
        "a softmax in training": (
            RETURN,
            "y = self.classifier(maps.flatten(1))\nreturn y.softmax(1) if self.training else y",
        ),
        "classes": (RETURN, RETURN + ".argmax(1)"),
        "no ReLU after 120": """
- nn.Linear(16 * 5 * 5, 120),
- nn.ReLU(),
+ nn.Linear(16 * 5 * 5, 120),
        """,
        "no ReLU after 84": """
- nn.Linear(120, 84),
- nn.ReLU(),
+ nn.Linear(120, 84),
        """,
        "no ReLU after the first convolution": """
- nn.Conv2d(1, 6, kernel_size=5),  # (N, 6, 28, 28)
- nn.ReLU(),
+ nn.Conv2d(1, 6, kernel_size=5),
        """,
        "no ReLU after the second convolution": """
- nn.Conv2d(6, 16, kernel_size=5),  # (N, 16, 10, 10)
- nn.ReLU(),
+ nn.Conv2d(6, 16, kernel_size=5),
        """,
        "leaky": """
- nn.Linear(120, 84),
- nn.ReLU(),
+ nn.Linear(120, 84), nn.LeakyReLU(0.01),
        """,
        "GELU after 84": """
- nn.Linear(120, 84),
- nn.ReLU(),
+ nn.Linear(120, 84), nn.GELU(),
        """,
        "a ReLU on the image": (MAPS, "maps = self.features(x.relu())"),
        "average pooling the second time": """
- nn.MaxPool2d(2),  # (N, 16, 5, 5)
+ nn.AvgPool2d(2),
        """,
        "max pooling of the absolute values": (MAPS, "maps = self.features(x.abs())"),
        "one image loses its axis": (RETURN, RETURN + ".squeeze(0)"),
        "axes of one are lost": (RETURN, RETURN + ".squeeze()"),
        "all images in one row": (RETURN, "return self.classifier(maps.flatten()[:400])"),
        "two images or more": (RETURN, "return self.classifier(maps.squeeze().flatten(1))"),
        "a bias too few": (LAST, "nn.Linear(84, num_classes, bias=False)"),
        "a convolution without bias": (FIRST, "nn.Conv2d(1, 6, kernel_size=5, bias=False)"),
        "padded": (FIRST, "nn.Conv2d(1, 6, kernel_size=5, padding=2)"),
        "dropout": ("nn.Linear(120, 84),", "nn.Linear(120, 84), nn.Dropout(0.1),"),
        "dropout also in evaluation": (
            RETURN,
            "return self.classifier(F.dropout(maps.flatten(1), 0.1))",
        ),
        "batch normalisation without parameters": (
            SECOND,
            SECOND + ", nn.BatchNorm2d(16, affine=False)",
        ),
        "the image is normalised": (MAPS, "maps = self.features(x - x.mean())"),
        "the image is changed": (MAPS, "x.data.clamp_(min=0)\n" + MAPS),
        "the convolutions are detached": (
            RETURN,
            "return self.classifier(maps.detach().flatten(1))",
        ),
        "without gradients": ("def forward(", "@torch.no_grad()\ndef forward("),
        "float64 comes out": (RETURN, RETURN + ".double()"),
        "float64 inside": (MAPS, "maps = self.features(x.double())"),
        "all networks share their convolutions": (
            RETURN,
            "LeNet.kept = getattr(LeNet, 'kept', self.features)\n"
            "return self.classifier(LeNet.kept(x).flatten(1))",
        ),
        "the first logits come again": (
            RETURN,
            "self.kept = getattr(self, 'kept', self.classifier(maps.flatten(1)))\nreturn self.kept",
        ),
        "logits kept small": (RETURN, "return self.classifier(maps.flatten(1)).clamp(-10, 10)"),
        "divided by a temperature": (RETURN, "return self.classifier(maps.flatten(1)) / 2"),
    },
)
answers.wrong(
    "LeNet", "all kernels begin as one number", answers.begun_alike("LeNet"), at_most=0.85
)


REFERENCE: Any = answers.reference["LeNet"]


class Zeros(REFERENCE):
    """No gradient ever reaches a kernel."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__(num_classes)
        for one in self.parameters():
            nn.init.zeros_(one)


class EqualUnits(REFERENCE):
    """Random numbers, but all units of a layer have the same."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__(num_classes)
        with torch.no_grad():
            for one in self.parameters():
                one.copy_(one[:1].clone())


answers.wrong("LeNet", "all begins as zeros", Zeros, at_most=0.85)
answers.wrong("LeNet", "all units of a layer begin alike", EqualUnits, at_most=0.85)


def started(*, weights: Callable[[Tensor], Any]) -> Any:
    """The network with other weights at its start, and biases of 0."""

    class Started(REFERENCE):
        def __init__(self, num_classes: int = 10) -> None:
            super().__init__(num_classes)
            with torch.no_grad():
                for one in self.parameters():
                    (weights if one.ndim > 1 else nn.init.zeros_)(one)

    return Started


GOOD: dict[str, Callable[[Tensor], Any]] = {
    "He's start": nn.init.kaiming_normal_,
    "Glorot's start": nn.init.xavier_uniform_,
    "an orthogonal start": nn.init.orthogonal_,
    "normal numbers, spread 0.01": lambda one: one.normal_(std=0.01),
    "the start of 1998": lambda one: one.uniform_(-2.4 / one[0].numel(), 2.4 / one[0].numel()),
}
for says, weights in GOOD.items():
    answers.right("LeNet", says, started(weights=weights))
BAD: dict[str, Callable[[Tensor], Any]] = {
    "starts a hundred times too large": lambda one: one.mul_(100),
    "normal numbers, spread 1": nn.init.normal_,
    "starts a million times too small": lambda one: one.mul_(1e-6),
}
for says, weights in BAD.items():
    answers.wrong("LeNet", says, started(weights=weights))
