"""What the checks of lab 9 ask.

Filters are judged by what they do to images: a filter's sign is free, and so are filters whose
eigenvalues are equal, so the filters themselves can't be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course.checks import ProbeError, wording
from course.checks.inputs import normal
from course.checks.modules import a_tensor, filled
from course.labs.shared.bare import bare

# Filters ----------------------------------------------------------------------------------


def by_effect(function: Any) -> Callable[..., dict[str, Any]]:
    """``whitening_filters``: what its filters make of the images, and what they undo."""

    @wraps(function)
    def found(images: Tensor, *rest: Any, **named: Any) -> dict[str, Any]:
        size = named.get("size", rest[0] if rest else 2)
        return effect_of(function(images, *rest, **named), images, size)

    return found


def effects(function: Any, images: Tensor, size: int, eps: float) -> dict[str, Any]:
    """What the filters of ``whitening_filters(images, size, eps)`` do."""
    return effect_of(function(images, size, eps), images, size)


def by_default(function: Any, images: Tensor) -> dict[str, Any]:
    """The same of ``whitening_filters(images)``, and of sizes and eps by name."""
    return {
        "by default": effect_of(function(images), images, 2),
        "by name": effect_of(function(images, eps=0.1, size=3), images, 3),
    }


def of_many(function: Any, seed: int, count: int) -> dict[str, Any]:
    """The same of so many small images, of one channel and brighter than 0."""
    images = normal(torch.Generator().manual_seed(seed), count, 1, 3, 3) + 1
    return effect_of(function(images, 2, 0.01), images, 2)


def graph_left(function: Any, images: Tensor) -> dict[str, Any]:
    """The same of images that need a gradient, and whether their filters hold a graph."""
    found = function(images.clone().requires_grad_())
    return effect_of(found, images, 2) | {"filters hold a graph": found.requires_grad}


def effect_of(filters: Any, images: Tensor, size: int) -> dict[str, Any]:
    """What filters ``(K, C, size, size)`` with K = C·size² do, whatever their signs.

    Raises:
        ProbeError: no tensor of that shape.
    """
    count = images.shape[1] * size**2
    found = a_tensor(filters, (count, images.shape[1], size, size), "the filters")
    if found.dtype != images.dtype:
        raise ProbeError(f"expected {wording.dtype(images)}, found {wording.dtype(found)}")
    responses = F.conv2d(images.detach(), found.detach()).transpose(0, 1).flatten(1)
    rows = found.detach().flatten(1)
    return {
        "covariance of the responses": torch.cov(responses, correction=0).view(count, count),
        "WᵀW, where W has a filter in each row": rows.T @ rows,
    }


# Scores -----------------------------------------------------------------------------------


class Sided(nn.Module):
    """Convolution, BatchNorm, tanh, average over quarters, linear: left is not right.

    ``(N, 2, H, W) -> (N, 4)``
    """

    def __init__(self, drop: float = 0.0) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)
        self.drop, self.head = nn.Dropout(drop), nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 2, H, W) -> (N, 4)``."""
        maps = F.adaptive_avg_pool2d(torch.tanh(self.norm(self.conv(x))), 2)
        scores: Tensor = self.head(self.drop(maps.flatten(1)))
        return scores


def normalised(seed: int) -> nn.Module:
    """A network with BatchNorm."""
    return filled(Sided(), seed)


def dropping(seed: int) -> nn.Module:
    """A network with BatchNorm and dropout."""
    return filled(Sided(drop=0.5), seed)


class Louder(nn.Module):
    """A layer of somebody's own: twice as loud in training mode."""

    def forward(self, x: Tensor) -> Tensor:
        """``(...) -> (...)``."""
        return 2 * x if self.training else x


class Blocks(nn.Module):
    """Two blocks of convolution, BatchNorm and a layer of one's own, a linear layer behind.

    ``(N, 2, H, W) -> (N, 4)``
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), Louder())
        self.second = nn.Sequential(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3), Louder())
        self.head = nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 2, H, W) -> (N, 4)``."""
        maps = torch.tanh(self.second(torch.tanh(self.first(x))))
        scores: Tensor = self.head(F.adaptive_avg_pool2d(maps, 2).flatten(1))
        return scores


MAKERS = {"BatchNorm": normalised, "BatchNorm and dropout": dropping}


def about(function: Any, kind: str, seed: int, modes: str, images: Tensor) -> dict[str, Any]:
    """The same of a network by its name, given in these modes, and which it has afterwards."""
    model = MAKERS[kind](seed).train(modes != "evaluation")
    if modes == "mixed":
        model.get_submodule("norm").eval()
    return bare(function)(model, images) | in_training(model)


def amid_training(function: Any, seed: int, images: Tensor) -> dict[str, Any]:
    """The same of blocks, each with a layer in a mode of its own, asked without gradients."""
    model = filled(Blocks(), seed).train()
    for frozen in ("first.1", "second", "second.2"):
        model.get_submodule(frozen).training = False
    with torch.no_grad():
        found = bare(function)(model, images)
        enabled = torch.is_grad_enabled()
    return found | in_training(model) | {"gradients are switched on": enabled}


def in_training(model: nn.Module) -> dict[str, str]:
    """The names of the layers that are in training mode."""
    names = [name or "the whole" for name, layer in model.named_modules() if layer.training]
    return {"in training mode afterwards": ", ".join(names) or "none"}
