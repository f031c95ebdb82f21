"""Right answers in further words: other layers, other orders, by hand, with other imports."""

from __future__ import annotations

import copy
import functools
import itertools
import math
from collections import OrderedDict
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.functional import dropout

from .book import answers
from .changing import of_a_copy


def field_by_ends(layers: Any) -> int:
    """The first and the last pixel of output 0, layer by layer from the top."""
    first, last = 0, 0
    for kernel, stride in reversed(list(layers)):
        first, last = first * stride, last * stride + kernel - 1
    return last - first + 1


def field_by_numpy(layers: Any) -> Any:
    if len(layers) == 0:
        return 1
    kernels, strides = np.array(layers).T
    return 1 + ((kernels - 1) * np.concatenate([[1], np.cumprod(strides)[:-1]])).sum()


def field_by_steps(layers: Any) -> int:
    jumps = itertools.accumulate((stride for _, stride in layers), lambda a, b: a * b, initial=1)
    return 1 + sum((kernel - 1) * jump for (kernel, _), jump in zip(layers, jumps, strict=False))


answers.right("receptive_field", "by first and last pixel", field_by_ends)


def field_in_a_tensor(layers: list[tuple[int, int]]) -> Tensor:
    field, step = torch.tensor(1), torch.tensor(1)
    for kernel, stride in layers:
        field, step = field + (kernel - 1) * step, step * stride
    return field


answers.right("receptive_field", "in a tensor without axes", field_in_a_tensor)
answers.right("receptive_field", "by numpy", field_by_numpy)
answers.right("receptive_field", "by accumulated strides", field_by_steps)
answers.right(
    "receptive_field",
    "by reduce",
    lambda layers: functools.reduce(
        lambda field, one: (field - 1) * one[1] + one[0], layers[::-1], 1
    ),
)
answers.right("stack_parameters", "by prod", lambda c, k, d: math.prod((c, c, k, k, d)))
answers.right(
    "stack_parameters",
    "in a tensor without axes",
    lambda channels, kernel, depth: torch.tensor(
        [channels, channels, kernel, kernel, depth]
    ).prod(),
)
answers.right("stack_parameters", "by numpy", lambda c, k, d: np.int64(c) ** 2 * k**2 * d)


ERF = "effective_receptive_field"


