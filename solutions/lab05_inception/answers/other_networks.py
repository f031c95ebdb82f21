"""Right blocks, heads and networks whose layers are made, named or dropped in other ways."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.functional import dropout

from course.labs.lab05_inception.paper import TABLE, Spec

from .blocks import Branches, HeadByHand
from .book import answers


class ReducedFirst(nn.Module):
    """All 1×1 convolutions in one list, made first and from the last to the first."""

    def __init__(self, in_channels: int, spec: Spec) -> None:
        super().__init__()
        thin = (spec.pool_proj, spec.n5x5_reduce, spec.n3x3_reduce, spec.n1x1)
        self.ones = nn.ModuleList(nn.Conv2d(in_channels, out, 1) for out in thin)
        self.large = nn.ModuleList(
            nn.Conv2d(into, out, side, padding="same")
            for into, out, side in (
                (spec.n5x5_reduce, spec.n5x5, 5),
                (spec.n3x3_reduce, spec.n3x3, 3),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        proj, thin, small, one = self.ones
        five, three = self.large
        pooled = F.max_pool2d(x, (3, 3), (1, 1), (1, 1))
        fives, threes = five(thin(x).relu()), three(small(x).relu())
        return torch.cat((one(x), threes, fives, proj(pooled)), 1).relu()


class LinearAtPixels(nn.Module):
    """Linear layers for all 1×1 convolutions, and a maximum by unfolding."""

    def __init__(self, in_channels: int, spec: Spec) -> None:
        super().__init__()
        self.first = nn.Linear(in_channels, spec.n1x1)
        self.reduce = nn.ModuleList(
            nn.Linear(in_channels, out) for out in (spec.n3x3_reduce, spec.n5x5_reduce)
        )
        self.three = nn.Conv2d(spec.n3x3_reduce, spec.n3x3, 3, padding=1)
        self.five = nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 5, padding=2)
        self.last = nn.Linear(in_channels, spec.pool_proj)

    def forward(self, x: Tensor) -> Tensor:
        def at_pixels(layer: Any, y: Tensor) -> Tensor:
            found: Tensor = layer(y.movedim(1, -1)).movedim(-1, 1)
            return found

        small, thin = (F.relu(at_pixels(layer, x)) for layer in self.reduce)
        maxima = F.pad(x, [1] * 4, value=-torch.inf).unfold(2, 3, 1).unfold(3, 3, 1)
        pooled = at_pixels(self.last, maxima.amax(dim=(-2, -1)))
        parts = (at_pixels(self.first, x), self.three(small), self.five(thin), pooled)
        return torch.cat([F.relu(part) for part in parts], dim=1)


class BranchesInPlace(Branches):
    """ReLUs that write over what their convolutions gave."""

    def __init__(self, in_channels: int, spec: Spec) -> None:
        super().__init__(in_channels, spec)
        for layer in self.modules():
            if isinstance(layer, nn.ReLU):
                layer.inplace = True


class HeadByName(HeadByHand):
    """Dropout by its own name; layers made from the last to the first."""

    def __init__(self, in_channels: int, num_classes: int = 1000, width: float = 1.0) -> None:
        nn.Module.__init__(self)
        few, many = max(1, round(128 * width)), max(1, round(1024 * width))
        self.scores = nn.Linear(many, num_classes)
        self.hidden = nn.Linear(16 * few, many)
        self.conv = nn.Conv2d(in_channels, few, 1)

    def features(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(F.avg_pool2d(x, 5, 3)))
        return F.relu(self.hidden(torch.flatten(x, 1)))

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.scores(dropout(self.features(x), 0.7, self.training))
        return scores


class HeadByTorch(HeadByName):
    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.scores(torch.dropout(self.features(x), 0.7, self.training))
        return scores


class HeadWithMask(HeadByName):
    """A mask drawn by hand, kept units times 1 / 0.3."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.features(x)
        if self.training:
            y = y * (torch.rand(y.shape, device=y.device) >= 0.7) / 0.3
        return F.linear(y, self.scores.weight, self.scores.bias)


