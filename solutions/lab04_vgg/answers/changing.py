"""Networks changed in other words, and wrongly."""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers


def reshaped(model: Any) -> nn.Module:
    whole = copy.deepcopy(model)
    head: list[nn.Module] = []
    for layer in whole.classifier:
        if isinstance(layer, nn.Linear):
            before = [m for m in [*whole.features, *head] if isinstance(m, nn.Conv2d)][-1]
            depth = before.out_channels
            side = int((layer.in_features // depth) ** 0.5)
            conv = nn.Conv2d(depth, layer.out_features, side, dtype=layer.weight.dtype)
            weight = layer.weight.reshape(layer.out_features, depth, side, side)
            conv.load_state_dict({"weight": weight, "bias": layer.bias})
            head.append(conv)
        else:
            head.append(layer)
    return nn.Sequential(OrderedDict(features=whole.features, classifier=nn.Sequential(*head)))


class DenseHead(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        x = self.model.features(x)
        for layer in self.model.classifier:
            if isinstance(layer, nn.Linear):
                weight = layer.weight.unflatten(1, (x.shape[1], -1))
                side = round(weight.shape[2] ** 0.5)
                x = F.conv2d(x, weight.unflatten(2, (side, side)), layer.bias)
            else:
                x = layer(x)
        return x


class UnfoldedHead(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        x = self.model.features(x)
        side = round((self.model.classifier[0].in_features / x.shape[1]) ** 0.5)
        height, width = x.shape[2] - side + 1, x.shape[3] - side + 1
        scores = self.model.classifier(F.unfold(x, side).mT)
        return scores.mT.unflatten(2, (height, width))


def of_a_copy(convert: Any) -> Any:
    return lambda model: convert(copy.deepcopy(model))


answers.right("to_fully_convolutional", "a Sequential", reshaped)
answers.right("to_fully_convolutional", "weights as kernels, in forward", of_a_copy(DenseHead))
answers.right("to_fully_convolutional", "by unfold", of_a_copy(UnfoldedHead))
answers.wrong("to_fully_convolutional", "the model's own weights as kernels", DenseHead)


def resized(model: Any) -> nn.Module:
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), *model.classifier]
    return nn.Sequential(model.features, *head)


def one_place(model: Any) -> nn.Module:
    convert = answers.reference["to_fully_convolutional"]
    return nn.Sequential(convert(model), nn.AdaptiveAvgPool2d(1))


answers.wrong("to_fully_convolutional", "maps averaged to one place first", resized, at_most=0.0)
# The map of a large image is averaged away, 3 parts of 7; the networks' own sizes are right.
answers.wrong("to_fully_convolutional", "the map averaged to one place", one_place, at_most=0.6)


def stages_of(features: Any) -> list[list[nn.Conv2d]]:
    stages: list[list[nn.Conv2d]] = [[]]
    for layer in features:
        if isinstance(layer, nn.MaxPool2d):
            stages.append([])
        elif hasattr(layer, "weight"):
            stages[-1].append(layer)
    return stages


def by_lists(deep: Any, shallow: Any) -> None:
    done = 0
    for new, old in zip(stages_of(deep.features), stages_of(shallow.features), strict=True):
        for target, source in zip(new, old, strict=False):
            if done < 4:
                with torch.no_grad():
                    for mine, other in zip(target.parameters(), source.parameters(), strict=True):
                        mine.copy_(other)
                done += 1
    for target, source in zip(deep.classifier, shallow.classifier, strict=True):
        target.load_state_dict(source.state_dict())


def by_shape(deep: Any, shallow: Any) -> None:
    old = [m for m in shallow.features if isinstance(m, nn.Conv2d)][:4]
    for layer in deep.features:
        if old and isinstance(layer, nn.Conv2d) and layer.weight.shape == old[0].weight.shape:
            layer.load_state_dict(old.pop(0).state_dict())
    for number in (0, 3, 6):
        deep.classifier[number].weight.data = shallow.classifier[number].weight.data.clone()
        deep.classifier[number].bias.data = shallow.classifier[number].bias.data.clone()


def by_numbers(deep: Any, shallow: Any) -> None:
    convs = [[m for m in model.features if isinstance(m, nn.Conv2d)] for model in (deep, shallow)]
    for there, here in zip((0, 2, 4, 5), range(4), strict=True):
        convs[0][there].load_state_dict(copy.deepcopy(convs[1][here].state_dict()))
    deep.classifier.load_state_dict(copy.deepcopy(shallow.classifier.state_dict()))


answers.right("initialise_from", "by lists of stages", by_lists)
answers.right("initialise_from", "by shape", by_shape)
answers.wrong("initialise_from", "by the numbers that column A has", by_numbers)
