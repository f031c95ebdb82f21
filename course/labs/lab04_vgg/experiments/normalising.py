"""The student's BatchNorm, or its way back, inside a small VGG, beside PyTorch's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


class WayBack(torch.autograd.Function):
    """BatchNorm in training that is PyTorch's forwards, and a student's function backwards."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, function: Any) -> Tensor:
        """``(N, C, H, W)`` -> the same shape."""
        ctx.save_for_backward(x, weight)
        ctx.function = function
        return F.batch_norm(x, None, None, weight, bias, True)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        """Gradients at x, γ and β."""
        return *ctx.function(*ctx.saved_tensors, grad_output), None


class OwnWayBack(nn.Module):
    """BatchNorm in training, differentiated by a function of the student's.

    Args:
        function: as exercise `batch_norm_gradients` asks for it.
        channels: of the maps.
    """

    def __init__(self, function: Any, channels: int) -> None:
        super().__init__()
        self.function = function
        self.weight, self.bias = (
            nn.Parameter(make(channels)) for make in (torch.ones, torch.zeros)
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` -> the same shape."""
        return torch.as_tensor(WayBack.apply(x, self.weight, self.bias, self.function))


def with_own(make: Callable[[int], nn.Module], model: nn.Module) -> nn.Module:
    """The network with a layer of ours, made for its channels, wherever it has
    ``nn.BatchNorm2d``.
    """
    for name, layer in model.named_children():
        if isinstance(layer, nn.BatchNorm2d):
            setattr(model, name, make(layer.num_features))
        else:
            with_own(make, layer)
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


def compare_gradients(function: Any) -> None:
    """Print whether two networks of column D have the same gradients, one with the student's
    function on the way back, and whether the convolutions' biases have any.
    """
    work = partial(_gradients, function)
    name = "batch_norm_gradients"
    found = attempt(name, lambda: where_it_can(name, work, float64=True))
    for parameters, (theirs, own) in (found or {}).items():
        largest, apart = float(theirs.abs().max()), float((own - theirs).abs().max())
        told = "equal up to rounding" if apart < 1e-9 * max(largest, 1) else "other gradients"
        size = f"up to {largest:.2f}" if largest > 1e-9 else "0 up to rounding"
        print(f"{parameters:24}PyTorch's {size}, yours: {told}")


def _gradients(function: Any, place: torch.device) -> dict[str, tuple[Tensor, Tensor]]:
    """PyTorch's and the student's, by what the parameters are."""
    images, labels = _batch(place)
    found = dict[str, list[Tensor]]()
    for make in (None, partial(OwnWayBack, function)):
        model = _column_d(make).to(place)
        F.cross_entropy(model(images), labels).backward()
        for parameters, slopes in _by_kind(model).items():
            found.setdefault(parameters, []).append(slopes)
    return {parameters: (theirs, own) for parameters, (theirs, own) in found.items()}


def _by_kind(model: nn.Module) -> dict[str, Tensor]:
    convolutions = [one for one in model.modules() if isinstance(one, nn.Conv2d)]
    scaled = [one for one in model.modules() if isinstance(one, nn.BatchNorm2d | OwnWayBack)]
    return {
        "convolutions' weights": _slopes(one.weight for one in convolutions),
        "convolutions' biases": _slopes(one.bias for one in convolutions),
        "γ": _slopes(one.weight for one in scaled),
        "β": _slopes(one.bias for one in scaled),
    }


def _slopes(parameters: Iterable[Tensor | None]) -> Tensor:
    found = [one.grad for one in parameters if one is not None]
    return torch.cat([one.flatten() for one in found if one is not None])


def _column_d(make: Callable[[int], nn.Module] | None) -> nn.Module:
    """Column D with BatchNorm in float64, always the same one; with layers of ours, if told."""
    with seeded(0):
        model = small_vgg("D, BatchNorm")
    return (with_own(make, model) if make else model).double()


def _batch(place: torch.device) -> tuple[Tensor, Tensor]:
    with seeded(1):
        images, labels = torch.randn(32, 3, 32, 32).double(), torch.randint(0, 10, (32,))
    return images.to(place), labels.to(place)


def _apart(function: Any, steps: int, place: torch.device) -> dict[str, tuple[float, float]]:
    models = [_column_d(make).to(place) for make in (None, partial(OwnBatchNorm, function))]
    images, labels = _batch(place)
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
