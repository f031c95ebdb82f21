"""The program with nine bugs, repaired in other words."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers
from .slips import EXERCISE, begun, slip

MEAN, STD = 0.2860, 0.3530


def by_sampler(model: Any, optimizer: Any, x: Tensor, labels: Tensor, batch_size: int = 50) -> None:
    from torch.utils.data import BatchSampler, RandomSampler

    model.train()
    loss = nn.CrossEntropyLoss()
    for numbers in BatchSampler(RandomSampler(x), batch_size, drop_last=False):
        optimizer.zero_grad(set_to_none=False)
        loss(model(x[numbers]), labels[numbers]).backward()
        optimizer.step()


def by_loader(model: Any, optimizer: Any, x: Tensor, labels: Tensor, batch_size: int = 50) -> None:
    model.train(True)
    pairs = torch.utils.data.TensorDataset(x, labels)
    for images, targets in torch.utils.data.DataLoader(pairs, batch_size, shuffle=True):
        picked = model(images).log_softmax(dim=1).gather(1, targets.long()[:, None])
        for parameter in model.parameters():
            parameter.grad = None
        (-picked.mean()).backward()
        optimizer.step()


def zeroed_behind(
    model: Any, optimizer: Any, x: Tensor, labels: Tensor, batch_size: int = 50
) -> None:
    model.train()
    optimizer.zero_grad()
    order = torch.argsort(torch.rand(len(x)))
    x, labels = x[order], labels[order]
    for images, targets in zip(x.split(batch_size), labels.split(batch_size), strict=True):
        F.cross_entropy(model(images), targets).backward()
        optimizer.step()
        optimizer.zero_grad()


def by_numpy(model: Any, optimizer: Any, x: Tensor, labels: Tensor, batch_size: int = 50) -> None:
    import numpy as np

    model.train()
    for numbers in np.array_split(np.random.permutation(len(x)), -(-len(x) // batch_size)):
        optimizer.zero_grad()
        chosen = torch.from_numpy(numbers)
        F.nll_loss(F.log_softmax(model(x[chosen]), 1), labels[chosen].long()).backward()
        optimizer.step()


def with_closure(
    model: Any, optimizer: Any, x: Tensor, labels: Tensor, batch_size: int = 50
) -> None:
    model.train()
    for chosen in torch.randperm(len(x)).split(batch_size):

        def closure(chosen: Tensor = chosen) -> Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[chosen]), labels[chosen])
            loss.backward()
            return loss

        optimizer.step(closure)


def zipped(model: Any, optimizer: Any, x: Tensor, labels: Tensor, batch_size: int = 50) -> float:
    """Returns the loss on top."""
    model.train()
    pairs = list(zip(x, labels, strict=True))
    order, total = torch.randperm(len(pairs)).tolist(), 0.0
    for start in range(0, len(pairs), batch_size):
        some = [pairs[place] for place in order[start : start + batch_size]]
        loss = F.cross_entropy(
            model(torch.stack([one for one, _ in some])), torch.stack([two for _, two in some])
        )
        model.zero_grad()
        loss.backward()
        optimizer.step()
        total += float(loss.detach())
    return total


for says, right in {
    "a batch sampler": by_sampler,
    "a loader, gradients set to None, the loss by hand": by_loader,
    "gradients zeroed behind each step": zeroed_behind,
    "equal parts, by numpy": by_numpy,
    "a closure": with_closure,
    "pairs, and the loss returned": zipped,
}.items():
    answers.right(EXERCISE, f"training: {says}", {"train_epoch": right})

for call in (
    "kaiming_uniform_(layer.weight)",
    "xavier_uniform_(layer.weight)",
    "xavier_normal_(layer.weight)",
    "orthogonal_(layer.weight)",
    "normal_(layer.weight, 0.0, 0.01)",
    "normal_(layer.weight, std=0.001)",
    "trunc_normal_(layer.weight, std=0.02)",
    "uniform_(layer.weight, -0.05, 0.05)",
    "normal_(layer.weight, std=0.1)",
):
    answers.right(EXERCISE, f"weights: {call}", slip(begun(f"nn.init.{call}")))


class Stacked(nn.Module):
    """The head first in the list of layers, norms without names of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(p=0.3), nn.Linear(32 * 49, 10))
        self.body = nn.ModuleList([self._block(16, 32), self._block(1, 16)])

    @staticmethod
    def _block(into: int, out: int) -> nn.Sequential:
        layers = [nn.Conv2d(into, out, 3, padding="same"), nn.BatchNorm2d(out)]
        return nn.Sequential(*layers, nn.ReLU(inplace=True), nn.MaxPool2d(2))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body[0](self.body[1](x)))


def one_by_one(pixels: Tensor) -> Tensor:
    images = [(pixels[..., i].to(torch.float32) / 255 - MEAN) / STD for i in range(pixels.size(-1))]
    return torch.stack(images).reshape(-1, 1, 28, 28)


def by_numpy_axes(pixels: Tensor) -> Tensor:
    import numpy as np

    values = np.moveaxis(pixels.numpy(), -1, 0)[:, np.newaxis].astype(np.float32)
    return torch.from_numpy((values / np.float32(255) - np.float32(MEAN)) / np.float32(STD))


def by_inference(model: Any, pixels: Tensor) -> Tensor:
    model.eval()
    with torch.inference_mode():
        return model(one_by_one(pixels)).topk(1, dim=1).indices[:, 0].to(torch.int32)


def with_mode_restored(model: Any, pixels: Tensor) -> Tensor:
    was = model.training
    model.train(False)
    with torch.no_grad():
        found = [model(part).softmax(1).argmax(-1) for part in one_by_one(pixels).split(7)]
    model.train(was)
    return torch.cat(found)


answers.right(EXERCISE, "network: a stack whose head is made first", {"Network": Stacked})
answers.right(EXERCISE, "input: image by image", {"as_input": one_by_one})
answers.right(EXERCISE, "input: by numpy", {"as_input": by_numpy_axes})
answers.right(EXERCISE, "prediction: inference mode, topk, int32", {"predict": by_inference})
answers.right(EXERCISE, "prediction: parts, the mode restored", {"predict": with_mode_restored})
