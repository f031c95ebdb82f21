"""Blocks written in other ways, and with one thing wrong."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers

# SeparableBlock ---------------------------------------------------------------------------


class Attributes(nn.Module):
    """The layers as attributes, made in another order than they run."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.bn2, self.bn1 = nn.BatchNorm2d(out_channels), nn.BatchNorm2d(in_channels)
        self.mix = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)
        self.look = nn.Conv2d(
            in_channels, in_channels, (3, 3), stride, "same" if stride == 1 else 1,
            groups=in_channels, bias=False,
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn2(self.mix(F.relu(self.bn1(self.look(x))))))


class OneByOne(nn.Module):
    """A convolution of its own for each channel."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        kernels = torch.randn(in_channels, 1, 3, 3) / 3
        self.kernels, self.stride = nn.Parameter(kernels), stride
        self.tail = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        maps = [
            F.conv2d(x[:, c : c + 1], self.kernels[c : c + 1], stride=self.stride, padding=1)
            for c in range(x.shape[1])
        ]
        tail: Tensor = self.tail(torch.cat(maps, dim=1))
        return tail


class LinearMix(nn.Module):
    """The 1 × 1 as a linear layer at every pixel, subclassing the torch block."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.pad = nn.ZeroPad2d(1)
        self.look = nn.Conv2d(in_channels, in_channels, 3, stride, groups=in_channels, bias=False)
        self.first, self.second = nn.BatchNorm2d(in_channels), nn.BatchNorm2d(out_channels)
        self.mix = nn.Linear(in_channels, out_channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        looked = self.first(self.look(self.pad(x))).clamp(min=0)
        return self.second(self.mix(looked.movedim(1, -1)).movedim(-1, 1)).clamp(min=0)


def in_a_row(in_channels: int, out_channels: int, stride: int = 1) -> nn.Module:
    layers: list[nn.Module] = []
    for into, out, kernel, groups in (
        (in_channels, in_channels, 3, in_channels),
        (in_channels, out_channels, 1, 1),
    ):
        hop = stride if kernel == 3 else 1
        layers.append(nn.Conv2d(into, out, kernel, hop, kernel // 2, groups=groups, bias=False))
        layers += [nn.BatchNorm2d(out), nn.ReLU()]
    return nn.Sequential(*layers)


answers.right("SeparableBlock", "attributes in another order", Attributes)
answers.right("SeparableBlock", "channel by channel", OneByOne)
answers.right("SeparableBlock", "a linear layer mixes", LinearMix)
answers.right("SeparableBlock", "a function that builds it", in_a_row)

# DenseBlock -------------------------------------------------------------------------------


class Listed(nn.Module):
    """All maps in a list."""

    def __init__(self, in_channels: int, growth_rate: int, layers: int) -> None:
        super().__init__()
        self.norms, self.convs = nn.ModuleList(), nn.ModuleList()
        for number in range(layers):
            width = in_channels + number * growth_rate
            self.norms.append(nn.BatchNorm2d(width))
            self.convs.append(nn.Conv2d(width, growth_rate, 3, 1, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for norm, conv in zip(self.norms, self.convs, strict=True):
            maps.append(conv(F.relu(norm(torch.cat(maps, 1)))))
        return torch.cat(maps, 1)


class Layer(nn.Module):
    """One layer that appends by itself."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width)
        self.conv = nn.Conv2d(width, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((x, self.conv(torch.relu(self.norm(x)))), dim=1)


def chained(in_channels: int, growth_rate: int, layers: int) -> nn.Module:
    widths = range(in_channels, in_channels + layers * growth_rate, growth_rate)
    return nn.Sequential(*(Layer(width, growth_rate) for width in widths))


class Named(nn.Module):
    """Layers by setattr, as torchvision's."""

    def __init__(self, in_channels: int, growth_rate: int, layers: int) -> None:
        super().__init__()
        self.count = layers
        for number in range(layers):
            setattr(self, f"layer{number}", Layer(in_channels + number * growth_rate, growth_rate))

    def forward(self, x: Tensor) -> Tensor:
        for number in range(self.count):
            x = getattr(self, f"layer{number}")(x)
        return x


class Filled(nn.Module):
    """All maps in one tensor that is padded."""

    def __init__(self, in_channels: int, growth_rate: int, layers: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(c), nn.ReLU(), nn.Conv2d(c, growth_rate, 3, 1, 1, bias=False)
            )
            for c in (in_channels + n * growth_rate for n in range(layers))
        )

    def forward(self, x: Tensor) -> Tensor:
        for part in self.parts:
            new = part(x)
            x = F.pad(x, (0, 0, 0, 0, 0, new.shape[1])) + F.pad(new, (0, 0, 0, 0, x.shape[1], 0))
        return x


answers.right("DenseBlock", "maps in a list", Listed)
answers.right("DenseBlock", "layers that append", chained)
answers.right("DenseBlock", "layers by name", Named)
answers.right("DenseBlock", "padded and added", Filled)


class OneNorm(Listed):
    """A layer's BatchNorm is used twice."""

    def forward(self, x: Tensor) -> Tensor:
        for number, conv in enumerate(self.convs):
            norm = self.norms[number]
            x = torch.cat([norm(x), conv(F.relu(norm(x)))], 1)
        return x


class NormalisedInput(Listed):
    """What is appended to is the normalised input."""

    def forward(self, x: Tensor) -> Tensor:
        for norm, conv in zip(self.norms, self.convs, strict=True):
            x = F.relu(norm(x))
            x = torch.cat([x, conv(x)], 1)
        return x


class CutOff(Listed):
    """Earlier maps are detached."""

    def forward(self, x: Tensor) -> Tensor:
        for norm, conv in zip(self.norms, self.convs, strict=True):
            x = torch.cat([x, conv(F.relu(norm(x.detach())))], 1)
        return x


answers.wrong("DenseBlock", "the normalised input goes on", OneNorm, at_most=0.4)
answers.wrong("DenseBlock", "BatchNorm and ReLU for all that is kept", NormalisedInput, at_most=0.4)
answers.wrong("DenseBlock", "earlier maps detached", CutOff)
