"""Stacks that can be plain or residual, with or without normalisation.

They are built from one :class:`Unit`, so that everything runs before an exercise is solved.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}
DEPTHS = (20, 56, 110)


@dataclass(frozen=True)
class Kind:
    """What a unit is made of.

    Attributes:
        residual: whether the input is added to what two convolutions make of it.
        norm: BatchNorm beside each convolution; without it the convolutions have biases.
        activation: one of ``ACTIVATIONS``.
        order: ``"post"``, the paper's: an activation follows the addition; ``"inside"``, the
            same activation stays in the branch; ``"pre"``, norm and activation come before each
            convolution (He and others 2016b). In the last two nothing follows the addition.
        start: ``"torch"``, PyTorch's own initial weights, or ``"He"``.
        zero: the last γ of each unit starts at 0 (Goyal and others 2017).
    """

    residual: bool
    norm: bool = True
    activation: str = "relu"
    order: str = "post"
    start: str = "torch"
    zero: bool = False

    @property
    def name(self) -> str:
        """Such as ``residual, BatchNorm``."""
        family = "residual" if self.residual else "plain"
        return f"{family}, {'BatchNorm' if self.norm else 'no BatchNorm'}"


PANELS = tuple(Kind(residual, norm) for norm in (False, True) for residual in (False, True))


class Layer(nn.Module):
    """A padded 3×3 convolution with its normalisation: ``(N, C, H, W) -> (N, K, H/s, W/s)``.

    In a unit of order ``"pre"`` normalisation and activation come first. (Its kernels lie with
    their first two axes exchanged, so that it is no answer to an exercise.)
    """

    def __init__(self, kind: Kind, into: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.kind, pre = kind, kind.order == "pre"
        self.norm = nn.BatchNorm2d(into if pre else out) if kind.norm else nn.Identity()
        start = nn.Conv2d(into, out, 3, bias=not kind.norm)
        if kind.start == "He":
            nn.init.kaiming_normal_(start.weight, mode="fan_out", nonlinearity="relu")
        self.stride, self.bias = stride, start.bias
        self.kernels = nn.Parameter(start.weight.detach().transpose(0, 1).contiguous())

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W) -> (N, K, H/s, W/s)``."""
        if self.kind.order == "pre":
            act = ACTIVATIONS[self.kind.activation]
            return self._convolved(act(self.norm(x)))
        result: Tensor = self.norm(self._convolved(x))
        return result

    def _convolved(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernels.transpose(0, 1), self.bias, self.stride, padding=1)


class Unit(nn.Module):
    """Two convolutions, plain or with a parameter-free shortcut.

    ``(N, C, H, W) -> (N, K, H/s, W/s)``; with K > C the shortcut's new channels are zeros.
    """

    def __init__(self, kind: Kind, into: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.kind, self.stride, self.new = kind, stride, out - into
        self.first = Layer(kind, into, out, stride)
        self.second = Layer(kind, out, out)
        if kind.zero:
            nn.init.zeros_(torch.as_tensor(self.second.norm.weight))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W) -> (N, K, H/s, W/s)``."""
        y = self._branch(x)
        if self.kind.residual:
            grid = x[..., :: self.stride, :: self.stride]
            y = torch.cat([grid, grid.new_zeros(len(x), self.new, *grid.shape[2:])], 1) + y
        return ACTIVATIONS[self.kind.activation](y) if self.kind.order == "post" else y

    def _branch(self, x: Tensor) -> Tensor:
        act = ACTIVATIONS[self.kind.activation]
        if self.kind.order == "pre":
            result: Tensor = self.second(self.first(x))
            return result
        result = self.second(act(self.first(x)))
        return act(result) if self.kind.order == "inside" else result


def units_of(depth: int, per_stage: int) -> int:
    """Units in each stage of a network with ``depth`` layers with weights."""
    return (depth - 2) // (2 * per_stage)


def stage_network(kind: Kind, depth: int, width: int, in_channels: int = 3) -> nn.Sequential:
    """The paper's network for small images, 6n + 2 layers, three stages: ``-> (N, 10)`` scores."""
    layers: list[nn.Module] = [Layer(kind, in_channels, width), nn.ReLU()]
    into = width
    for stage in range(3):
        for number in range(units_of(depth, 3)):
            out = width << stage
            layers.append(Unit(kind, into, out, 2 if stage > number == 0 else 1))
            into = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(into, 10))


def even_network(
    make: Callable[[], nn.Module], depth: int, width: int = 16, norm: bool = True
) -> nn.Sequential:
    """A stem, ``(depth - 2) / 2`` units of equal shape, and a head; for grey ``(N, 1, H, W)``.

    Its parts are called ``stem``, ``unit 1``, ``unit 2``, …, ``head``.
    """
    stem = nn.Conv2d(1, width, 3, padding=1, bias=not norm)
    parts: dict[str, nn.Module] = {
        "stem": nn.Sequential(stem, nn.BatchNorm2d(width)) if norm else stem
    }
    for number in range(units_of(depth, 1)):
        parts[f"unit {number + 1}"] = make()
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))
    return nn.Sequential(OrderedDict(parts, head=head))
