"""Wrong answers of one more round that had full points, and right ones that lost some."""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers

# Counts -----------------------------------------------------------------------------------


def sum_divided(i: int, o: int, k: int, h: int, w: int, groups: int = 1) -> tuple[int, int]:
    if groups < 1 or (i + o) % groups:
        raise ValueError(groups)
    weights = o * (i // groups) * k**2
    return weights, weights * h * w


def in_32_bits(i: int, o: int, k: int, h: int, w: int, groups: int = 1) -> tuple[int, int]:
    if groups < 1 or i % groups or o % groups:
        raise ValueError(groups)
    weights = torch.tensor(o * i // groups * k**2, dtype=torch.int32)
    return int(weights), int(weights * h * w)


answers.wrong("convolution_cost", "the sum of the channels is divided", sum_divided)
answers.wrong("convolution_cost", "32 bits", in_32_bits)


# Blocks -----------------------------------------------------------------------------------


def clipped_block(in_channels: int, out_channels: int, stride: int = 1) -> nn.Module:
    """As later MobileNets have it."""
    return nn.Sequential(
        nn.Conv2d(in_channels, in_channels, 3, stride, 1, groups=in_channels, bias=False),
        nn.BatchNorm2d(in_channels),
        nn.ReLU6(),
        nn.Conv2d(in_channels, out_channels, 1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU6(),
    )


class Dense(nn.Module):
    """A dense block with another activation."""

    def __init__(self, c: int, growth: int, layers: int, activation: nn.Module) -> None:
        super().__init__()
        self.activation = activation
        reads = [c + n * growth for n in range(layers)]
        self.norms = nn.ModuleList(nn.BatchNorm2d(n) for n in reads)
        self.convs = nn.ModuleList(nn.Conv2d(n, growth, 3, padding=1, bias=False) for n in reads)

    def forward(self, x: Tensor) -> Tensor:
        for norm, conv in zip(self.norms, self.convs, strict=True):
            x = torch.cat([x, conv(self.activation(norm(x)))], dim=1)
        return x


def clipped_dense(in_channels: int, growth_rate: int, layers: int) -> nn.Module:
    return Dense(in_channels, growth_rate, layers, nn.ReLU6())


answers.wrong("SeparableBlock", "ReLU6", clipped_block)
answers.wrong("DenseBlock", "ReLU6", clipped_dense)


# A frozen backbone ------------------------------------------------------------------------


class OwnLinear(nn.Module):
    """The head is a matrix and a vector."""

    def __init__(self, backbone: nn.Module, num_features: int, num_classes: int) -> None:
        super().__init__()
        self.features = copy.deepcopy(backbone).requires_grad_(False).eval()
        self.weight = nn.Parameter(torch.randn(num_classes, num_features) / num_features**0.5)
        self.bias = nn.Parameter(torch.zeros(num_classes))

    def train(self, mode: bool = True) -> OwnLinear:
        self.training = mode
        return self

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.features(x), self.weight, self.bias)


class DrawnOtherwise(nn.Module):
    """The head starts by another rule, with more numbers drawn."""

    def __init__(self, backbone: nn.Module, num_features: int, num_classes: int) -> None:
        super().__init__()
        self.trunk = copy.deepcopy(backbone).requires_grad_(False)
        self.head = nn.Linear(num_features, num_classes)
        nn.init.xavier_normal_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.eval()

    def train(self, mode: bool = True) -> DrawnOtherwise:
        super().train(mode)
        self.trunk.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.head(self.trunk(x))
        return scores


class Forgetful(nn.Module):
    """The copy begins its running statistics anew."""

    def __init__(self, backbone: nn.Module, num_features: int, num_classes: int) -> None:
        super().__init__()
        self.backbone = copy.deepcopy(backbone).requires_grad_(False).eval()
        self.head = nn.Linear(num_features, num_classes)
        for layer in self.backbone.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.reset_running_stats()

    def train(self, mode: bool = True) -> Forgetful:
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.head(self.backbone(x))
        return scores


class Late(nn.Module):
    """Copies when it is first called: who trains the given one on meanwhile changes it."""

    def __init__(self, backbone: nn.Module, num_features: int, num_classes: int) -> None:
        super().__init__()
        self.source: list[nn.Module] = [backbone]
        self.backbone: Any = None
        self.head = nn.Linear(num_features, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        if self.backbone is None:
            self.backbone = copy.deepcopy(self.source[0]).requires_grad_(False)
        scores: Tensor = self.head(self.backbone.eval()(x))
        return scores


answers.right("TransferNet", "a linear layer of one's own", OwnLinear)
answers.right("TransferNet", "a head drawn by another rule", DrawnOtherwise)
answers.wrong("TransferNet", "running statistics begin anew", Forgetful)
answers.wrong("TransferNet", "copied at the first call", Late)


# Gradients at images ----------------------------------------------------------------------


def saliency_of_pixels(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    x = images.detach().clamp(0, 1).requires_grad_()
    picked = model(x).gather(1, classes[:, None]).sum()
    return torch.autograd.grad(picked, x)[0].abs().amax(1)


def by_torch_func(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    def total(x: Tensor) -> Tensor:
        picked: Tensor = model(x).gather(1, classes[:, None]).sum()
        return picked

    slopes: Tensor = torch.func.grad(total)(images.detach())
    return slopes.abs().amax(1)


answers.wrong("saliency", "images cut off to pixels", saliency_of_pixels)
answers.wrong("saliency", "torch.func.grad, not detached", by_torch_func)
answers.right(
    "saliency",
    "torch.func.grad, detached",
    lambda model, images, classes: by_torch_func(model, images, classes).detach(),
)


def stopped_early(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    epsilon: float,
    step: float = 0.01,
    steps: int = 10,
) -> Tensor:
    low, high = (images - epsilon).clamp(min=0), (images + epsilon).clamp(max=1)
    found = images.detach().clone()
    for _ in range(steps):
        x = found.requires_grad_()
        scores = model(x)
        if bool((scores.argmax(1) == targets).all()):
            break
        (slopes,) = torch.autograd.grad(F.cross_entropy(scores, targets, reduction="sum"), x)
        found = (x.detach() - step * slopes.sign()).clamp(low, high)
    return found.detach()


answers.wrong("fooling_images", "stops when all targets are reached", stopped_early)
