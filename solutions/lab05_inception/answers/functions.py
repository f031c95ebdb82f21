"""Right answers in other words: convolutions, costs, the loss, class maps."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.googlenet import Inception

from course.labs.lab05_inception.paper import Spec

from .book import answers


def pixel_by_pixel(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    rows = [
        [weight[:, :, 0, 0] @ x[:, :, i, j].T for j in range(x.shape[3])] for i in range(x.shape[2])
    ]
    whole = torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
    return whole.transpose(0, 1) + bias.view(-1, 1, 1)


def by_permuting(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    layer = nn.Linear(weight.shape[1], weight.shape[0]).to(x.dtype)
    state = {"weight": weight.flatten(1), "bias": bias}
    return torch.func.functional_call(layer, state, x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def by_unrolling(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    flat = torch.baddbmm(
        bias.view(1, -1, 1), weight.flatten(1).expand(len(x), -1, -1), x.flatten(2)
    )
    return flat.view(len(x), -1, *x.shape[2:])


def weights_times_places(channels: int, spec: Spec, height: int, width: int) -> dict[str, int]:
    with torch.device("meta"):
        block: Any = Inception(channels, *spec, conv_block=lambda i, o, **k: nn.Conv2d(i, o, **k))
        fives = nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 5)
        wide = [nn.Conv2d(channels, spec.n3x3, 3), nn.Conv2d(channels, spec.n5x5, 5)]
    layers = [block.branch1, *block.branch2, block.branch3[0], fives, block.branch4[1]]
    lists = {"naive": [block.branch1, *wide], "reduced": layers}
    return {
        name: height * width * sum(layer.weight.numel() for layer in several)
        for name, several in lists.items()
    }


def as_tensors(channels: int, spec: Spec, height: int, width: int) -> dict[str, Tensor]:
    s = spec
    naive = channels * (s.n1x1 + 9 * s.n3x3 + 25 * s.n5x5)
    into = channels * (s.n1x1 + s.n3x3_reduce + s.n5x5_reduce + s.pool_proj)
    reduced = into + 9 * s.n3x3_reduce * s.n3x3 + 25 * s.n5x5_reduce * s.n5x5
    return {
        "reduced": torch.tensor(reduced * height * width),
        "naive": torch.tensor(naive * height * width),
    }


def by_a_loop(channels: int, spec: Spec, height: int, width: int) -> dict[str, int]:
    n1, r3, n3, r5, n5, proj = spec
    total = {"naive": 0, "reduced": 0}
    for key, layers in {
        "naive": ((channels, n1, 1), (channels, n3, 3), (channels, n5, 5)),
        "reduced": (
            *((channels, n1, 1), (channels, r3, 1), (r3, n3, 3)),
            *((channels, r5, 1), (r5, n5, 5), (channels, proj, 1)),
        ),
    }.items():
        for into, out, kernel in layers:
            total[key] += into * out * kernel**2 * height * width
    return total


def loss_by_log_softmax(main: Tensor, aux1: Tensor, aux2: Tensor, labels: Tensor) -> Tensor:
    means = [F.nll_loss(s.log_softmax(dim=-1), labels) for s in (main, aux1, aux2)]
    return means[0] + 0.3 * means[1] + 0.3 * means[2]


def loss_at_once(main: Tensor, aux1: Tensor, aux2: Tensor, labels: Tensor) -> Tensor:
    each = F.cross_entropy(torch.cat([main, aux1, aux2]), labels.repeat(3), reduction="none")
    return each.unflatten(0, (3, -1)).mean(dim=1) @ each.new_tensor([1, 0.3, 0.3])


def loss_by_one_hot(main: Tensor, aux1: Tensor, aux2: Tensor, labels: Tensor) -> Tensor:
    target = F.one_hot(labels, main.shape[1]).to(main.dtype)
    loss = nn.CrossEntropyLoss()
    return loss(main, target) + (loss(aux1, target) + loss(aux2, target)) * 3 / 10


def maps_by_convolution(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.conv2d(maps, weight.view(*weight.shape, 1, 1), bias)


def maps_channels_last(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.linear(maps.movedim(1, 3), weight, bias).movedim(3, 1)


def maps_by_products(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    products = weight[None, :, :, None, None] * maps[:, None]
    return products.sum(2) + bias.view(1, -1, 1, 1)


answers.right("conv1x1_as_linear", "pixel by pixel", pixel_by_pixel)
answers.right("conv1x1_as_linear", "by permuting", by_permuting)
answers.right("conv1x1_as_linear", "by unrolling", by_unrolling)

answers.right("inception_cost", "weights times places", weights_times_places)
answers.right("inception_cost", "as tensors of one number", as_tensors)
answers.right("inception_cost", "by a loop", by_a_loop)

answers.right("auxiliary_loss", "by log_softmax", loss_by_log_softmax)
answers.right("auxiliary_loss", "all scores at once", loss_at_once)
answers.right("auxiliary_loss", "by one-hot targets", loss_by_one_hot)

answers.right("class_maps", "by a convolution", maps_by_convolution)
answers.right("class_maps", "channels last", maps_channels_last)
answers.right("class_maps", "by products", maps_by_products)
