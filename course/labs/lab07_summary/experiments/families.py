"""Five families of networks in small, for grey images of 28 × 28.

They are made of torchvision's blocks or torch's layers.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from course.device import seeded
from course.instruments import LayerTable, layer_table
from course.labs.lab07_summary.images import CLASSES

INPUT = (1, 28, 28)
MakeModel = Callable[[int], nn.Sequential]
"""From the number of classes to a network."""


def small_lenet(classes: int) -> nn.Sequential:
    """LeNet's modern form, 61,706 parameters: two 5×5 convolutions, three linear layers."""
    return nn.Sequential(
        _conv(1, 6, 5),
        nn.MaxPool2d(2),
        _conv(6, 16, 5, padding=0),
        nn.MaxPool2d(2),
        nn.Flatten(),
        _dense(16 * 5 * 5, 120),
        _dense(120, 84),
        nn.Linear(84, classes),
    )


def small_alexnet(classes: int) -> nn.Sequential:
    """AlexNet's form: five convolutions, some in two groups, overlapping pools, dropout."""
    return nn.Sequential(
        _conv(1, 24, 5),
        nn.MaxPool2d(3, 2),
        _conv(24, 48, 5, groups=2),
        nn.MaxPool2d(3, 2),
        _conv(48, 64, 3),
        _conv(64, 64, 3, groups=2),
        _conv(64, 48, 3, groups=2),
        nn.MaxPool2d(3, 2),
        nn.Flatten(),
        nn.Dropout(),
        _dense(48 * 2 * 2, 256),
        nn.Dropout(),
        _dense(256, 256),
        nn.Linear(256, classes),
    )


def small_vgg(classes: int) -> nn.Sequential:
    """VGG's form: three stages of two 3×3 convolutions, one hidden linear layer."""
    stages: list[nn.Module] = []
    for before, channels in ((1, 16), (16, 32), (32, 64)):
        first, second = _conv(before, channels, 3), _conv(channels, channels, 3)
        stages += [first, second, nn.MaxPool2d(2)]
    head = (nn.Flatten(), _dense(64 * 3 * 3, 128), nn.Dropout(), nn.Linear(128, classes))
    return nn.Sequential(*stages, *head)


def small_inception(classes: int) -> nn.Sequential:
    """GoogLeNet's form, of torchvision's blocks: BatchNorm, four blocks, average over the maps."""
    from torchvision.models.googlenet import Inception

    return nn.Sequential(
        _conv(1, 16, 3, norm=True),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Inception(16, 16, 16, 24, 4, 8, 8),
        Inception(56, 16, 16, 32, 4, 8, 8),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Inception(64, 32, 24, 48, 8, 16, 16),
        Inception(112, 40, 28, 56, 8, 16, 16),
        *_averaged(128, classes),
    )


def small_resnet(classes: int) -> nn.Sequential:
    """ResNet's form, of torchvision's blocks: three stages of one block, projections between."""
    from torchvision.models.resnet import BasicBlock

    def block(into: int, out: int) -> nn.Module:
        if into == out:
            return BasicBlock(into, out)
        projection = nn.Sequential(nn.Conv2d(into, out, 1, 2, bias=False), nn.BatchNorm2d(out))
        return BasicBlock(into, out, stride=2, downsample=projection)

    stem = _conv(1, 16, 3, norm=True)
    return nn.Sequential(stem, block(16, 16), block(16, 32), block(32, 64), *_averaged(64, classes))


FAMILIES: dict[str, MakeModel] = {
    "LeNet": small_lenet,
    "AlexNet": small_alexnet,
    "VGG": small_vgg,
    "Inception": small_inception,
    "ResNet": small_resnet,
}


def _conv(
    into: int, out: int, kernel: int, padding: int | None = None, groups: int = 1,
    norm: bool = False,
) -> nn.Module:  # fmt: skip
    from torchvision.ops import Conv2dNormActivation

    layer = nn.BatchNorm2d if norm else None
    return Conv2dNormActivation(into, out, kernel, 1, padding, groups, norm_layer=layer)


def _dense(into: int, out: int) -> nn.Module:
    return nn.Sequential(nn.Linear(into, out), nn.ReLU())


def _averaged(channels: int, classes: int) -> tuple[nn.Module, ...]:
    return nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)


def fresh(family: str, seed: int) -> nn.Sequential:
    """A network of the family with He's start, whatever its blocks came with."""
    with seeded(seed):
        model = FAMILIES[family](CLASSES)
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
    return model


def cost_of(family: str) -> LayerTable:
    """The layers of a family's network for one image, on the meta device."""
    return layer_table(fresh(family, 0), INPUT)
