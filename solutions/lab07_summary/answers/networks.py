"""Small networks of other kinds than the families'."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers


def linear() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


class OneChannelMixer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rows, self.columns = nn.Linear(28, 28), nn.Linear(28, 28)
        self.head = nn.Linear(784, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x + F.gelu(self.rows(x)) + F.gelu(self.columns(x.mT)).mT
        return self.head(x.reshape(len(x), -1))


def normed() -> nn.Module:
    body = [nn.Conv2d(1, 8, 5, 2), nn.GroupNorm(2, 8), nn.ReLU(), nn.Dropout2d(0.1)]
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(4), nn.Flatten(1), nn.Linear(128, 10))


answers.right("build_network", "a linear layer", linear)
answers.right("build_network", "rows and columns mixed", OneChannelMixer)
answers.right("build_network", "norms of groups, dropout of maps", normed)
