"""The right network, and wrong ones, straight from a column; and torchvision's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import vgg

from .columns import Entry


class TableNetwork(nn.Module):
    """A network run straight from a column: a flat list of parameters and ``torch.nn.functional``.

    Args:
        slips: what it does wrong, by name; nothing of it for the right network.
    """

    def __init__(
        self, column: Sequence[Entry], num_classes: int = 1000, width: float = 1.0, **slips: bool
    ) -> None:
        super().__init__()
        self.column, self.slips = list(column), slips
        classes = 1000 if slips.get("classes_ignored") else num_classes
        # Wide layers on meta only, where shapes are compared: filling them takes seconds.
        wide = slips.get("width_ignored") and torch.empty(()).is_meta
        hidden = 4096 if wide else max(1, round(4096 * width))
        shapes = self._convolutions(width)
        flat = shapes[-1][0] * 7 * 7
        count = 1 if slips.get("one_hidden") else 2
        sizes = [flat, *[hidden] * count, classes]
        shapes += [(out, into) for into, out in pairwise(sizes)]
        self.flat = nn.ParameterList()
        for shape in shapes:
            self.flat += [torch.randn(shape)]
            self.flat += [] if slips.get("no_bias") and len(shape) == 4 else [torch.randn(shape[0])]
        self.split = len(self.flat) - 2 * (count + 1)

    def _convolutions(self, width: float) -> list[tuple[int, ...]]:
        shapes: list[tuple[int, ...]] = []
        channels = 3
        for entry in self.column:
            if isinstance(entry, str):
                continue
            wide, kernel = entry if isinstance(entry, tuple) else (entry, 3)
            kernel = 3 if self.slips.get("all_3x3") else kernel
            scaled = max(1, round(wide * width))
            shapes.append((scaled, channels, kernel, kernel))
            channels = scaled
        return shapes

    def features(self, x: Tensor) -> Tensor:
        """``(N, 3, 224, 224) -> (N, C, 7, 7)``."""
        left = list(self.flat[: self.split])
        for place, entry in enumerate(self.column):
            if isinstance(entry, str):
                x = self._between(entry, x)
                continue
            weight = left.pop(0)
            bias = None if self.slips.get("no_bias") else left.pop(0)
            x = F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)
            postponed = self.column[place + 1] == "LRN" and self.slips.get("lrn_first")
            x = x if postponed or self.slips.get("no_relu") else F.relu(x)
        return x

    def _between(self, kind: str, x: Tensor) -> Tensor:
        if kind == "M":
            average = self.slips.get("average_pool")
            return F.avg_pool2d(x, 2, 2) if average else F.max_pool2d(x, 2, 2)
        if self.slips.get("no_lrn"):
            return x
        alpha = 1e-4 if self.slips.get("lrn_average") else 5e-4
        beta, k = (0.75, 1.0) if self.slips.get("lrn_k") else (0.75, 2.0)
        x = F.local_response_norm(x, 5, alpha, beta, k)
        return F.relu(x) if self.slips.get("lrn_first") else x

    def classifier(self, x: Tensor) -> Tensor:
        """``(N, C·7·7) -> (N, K)``."""
        left = list(self.flat[self.split :])
        while len(left) > 2:
            x = F.linear(x, left.pop(0), left.pop(0))
            x = x if self.slips.get("linear_head") else F.relu(x)
            x = F.dropout(x, 0.5, self.training and not self.slips.get("no_dropout"))
        x = F.linear(x, *left)
        if self.slips.get("softmax"):
            return F.softmax(x, dim=1)
        return F.relu(x) if self.slips.get("relu_at_end") else x

    def forward(self, images: Tensor) -> Tensor:
        """``(N, 3, 224, 224) -> (N, K)`` scores."""
        return self.classifier(self.features(images).flatten(1))


def torchvision_model(
    column: Sequence[Entry], num_classes: int = 1000, width: float = 1.0
) -> nn.Module:
    """torchvision's VGG with this column (numbers and "M" only), at a width of its own."""
    wide = [entry if isinstance(entry, str) else max(1, round(entry * width)) for entry in column]  # type: ignore[operator]
    nowhere = torch.device("meta")  # its own classifier is 4096 wide
    with nowhere:
        model = vgg.VGG(nn.Identity(), num_classes, init_weights=False)
    hidden = max(1, round(4096 * width))
    model.features = vgg.make_layers(wide)
    sizes = [int(wide[-2]) * 7 * 7, hidden, hidden, num_classes]
    for place, (into, out) in zip((0, 3, 6), pairwise(sizes), strict=True):
        model.classifier[place] = nn.Linear(into, out)
    return model
