"""The networks that are compared, and the student's own where it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course.labs.shared.pages import attempt

Names = Mapping[str, Any]
MakeModel = Callable[[], nn.Module]


def strided() -> nn.Sequential:
    """A stand-in for LeNet: 65,534 parameters, strides in the place of pooling.

    ``(N, 1, 32, 32) -> (N, 10)``
    """
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(8, 16, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(1024, 60),
        nn.ReLU(),
        nn.Linear(60, 10),
    )


def perceptron() -> nn.Sequential:
    """As many parameters without convolution, 62,110: ``(N, 1, 32, 32) -> (N, 10)``."""
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 60), nn.ReLU(), nn.Linear(60, 10))


def linear() -> nn.Sequential:
    """One template for each class, 10,250 parameters: ``(N, 1, 32, 32) -> (N, 10)``."""
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))


def lenet_of(names: Names) -> tuple[str, MakeModel]:
    """The notebook's LeNet with its name; the stand-in where it is not written or fails."""
    made = attempt("LeNet", lambda: names["LeNet"]()(torch.zeros(2, 1, 32, 32)))
    if isinstance(made, Tensor) and made.shape == (2, 10):
        return "LeNet", names["LeNet"]
    print("A network with strides stands in for it.")
    return "stand-in", strided


class Scores(nn.Module):
    """A network whose smallest output wins, such as LeNet-5, turned into one of logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Penalties ``(N, K)`` with the other sign."""
        return -self.network(x)
