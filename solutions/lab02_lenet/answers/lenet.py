"""The modern LeNet in other words."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers


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


class FourLayers(LeNetFlat):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__(num_classes)
        del self[-1]


answers.right("LeNet", "one row of modules", LeNetFlat)
answers.right("LeNet", "functions in forward", LeNetFunctional)
answers.wrong("LeNet", "without the last layer", FourLayers, at_most=0.0)
