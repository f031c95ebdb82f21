"""Right answers in other words, and two that leave the model otherwise than they found it."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import shortcut_of
from .book import answers


def block_of(name: str, *args: Any, **kwargs: Any) -> nn.Module:
    made: nn.Module = answers.reference[name](*args, **kwargs)
    return made


class Sliced(nn.Module):
    """A shortcut that decides in forward."""

    def __init__(self, kind: str, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.new, self.stride = out - into, stride
        self.projects = kind == "C" or (kind == "B" and (into != out or stride > 1))
        if self.projects:
            self.conv = nn.Conv2d(into, out, (1, 1), (stride, stride), bias=False)
            self.norm = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        if self.projects:
            projected: Tensor = self.norm(self.conv(x))
            return projected
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new))


class Picked(nn.Module):
    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        return x[..., :: self.stride, :: self.stride]


class Grown(nn.Module):
    def __init__(self, out: int) -> None:
        super().__init__()
        self.out = out

    def forward(self, x: Tensor) -> Tensor:
        y = x.new_zeros((x.shape[0], self.out, *x.shape[2:]))
        y[:, : x.shape[1]] = x
        return y


def in_two_steps(kind: str, into: int, out: int, stride: int) -> nn.Module:
    if kind != "C" and (into, 1) == (out, stride):
        return nn.Sequential()
    if kind == "A":
        return nn.Sequential(Picked(stride), Grown(out))
    project = nn.Conv2d(into, out, kernel_size=1, bias=False)
    return nn.Sequential(Picked(stride), project, nn.BatchNorm2d(out))


class Padded(nn.Module):
    """A basic block that pads by hand and works in place."""

    def __init__(self, into: int, channels: int, stride: int = 1, shortcut: str = "B") -> None:
        super().__init__()
        for place, (width, step) in enumerate(((into, stride), (channels, 1))):
            convolution = nn.Conv2d(width, channels, (3, 3), stride=step, bias=False)
            self.add_module(f"layer{place}", nn.Sequential(convolution, nn.BatchNorm2d(channels)))
        self.around = shortcut_of(shortcut, into, channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.get_submodule("layer0")(F.pad(x, (1, 1, 1, 1))).relu_()
        y = self.get_submodule("layer1")(F.pad(y, (1, 1, 1, 1)))
        y += self.around(x)
        return torch.clamp_min(y, 0)


class InALoop(nn.Module):
    """A bottleneck from a table of its convolutions."""

    def __init__(self, into: int, channels: int, stride: int = 1, shortcut: str = "B") -> None:
        super().__init__()
        self.layers, width = nn.ModuleList(), into
        for out, side, step in ((channels, 1, 1), (channels, 3, stride), (channels * 4, 1, 1)):
            self.layers += [nn.Conv2d(width, out, side, step, side // 2, bias=False)]
            self.layers += [nn.BatchNorm2d(out)]
            width = out
        self.layers.append(shortcut_of(shortcut, into, width, stride))

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for place, layer in enumerate(self.layers[:-1]):
            y = F.relu(layer(y)) if place in (1, 3) else layer(y)
        return F.relu(y + self.layers[-1](x))


class Averaged(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean([-2, -1])


class Staged(nn.Sequential):
    """The small network as a Sequential of stages."""

    def __init__(
        self, n: int, shortcut: str = "A", num_classes: int = 10, width: float = 1.0
    ) -> None:
        base = max(1, round(16 * width))
        stem = nn.Conv2d(3, base, 3, padding="same", bias=False), nn.BatchNorm2d(base)
        stages, into = list[nn.Module](), base
        for out, stride in ((base, 1), (2 * base, 2), (4 * base, 2)):
            steps = [stride] + [1] * (n - 1)
            widths = [into] + [out] * (n - 1)
            made = (
                block_of("BasicBlock", width, out, stride=step, shortcut=shortcut)
                for width, step in zip(widths, steps, strict=True)
            )
            stages.append(nn.Sequential(*made))
            into = out
        super().__init__(
            *stem, nn.ReLU(inplace=True), *stages, Averaged(), nn.Linear(into, num_classes)
        )


class Counted(nn.Module):
    """The small network with one list of blocks, whose widths follow from their numbers."""

    def __init__(
        self, n: int, shortcut: str = "A", num_classes: int = 10, width: float = 1.0
    ) -> None:
        super().__init__()
        base = into = max(1, round(width * 16))
        self.conv = nn.Conv2d(3, base, 3, padding=1, bias=False)
        self.norm, self.blocks = nn.BatchNorm2d(base), nn.ModuleList()
        for number in range(3 * n):
            out = base << (number // n)
            self.blocks.append(block_of("BasicBlock", into, out, 1 + (out != into), shortcut))
            into = out
        self.out = nn.Linear(into, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.conv(x)))
        for block in self.blocks:
            x = block(x)
        scores: Tensor = self.out(F.adaptive_avg_pool2d(x, (1, 1))[:, :, 0, 0])
        return scores


COUNTS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}


def large(depth: int, num_classes: int, width: float, relu_first: bool) -> nn.Module:
    kind, grown = ("Bottleneck", 4) if depth > 34 else ("BasicBlock", 1)
    base = into = max(1, round(64 * width))
    layers = [nn.Conv2d(3, base, 7, 2, 3, bias=False), nn.BatchNorm2d(base)]
    ends: list[nn.Module] = [nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    layers += ends if relu_first else ends[::-1]
    for stage, count in enumerate(COUNTS.get(depth, (3, 8, 36, 3))):
        for number in range(count):
            layers.append(block_of(kind, into, base << stage, 1 + (stage > 0 and number == 0)))
            into = (base << stage) * grown
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(into, num_classes)]
    return nn.Sequential(OrderedDict((f"layer{n}", layer) for n, layer in enumerate(layers)))


def in_a_row(depth: int, num_classes: int = 1000, width: float = 1.0) -> nn.Module:
    return large(depth, num_classes, width, relu_first=True)


def pooled_first(depth: int, num_classes: int = 1000, width: float = 1.0) -> nn.Module:
    return large(depth, num_classes, width, relu_first=False)


def by_zeros_added(model: nn.Module, loss: Callable[[], Tensor]) -> dict[str, float]:
    added: dict[str, Tensor] = {}

    def adding(name: str) -> Callable[..., Tensor]:
        def hook(part: nn.Module, inputs: Any, output: Tensor) -> Tensor:
            added[name] = torch.zeros_like(output, requires_grad=True)
            return output + added[name]

        return hook

    handles = [part.register_forward_hook(adding(name)) for name, part in model.named_children()]
    try:
        value = loss()
    finally:
        for handle in handles:
            handle.remove()
    slopes = torch.autograd.grad(value, tuple(added.values()))
    return {name: math.sqrt(float((g**2).sum())) for name, g in zip(added, slopes, strict=True)}


def by_copies(model: nn.Module, loss: Callable[[], Tensor]) -> dict[str, float]:
    kept: dict[str, Tensor] = {}
    handles = []
    for name, part in model.named_children():

        def hook(part: nn.Module, inputs: Any, output: Tensor, name: str = name) -> Tensor:
            kept[name] = output
            return output.clone()

        handles.append(part.register_forward_hook(hook))
    try:
        value = loss()
    finally:
        for handle in handles:
            handle.remove()
    slopes = torch.autograd.grad(value, [*kept.values()])
    return {name: g.square().sum().sqrt().item() for name, g in zip(kept, slopes, strict=True)}


def without_any_hook(model: nn.Module, loss: Callable[[], Tensor]) -> dict[str, float]:
    found = by_copies(model, loss)
    for layer in model.modules():
        layer._forward_hooks.clear()
    return found


def unfrozen(model: nn.Module, loss: Callable[[], Tensor]) -> dict[str, float]:
    found = by_copies(model, loss)
    model.requires_grad_(True)
    return found


answers.right("make_shortcut", "a class that decides in forward", Sliced)
answers.right("make_shortcut", "picked first, then grown", in_two_steps)
answers.right("BasicBlock", "padded by hand, in place", Padded)
answers.right("Bottleneck", "from a table", InALoop)
answers.right("ResNetCIFAR", "a Sequential of stages", Staged)
answers.right("ResNetCIFAR", "one list of blocks", Counted)
answers.right("make_resnet", "all in a row", in_a_row)
answers.right("make_resnet", "pooled before ReLU, which is the same", pooled_first)
answers.right("gradient_norms", "zeros added to the outputs", by_zeros_added)
answers.right("gradient_norms", "copies handed on", by_copies)
answers.wrong("gradient_norms", "others' hooks are removed", without_any_hook, at_most=0.9)
answers.wrong("gradient_norms", "frozen weights are unfrozen", unfrozen, at_most=0.9)
for name in ("BasicBlock", "Bottleneck", "ResNetCIFAR", "make_resnet"):
    answers.wrong(name, "all kernels begin as one number", answers.begun_alike(name))
