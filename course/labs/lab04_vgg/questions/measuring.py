"""What is asked of functions that measure a network, and networks to measure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course.checks.battery import inside
from course.checks.whole import kind_of_number


class _Reused(nn.Module):
    """A convolution that runs twice, and one and the same ReLU after each."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Conv2d(3, 4, 3, stride=2)  # made first, run last
        self.relu = nn.ReLU()
        self.first = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 3, H, W) -> (N, 4, (H - 1) // 2, (W - 1) // 2)``."""
        x = self.relu(self.first(x))
        return self.relu(self.last(self.first(x)))


class _Renamed(nn.Module):
    """A convolution that runs twice, by each of its two names, and a linear layer with two."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.squash = nn.Tanh()
        self.again = self.first
        self.head = nn.Linear(3, classes)
        self.classifier = self.head

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 3, H, W) -> (N, classes)``."""
        maps = self.again(self.squash(self.first(x)))
        scores: Tensor = self.classifier(maps.mean(dim=(2, 3)))
        return scores


class Halved(nn.Module):
    """A layer of our own, without parameters; it notes passes with gradients, and those with
    values.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[bool, bool]] = []

    def forward(self, x: Tensor) -> Tensor:
        """``x / 2``, of any shape."""
        self.seen.append((torch.is_grad_enabled(), not x.is_meta))
        return x / 2


def nested_network(seed: int) -> nn.Module:
    """Convolution, ReLU, pooling, linear layer, of which the first two are a block."""
    stem = OrderedDict(conv=nn.Conv2d(3, 8, 3, stride=2, padding=1), relu=nn.ReLU())
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        stem=nn.Sequential(stem),
        pool=nn.AdaptiveAvgPool2d(3),
        flatten=nn.Flatten(),
        head=nn.Linear(72, 5 + seed % 20),
    )
    return nn.Sequential(layers)


def deep_network(seed: int) -> nn.Module:
    """Blocks in blocks, with groups, BatchNorm, a layer of our own, a hook of ours and a frozen
    layer.
    """
    unit = OrderedDict(conv=nn.Conv2d(3, 6, 3, padding=1), norm=nn.BatchNorm2d(6), halve=Halved())
    wide = nn.Conv2d(6, 4 + 4 * (seed % 3), (3, 5), stride=(1, 2), padding=1, groups=2, bias=False)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        block=nn.Sequential(OrderedDict(unit=nn.Sequential(unit), act=nn.Sigmoid())),
        wide=wide,
        narrow=nn.Conv2d(wide.out_channels, 1, 1),
    )
    wide.requires_grad_(False)
    wide.register_forward_hook(lambda layer, inputs, output: None)
    return nn.Sequential(layers)


def reused_network(seed: int) -> nn.Module:
    """A convolution and a ReLU that run twice each."""
    return _Reused()


def renamed_network(seed: int) -> nn.Module:
    """A convolution that runs twice, and a linear layer, each under two names of the model."""
    return _Renamed(4 + seed % 9)


def grouped_network(seed: int) -> nn.Module:
    """Two groups, a kernel of 3 × 5, BatchNorm, and a convolution without bias."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        wide=nn.Conv2d(4, 8, (3, 5), stride=2, groups=2),
        norm=nn.BatchNorm2d(8),
        narrow=nn.Conv2d(8, 6, 1, bias=False),
    )
    return nn.Sequential(layers)


def rows_network(seed: int) -> nn.Module:
    """A convolution, and a linear layer that reads each row of each map by itself."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv2d(3, 4 + seed % 7, 3),
        pool=nn.AdaptiveAvgPool2d((3, 8)),
        rows=nn.Flatten(1, 2),
        each=nn.Linear(8, 2 + seed % 9),
    )
    return nn.Sequential(layers)


def large_network(seed: int) -> nn.Module:
    """torchvision's convolutions of VGG-16, on the meta device."""
    from torchvision.models import vgg

    with torch.device("meta"):
        return vgg.make_layers(vgg.cfgs["D"])


def undisturbed(measure: Any) -> Callable[[nn.Module, Any], Any]:
    """The function, where the random numbers that it may fill its input with do not count."""

    def asked(model: nn.Module, shape: Any) -> Any:
        with torch.random.fork_rng(devices=[]):
            return measure(model, shape)

    return asked


NETWORKS: Mapping[str, Callable[[int], nn.Module]] = {
    "nested": nested_network,
    "grouped": grouped_network,
    "reused": reused_network,
    "rows": rows_network,
    "VGG-16": large_network,
}


def measured(
    function: Any, kind: str, shape: Any, seed: int = 0, dtype: str = "float32"
) -> dict[str, Any]:
    """What the function says of one of :data:`NETWORKS`, and how many hooks it leaves in it."""
    model = NETWORKS[kind](seed).to(getattr(torch, dtype)).eval()
    answer = function(model, tuple(shape))
    hooks = sum(len(module._forward_hooks) for module in model.modules())
    return {"by layer": answer, "hooks left behind": hooks}


def kinds_by_layer(function: Any, kind: str, shape: Any, seed: int) -> dict[str, Any]:
    """The same with the type of each number."""
    answer = function(NETWORKS[kind](seed).eval(), tuple(shape))
    return {name: [kind_of_number(one), one] for name, one in dict(answer).items()}


def passes(function: Any, shape: Any, seed: int) -> dict[str, Any]:
    """What the function says of a network on the meta device, in how many passes gradients were
    on, and in how many its input was elsewhere.
    """
    watched = Halved()
    with torch.device("meta"):
        model = nn.Sequential(watched, nn.Conv2d(3, 2 + seed % 9, 3), nn.Tanh())
    answer = function(model, tuple(shape))
    gradients, elsewhere = (sum(one[place] for one in watched.seen) for place in range(2))
    return {
        "by layer": answer,
        "passes with gradients": gradients,
        "passes of an input on another device": elsewhere,
    }


def partly_frozen(seed: int, training: bool) -> nn.Module:
    """Two blocks with BatchNorm and a head, of which the second block is in the other mode.

    Args:
        seed: of the sizes.
        training: mode of all but the second block.
    """
    wide = 4 + seed % 7
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        first=nn.Sequential(nn.Conv2d(3, wide, 3), nn.BatchNorm2d(wide), nn.ReLU()),
        second=nn.Sequential(nn.Conv2d(wide, 6, 3), nn.BatchNorm2d(6), nn.Sigmoid()),
        head=nn.Conv2d(6, 5, 1),
    )
    model = nn.Sequential(layers).train(training)
    layers["second"].train(not training)
    return model


def as_found(function: Any, shape: Any, seed: int) -> dict[str, Any]:
    """What the function says of networks of which a block is in the other mode, and what became
    of them.
    """
    found: dict[str, Any] = {}
    for mode, training in (("training", True), ("evaluation", False)):
        model = partly_frozen(seed, training)
        before = inside(model)
        found[f"a network in {mode} mode"] = function(model, tuple(shape))
        after = inside(model)
        changed = [name for name in before if before[name] != after[name]]
        found[f"what changed in the one in {mode} mode"] = changed
    return found
