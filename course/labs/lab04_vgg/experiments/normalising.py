"""The student's BatchNorm inside a small VGG, beside PyTorch's."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course.device import seeded
from course.experiments import where_it_can
from course.labs.lab04_vgg.experiments.small import small_vgg
from course.labs.shared.pages import attempt


class OwnBatchNorm(nn.Module):
    """BatchNorm by a function of the student's; it holds what the function is given.

    Args:
        function: as exercise `batch_norm` asks for it.
        channels: of the maps.
    """

    mean: Tensor
    var: Tensor

    def __init__(self, function: Any, channels: int) -> None:
        super().__init__()
        self.function = function
        self.weight, self.bias = (
            nn.Parameter(make(channels)) for make in (torch.ones, torch.zeros)
        )
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` -> the same shape."""
        given = (x, self.weight, self.bias, self.mean, self.var, self.training)
        maps, self.mean, self.var = self.function(*given)
        return torch.as_tensor(maps)


def with_own(function: Any, model: nn.Module) -> nn.Module:
    """The network with a student's function in every place where it has ``nn.BatchNorm2d``."""
    for name, layer in model.named_children():
        if isinstance(layer, nn.BatchNorm2d):
            setattr(model, name, OwnBatchNorm(function, layer.num_features))
        else:
            with_own(function, layer)
    return model


def compare_batch_norm(function: Any, steps: int = 5) -> None:
    """Print how far the scores of two networks of column D are apart, one with the student's
    function: in the first step of training, after some, and in evaluation.
    """
    work = partial(_apart, function, steps)
    found = attempt("batch_norm", lambda: where_it_can("batch_norm", work, float64=True))
    for when, (apart, scale) in (found or {}).items():
        told = "equal up to rounding" if apart < 1e-3 * scale else "another network"
        print(f"{when:24}largest difference {apart:.0e} of {scale:.1f}: {told}")


def _apart(function: Any, steps: int, place: torch.device) -> dict[str, tuple[float, float]]:
    models = list[nn.Module]()
    for own in (False, True):
        with seeded(0):
            fresh = small_vgg("D, BatchNorm")
        models.append((with_own(function, fresh) if own else fresh).double().to(place))
    with seeded(1):
        images, labels = torch.randn(32, 3, 32, 32).double(), torch.randint(0, 10, (32,))
    images, labels = images.to(place), labels.to(place)
    optimisers = [torch.optim.SGD(model.parameters(), lr=0.01) for model in models]
    found = {"first step, training": _difference(models, images)}
    for _ in range(steps):
        for model, optimiser in zip(models, optimisers, strict=True):
            optimiser.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimiser.step()
    found[f"after {steps} steps, training"] = _difference(models, images)
    found[f"after {steps} steps, eval()"] = _difference([m.eval() for m in models], images)
    return found


def _difference(models: list[nn.Module], images: Tensor) -> tuple[float, float]:
    with torch.no_grad():
        theirs, own = (model(images) for model in models)
    return float((theirs - own).abs().max()), float(theirs.abs().max())
