"""Right answers in other words: counts, merged weights, frozen backbones."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from .book import answers


def from_torch(
    in_channels: int, out_channels: int, kernel: int, height: int, width: int, groups: int = 1
) -> tuple[int, int]:
    with torch.device("meta"):
        layer = nn.Conv2d(in_channels, out_channels, kernel, groups=groups, bias=False)
    return layer.weight.numel(), layer.weight.numel() * height * width


def group_by_group(i: int, o: int, k: int, height: int, width: int, groups: int = 1) -> Any:
    if groups <= 0 or i % groups != 0 or o % groups != 0:
        raise ValueError("groups")
    one = (i // groups) * (o // groups) * k**2
    return [groups * one, groups * one * height * width]


class Uneven(ValueError):
    """A kind of ValueError."""


def from_a_layer(
    in_channels: int, out_channels: int, kernel: int, height: int, width: int, groups: int = 1
) -> tuple[int, int]:
    if groups < 1 or in_channels % groups or out_channels % groups:
        raise ValueError(groups)
    layer = nn.Conv2d(in_channels, out_channels, kernel, groups=groups, bias=False)
    return layer.weight.numel(), layer.weight.numel() * height * width


def own_error(i: int, o: int, k: int, h: int, w: int, groups: int = 1) -> tuple[int, int]:
    if not (groups >= 1 and i % groups == 0 == o % groups):
        raise Uneven(groups)
    return i * o * k * k // groups, h * w * (i * o * k * k // groups)


def divided_evenly(i: int, o: int, k: int, h: int, w: int, groups: int = 1) -> tuple[int, int]:
    if groups < 1:
        raise ValueError
    (a, rest), (_, other) = divmod(i, groups), divmod(o, groups)
    if rest or other:
        raise ValueError("does not divide")
    return (n := a * o * k**2), n * h * w


answers.right("convolution_cost", "torch counts", from_torch)
answers.right("convolution_cost", "a layer counts", from_a_layer)
answers.right("convolution_cost", "an error of its own kind", own_error)
answers.right("convolution_cost", "with divmod", divided_evenly)
answers.right("convolution_cost", "a pair as a list", group_by_group)


def stacked(reduce: Tensor, transform: Tensor, expand: Tensor) -> Any:
    groups, inner = reduce.shape[:2]
    last = torch.stack([expand[g, :, i] for g in range(groups) for i in range(inner)], dim=1)
    return [reduce.reshape(-1, *reduce.shape[2:]), transform.reshape(-1, inner, 3, 3), last]


def moved(reduce: Tensor, transform: Tensor, expand: Tensor) -> Any:
    last = expand.movedim(0, 1)
    return reduce.flatten(end_dim=1), transform.flatten(end_dim=1), last.flatten(1, 2)


def written_in(reduce: Tensor, transform: Tensor, expand: Tensor) -> Any:
    groups, outs, inner = expand.shape[:3]
    last = expand.new_zeros(outs, groups * inner, 1, 1)
    for g in range(groups):
        last[:, g * inner : (g + 1) * inner] = expand[g]
    return torch.cat(list(reduce)), torch.cat(list(transform)), last


def by_einsum(reduce: Tensor, transform: Tensor, expand: Tensor) -> Any:
    last = torch.einsum("gkdab->kgdab", expand).reshape(expand.shape[1], -1, 1, 1)
    return torch.concat([*reduce]), torch.vstack([*transform]), last


answers.right("merge_paths", "column by column", stacked)
answers.right("merge_paths", "moved axes", moved)
answers.right("merge_paths", "written into zeros", written_in)
answers.right("merge_paths", "by einsum", by_einsum)


class EveryPass(nn.Module):
    """Sets the backbone to evaluation at every pass."""

    def __init__(self, backbone: nn.Module, num_features: int, num_classes: int) -> None:
        super().__init__()
        self.trunk = copy.deepcopy(backbone)
        for parameter in self.trunk.parameters():
            parameter.requires_grad = False
        self.fc = nn.Linear(num_features, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.fc(self.trunk.eval()(x))
        return scores


class ByLayers(nn.Module):
    """Sets BatchNorm and dropout alone."""

    def __init__(self, backbone: nn.Module, num_features: int, num_classes: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList([copy.deepcopy(backbone), nn.Linear(num_features, num_classes)])
        self.parts[0].requires_grad_(False)
        self.parts[0].eval()

    def train(self, mode: bool = True) -> ByLayers:
        self.training = mode
        self.parts[1].train(mode)
        return self

    def forward(self, x: Tensor) -> Tensor:
        for part in self.parts:
            x = part(x)
        return x


class Sequence(nn.Sequential):
    """A Sequential with another train()."""

    def __init__(self, backbone: nn.Module, num_features: int, num_classes: int) -> None:
        trunk = copy.deepcopy(backbone).requires_grad_(False)
        super().__init__(trunk, nn.Linear(num_features, num_classes))
        self.train()

    def train(self, mode: bool = True) -> Sequence:
        super().train(mode)
        self[0].train(False)
        return self


class HeadFirst(nn.Module):
    """The head is made first."""

    def __init__(self, backbone: nn.Module, num_features: int, num_classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(num_features, num_classes)
        self.body = copy.deepcopy(backbone)
        self.body.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> HeadFirst:
        result = super().train(mode)
        self.body.eval()
        return result

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.head(self.body(x))
        return scores


answers.right("TransferNet", "evaluation at every pass", EveryPass)
answers.right("TransferNet", "train() by hand", ByLayers)
answers.right("TransferNet", "a Sequential", Sequence)
answers.right("TransferNet", "the head made first", HeadFirst)