class HeadOfConvolutions(nn.Module):
    """The fully connected layers as convolutions over the whole map."""

    def __init__(self, in_channels: int, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        few, many = max(1, round(128 * width)), max(1, round(1024 * width))
        self.first = nn.Conv2d(in_channels, few, 1)
        self.hidden, self.last = nn.Conv2d(few, many, 4), nn.Conv2d(many, num_classes, 1)
        self.drop = nn.Dropout(0.7)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(F.avg_pool2d(x, 5, stride=3)).relu()
        scores: Tensor = self.last(self.drop(self.hidden(x).relu()))
        return scores[:, :, 0, 0]


class BackToFront(nn.Module):
    """The end is made first, then the heads, then the blocks."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0, aux: bool = True) -> None:
        super().__init__()
        names = answers.reference
        specs = {name: spec.scaled(width) for name, spec in TABLE.items()}
        out = {n: s.n1x1 + s.n3x3 + s.n5x5 + s.pool_proj for n, s in specs.items()}
        few, many = max(1, round(64 * width)), max(1, round(192 * width))
        self.classifier = nn.Linear(out["5b"], num_classes)
        self.heads = nn.ModuleDict()
        if aux:
            self.aux2 = self.heads["4d"] = names["AuxiliaryHead"](out["4d"], num_classes, width)
            self.aux1 = self.heads["4a"] = names["AuxiliaryHead"](out["4a"], num_classes, width)
        into = dict(zip(specs, [many, *out.values()], strict=False))
        for name in reversed(specs):
            setattr(self, f"b{name}", names["InceptionBlock"](into[name], specs[name]))
        self.third = nn.Conv2d(few, many, 3, padding=1)
        self.second, self.first = nn.Conv2d(few, few, 1), nn.Conv2d(3, few, 7, 2, 3)

    def dropped(self, x: Tensor) -> Tensor:
        return dropout(x, 0.4, self.training)

    def forward(self, x: Tensor) -> Any:
        def pool(y: Tensor) -> Tensor:
            return F.max_pool2d(y, 3, 2, ceil_mode=True)

        x = F.relu(self.second(pool(F.relu(self.first(x)))))
        x, kept = pool(F.relu(self.third(x))), {}
        for name in TABLE:
            x = pool(x) if name in ("4a", "5a") else x
            kept[name] = x = getattr(self, f"b{name}")(x)
        places = ("4a", "4d") if self.training and self.heads else ()
        early = [self.heads[place](kept[place]) for place in places]
        main = self.classifier(self.dropped(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)))
        return (main, *early) if early else main


class MaskAtTheEnd(BackToFront):
    """A mask by hand before the classifier."""

    def dropped(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return torch.where(torch.rand_like(x) < 0.4, torch.zeros_like(x), x / 0.6)


class MapsBeforeTheAverage(BackToFront):
    """Drops each averaged channel with torch's dropout of whole maps, on maps of one pixel."""

    def dropped(self, x: Tensor) -> Tensor:
        return F.dropout2d(x[:, :, None, None], 0.4, self.training).flatten(1)


answers.right("InceptionBlock", "1×1 convolutions made first, from the last", ReducedFirst)
answers.right("InceptionBlock", "linear layers at every pixel", LinearAtPixels)
answers.right("InceptionBlock", "ReLUs in place", BranchesInPlace)
answers.right("AuxiliaryHead", "dropout imported by name, layers made backwards", HeadByName)
answers.right("AuxiliaryHead", "torch.dropout", HeadByTorch)
answers.right("AuxiliaryHead", "a mask drawn by hand", HeadWithMask)
answers.right("AuxiliaryHead", "convolutions for linear layers", HeadOfConvolutions)
answers.right("GoogLeNet", "made from back to front", BackToFront)
answers.right("GoogLeNet", "a mask drawn by hand", MaskAtTheEnd)
answers.right("GoogLeNet", "dropout of maps of one pixel", MapsBeforeTheAverage)
for name in ("InceptionBlock", "AuxiliaryHead", "GoogLeNet"):
    answers.wrong(name, "all kernels begin as one number", answers.begun_alike(name))
