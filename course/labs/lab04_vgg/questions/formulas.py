"""What is asked of receptive fields and stacks, and of measured fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from course.checks.battery import inside
from course.checks.modules import filled
from course.checks.whole import kind_of_number


def on_tables(function: Callable[..., Any], tables: Any) -> list[Any]:
    """What the function says of each list of ``(kernel, stride)``."""
    return [function([(int(kernel), int(stride)) for kernel, stride in t]) for t in tables]


def kinds_of_fields(function: Callable[..., Any], tables: Any) -> list[list[Any]]:
    """The same, each with the type of the number."""
    return [[kind_of_number(one), one] for one in on_tables(function, tables)]


def kinds_of_stacks(function: Callable[..., Any], stacks: Any) -> list[list[Any]]:
    """What the function says of each ``(channels, kernel, depth)``, with the type of the number."""
    return [[kind_of_number(one), one] for one in on_stacks(function, stacks)]


def on_stacks(function: Callable[..., Any], stacks: Any) -> list[Any]:
    """What the function says of each ``(channels, kernel, depth)``."""
    return [function(*stack) for stack in stacks]


def resting_slopes(function: Any, *given: Any) -> dict[str, Any]:
    """Gradients of the squares of the maps in evaluation, at maps, γ and β."""
    x, weight, bias, *others = given
    wanted = {"x": x, "weight": weight, "bias": bias}
    for one in wanted.values():
        one.requires_grad_()
    maps = function(x, weight, bias, *others)[0]
    if not maps.requires_grad:
        return dict.fromkeys(wanted, "no gradient")
    slopes = torch.autograd.grad(maps.square().sum(), list(wanted.values()), allow_unused=True)
    return dict(zip(wanted, slopes, strict=True))


def of_parameters(function: Callable[..., Any], *args: Any) -> Any:
    """The gradients at a layer's parameters, which come behind the one at its input."""
    answer = function(*args)
    return list(answer[1:]) if isinstance(answer, tuple | list) else answer


def stacked(weights: Sequence[Tensor], stride: int = 1) -> nn.Module:
    """Convolutions with these weights ``(K, C, k, k)``, padded, with ReLU between them."""
    layers: list[nn.Module] = []
    for weight in weights:
        out_channels, in_channels, kernel, _ = weight.shape
        layer = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False)
        layer.weight = nn.Parameter(weight.clone())
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def map_of(function: Any, images: Tensor, stride: int, *weights: Tensor) -> Any:
    """The student's map ``(H, W)`` for a stack of convolutions."""
    return function(stacked(weights, stride), images)


def map_in_ways(function: Any, images: Tensor, *weights: Tensor) -> dict[str, Any]:
    """The map of images in two orders in memory, and what became of the images."""
    network, columns_first = stacked(weights), images.mT.contiguous().mT
    return {
        "map": function(network, images),
        "images not in order in memory": function(network, columns_first),
        "images.requires_grad": images.requires_grad,
        "images.grad is None": images.grad is None,
    }


def small_stack(seed: int) -> nn.Module:
    """Three padded convolutions with ReLU, for images ``(N, 2, H, W)``."""
    layers = [nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1)]
    return filled(nn.Sequential(*layers, nn.ReLU(), nn.Conv2d(4, 3, 3, padding=1)), seed)


def frozen_stack(seed: int) -> nn.Module:
    """Two convolutions with stride 2, of which the first is frozen; ``(N, 2, H, W)``."""
    first, second = nn.Conv2d(2, 5, 3, 2, 1), nn.Conv2d(5, 3, 3, 2, 1)
    model = filled(nn.Sequential(first, nn.ReLU(), second), seed)
    first.requires_grad_(False)
    return model


def half_frozen(seed: int, training: bool) -> nn.Module:
    """Convolution, BatchNorm and ReLU, of which BatchNorm stays in evaluation mode and ReLU is in
    the other mode than the whole; and a convolution.
    """
    layers = [nn.Conv2d(2, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Conv2d(5, 3, 3, padding=1))
    filled(model, seed).train(training)
    model[1].eval()
    model[2].train(not training)
    return model


def map_as_found(function: Any, images: Tensor, seed: int) -> dict[str, Any]:
    """The maps of networks whose layers are in both modes, and what became of the networks."""
    found: dict[str, Any] = {}
    for mode, training in (("training", True), ("evaluation", False)):
        network = half_frozen(seed, training)
        before = inside(network)
        found[f"map of a network in {mode} mode"] = function(network, images)
        after = inside(network)
        changed = [name for name in before if before[name] != after[name] and name != ".grad"]
        found[f"what changed in the one in {mode} mode"] = changed
    return found


def with_gradients_added(function: Any) -> Callable[[nn.Module, Tensor], Any]:
    """The student's map, where the network's parameters keep their gradients: what ``backward()``
    adds to them is taken away again. Whatever else has become of them stays.
    """

    def asked(network: nn.Module, images: Tensor) -> Any:
        given = {one: one.grad for one in network.parameters()}
        before = {one: None if grad is None else grad.clone() for one, grad in given.items()}
        share = function(network, images)
        for one, slope in _slopes_at_centre(network, images).items():
            if _grown_along(one.grad, before[one], slope):
                one.grad = before[one]
        return share

    return asked


def _slopes_at_centre(network: nn.Module, images: Tensor) -> dict[nn.Parameter, Tensor]:
    wanted = [one for one in network.parameters() if one.requires_grad]
    with torch.enable_grad():
        maps = network(images.detach())
        centre = maps[..., maps.shape[2] // 2, maps.shape[3] // 2].sum()
    if not centre.requires_grad:
        return {}
    return dict(zip(wanted, torch.autograd.grad(centre, wanted), strict=True))


def _grown_along(after: Tensor | None, before: Tensor | None, slope: Tensor) -> bool:
    """Whether a gradient has grown by a multiple of ``slope``, 0 included."""
    if after is None:
        return before is None
    moved = (after if before is None else after - before).flatten()
    along = (moved @ slope.flatten()).abs()
    return bool(along >= (1 - 1e-4) * moved.norm() * slope.norm())