def map_tidied_up(network: Any, images: Tensor) -> Tensor:
    images.requires_grad_(True)
    maps = network(images)
    maps[..., maps.shape[-2] // 2, maps.shape[-1] // 2].sum().backward()
    share = torch.as_tensor(images.grad).abs().sum(dim=[0, 1])
    images.grad = None
    images.requires_grad_(False)
    return share / share.sum()


def map_by_jacobian(network: Any, images: Tensor) -> Tensor:
    def centre(x: Tensor) -> Tensor:
        maps = network(x)
        return torch.as_tensor(maps[..., maps.shape[-2] // 2, maps.shape[-1] // 2]).sum()

    slopes = torch.as_tensor(torch.autograd.functional.jacobian(centre, images))
    return slopes.abs().flatten(0, 1).sum(0) / slopes.abs().sum()


def map_channel_by_channel(network: Any, images: Tensor) -> Tensor:
    x = images.detach().clone()
    x.requires_grad = True
    maps = network(x)
    for channel in maps.unbind(dim=1):
        channel[:, channel.shape[1] // 2, channel.shape[2] // 2].sum().backward(retain_graph=True)
    assert x.grad is not None
    grad = torch.einsum("nchw->hw", x.grad.abs())
    return grad.div(grad.sum())


def map_in_training(network: Any, images: Tensor) -> Tensor:
    with torch.enable_grad():
        x = torch.nn.Parameter(images.clone())
        y = network(x)
        y[:, :, y.size(2) // 2, y.size(3) // 2].mean().backward()
    total = torch.as_tensor(x.grad).abs().mean((0, 1))
    return F.normalize(total.flatten(), p=1.0, dim=0, eps=0.0).view_as(total)


answers.right(ERF, "with the images' own gradient, tidied up", map_tidied_up)
answers.right(ERF, "by torch's Jacobian", map_by_jacobian)
answers.right(ERF, "channel by channel, backward each time", map_channel_by_channel)
answers.right(ERF, "by a Parameter, and normalize", map_in_training)


def halved(x: Tensor, training: bool) -> Tensor:
    """Dropout by hand."""
    return x * (torch.rand(x.shape, device=x.device) >= 0.5) * 2 if training else x


class Backwards(nn.Module):
    """The last layer is made first; kernels are applied as functions, dropout is by hand."""

    def __init__(self, config: Any, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        hidden = max(round(4096 * width), 1)
        wide = [(e, 3) if isinstance(e, int) else e for e in config if not isinstance(e, str)]
        sizes = [3, *(max(1, round(width * channels)) for channels, _ in wide)]
        self.scores = nn.Linear(hidden, num_classes)
        self.second = nn.Linear(hidden, hidden)
        self.first = nn.Linear(sizes[-1] * 49, hidden)
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, kernel, padding=kernel // 2)
            for before, after, (_, kernel) in reversed(
                list(zip(sizes, sizes[1:], wide, strict=False))
            )
        )
        self.config = tuple(config)

    def features(self, x: Tensor) -> Tensor:
        left = list(self.layers)
        for entry in self.config:
            if entry == "M":
                x = x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).amax(dim=(3, 5))
            elif entry == "LRN":
                squares = F.pad(x.square(), (0, 0, 0, 0, 2, 2)).unfold(1, 5, 1).sum(dim=-1)
                x = x / (2 + 1e-4 * squares) ** 0.75
            else:
                x = left.pop()(x).relu()
        return x

    def classifier(self, x: Tensor) -> Tensor:
        x = halved(self.first(x).clamp(min=0), self.training)
        x = halved(self.second(x).clamp(min=0), self.training)
        return torch.as_tensor(self.scores(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).reshape(len(x), -1))


class Stages(nn.Module):
    """Stages inside features, a head with dropout imported by name, before the ReLU."""

    def __init__(self, config: Any, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        stages: list[list[nn.Module]] = [[]]
        channels = 3
        for entry in config:
            if isinstance(entry, str):
                norm = nn.LocalResponseNorm(size=5, alpha=5e-4, k=2)
                stages[-1].append(nn.MaxPool2d((2, 2), 2) if entry == "M" else norm)
                if entry == "M":
                    stages.append([])
                continue
            number, side = (entry, 3) if isinstance(entry, int) else entry
            after = max(1, round(number * width))
            stages[-1] += [nn.Conv2d(channels, after, side, 1, (side - 1) // 2), nn.ReLU()]
            channels = after
        self.features = nn.Sequential(*(nn.Sequential(*one) for one in stages if one))
        self.classifier: Any = Head(channels, max(1, round(width * 4096)), num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.classifier(self.features(x).flatten(start_dim=1)))


class Head(nn.Module):
    def __init__(self, channels: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.sixth, self.seventh = nn.Linear(49 * channels, hidden), nn.Linear(hidden, hidden)
        self.eighth = nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(dropout(self.sixth(x), training=self.training))
        x = F.relu(torch.dropout(self.seventh(x), 0.5, self.training))
        return torch.as_tensor(self.eighth(x))


class ConvolutionHead(Stages):
    """Convolutions over the whole map stand for the linear layers."""

    def __init__(self, config: Any, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__(config, num_classes, width)
        hidden = max(1, round(width * 4096))
        channels = self.classifier.sixth.in_features // 49
        self.classifier = nn.Sequential(
            nn.Unflatten(1, (channels, 7, 7)),
            *(nn.Conv2d(channels, hidden, 7), nn.ReLU(), nn.Dropout()),
            *(nn.Conv2d(hidden, hidden, 1), nn.ReLU(), nn.Dropout()),
            *(nn.Conv2d(hidden, num_classes, 1), nn.Flatten()),
        )


answers.wrong("make_vgg", "layers made in reverse, all by hand", Backwards)
answers.right("make_vgg", "stages, and a head with dropout by name", Stages)
answers.right("make_vgg", "a head of convolutions", ConvolutionHead)


def plain_convolutions(model: Any) -> nn.Module:
    layers = list(copy.deepcopy(model.features))
    channels = [one.out_channels for one in layers if isinstance(one, nn.Conv2d)][-1]
    for one in model.classifier:
        if isinstance(one, nn.Linear):
            side = math.isqrt(one.in_features // channels)
            conv = nn.Conv2d(channels, one.out_features, side)
            with torch.no_grad():
                conv.weight.copy_(one.weight.reshape(conv.weight.shape))
                conv.bias.copy_(one.bias)  # type: ignore[union-attr]
            layers.append(conv)
            channels = one.out_features
        else:
            layers.append(copy.deepcopy(one))
    return nn.Sequential(*layers)


def loaded_convolutions(model: Any) -> nn.Module:
    whole = copy.deepcopy(model)
    channels = 3
    for layer in whole.features:
        channels = getattr(layer, "out_channels", channels)
    for name, layer in list(whole.classifier.named_children()):
        if isinstance(layer, nn.Linear):
            side = round(math.sqrt(layer.in_features / channels))
            conv = nn.Conv2d(channels, layer.out_features, kernel_size=(side, side))
            state = layer.state_dict()
            state["weight"] = state["weight"].view(-1, channels, side, side)
            conv.load_state_dict(state)
            setattr(whole.classifier, name, conv)
            channels = layer.out_features
    return nn.Sequential(OrderedDict(features=whole.features, classifier=whole.classifier))


class Windows(nn.Module):
    """The old classifier on every window, one by one."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        convolutions = [one for one in model.features if isinstance(one, nn.Conv2d)]
        first = next(one for one in model.classifier if isinstance(one, nn.Linear))
        self.side = round((first.in_features / convolutions[-1].out_channels) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        maps, side = self.model.features(x), self.side
        rows, columns = maps.shape[2] - side + 1, maps.shape[3] - side + 1
        scores = [
            [
                self.model.classifier(maps[:, :, r : r + side, c : c + side].flatten(1))
                for c in range(columns)
            ]
            for r in range(rows)
        ]
        return torch.stack([torch.stack(row, dim=2) for row in scores], dim=2)


answers.right("to_fully_convolutional", "plain convolutions, copied into", plain_convolutions)
answers.right("to_fully_convolutional", "plain convolutions, loaded", loaded_convolutions)
answers.right("to_fully_convolutional", "window by window", of_a_copy(Windows))


def by_new_parameters(deep: Any, shallow: Any) -> None:
    def numbered(model: Any) -> dict[str, nn.Conv2d]:
        stage, found = 1, dict[str, nn.Conv2d]()
        for layer in model.features.children():
            if type(layer) is nn.MaxPool2d:
                stage += 1
            if type(layer) is nn.Conv2d:
                place = sum(key.startswith(f"{stage}.") for key in found)
                found[f"{stage}.{place}"] = layer
        return found

    old, new = numbered(shallow), numbered(deep)
    couples = [(new[name], old[name]) for name in itertools.islice(old, 4)]
    couples += zip(deep.classifier, shallow.classifier, strict=True)
    for target, source in couples:
        for name, one in source.named_parameters():
            trains = getattr(target, name).requires_grad
            setattr(target, name, nn.Parameter(one.detach().clone(), requires_grad=trains))


answers.right("initialise_from", "new parameters", by_new_parameters)


def memory_by_wrapping(model: nn.Module, input_shape: Any) -> dict[str, int]:
    """Every layer by a global hook, which is taken off again."""
    names = {layer: name for name, layer in model.named_modules()}
    found: dict[str, int] = {}

    def note(layer: nn.Module, inputs: Any, output: Any) -> None:
        if layer in names and not any(True for _ in layer.children()):
            found.setdefault(names[layer], 0)
            found[names[layer]] += output.nbytes

    handle = torch.nn.modules.module.register_module_forward_hook(note)
    modes = [layer.training for layer in names]
    try:
        with torch.no_grad():
            model.eval()(next(model.parameters()).new_ones(*input_shape))
    finally:
        handle.remove()
        for layer, mode in zip(names, modes, strict=True):
            layer.training = mode
    return found


def memory_in_evaluation(model: nn.Module, input_shape: Any) -> dict[str, int]:
    """In evaluation mode meanwhile, so that running statistics stay."""
    modes = {layer: layer.training for layer in model.modules()}
    model.eval()
    found = answers.reference["activation_memory"](model, input_shape)
    for layer, mode in modes.items():
        layer.training = mode
    return dict(sorted(found.items()))


def flops_by_module_list(model: nn.Module, input_shape: Any) -> dict[str, int]:
    """Calls of a copy are noted first and counted later."""
    model = copy.deepcopy(model).eval()
    calls: list[tuple[str, nn.Module, torch.Size]] = []
    handles = []
    for name, layer in model.named_modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            hook = lambda m, i, o, n=name: calls.append((n, m, o.shape))  # noqa: E731
            handles.append(layer.register_forward_hook(hook))
    weight = next(model.parameters())
    model(torch.rand(input_shape, dtype=weight.dtype, device=weight.device))
    for handle in handles:
        handle.remove()
    found: dict[str, int] = dict.fromkeys([name for name, _, _ in calls], 0)
    for name, layer, shape in calls:
        inputs = math.prod(torch.as_tensor(layer.weight).shape[1:])
        found[name] += 2 * inputs * math.prod(shape)
    return found


answers.right("activation_memory", "by one hook for all modules", memory_by_wrapping)
answers.right("activation_memory", "in evaluation mode meanwhile", memory_in_evaluation)
answers.right("layer_flops", "noted first, counted later", flops_by_module_list)
