"""Training loops in other words, and trainings that earn nothing."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers


def epoch_by_loader(
    model: Any, images: Tensor, labels: Tensor, optimizer: Any, batch_size: int = 32
) -> float:
    dataset = torch.utils.data.TensorDataset(images, labels)
    losses = []
    model.train()
    for x, y in torch.utils.data.DataLoader(dataset, batch_size, shuffle=True):
        model.zero_grad()
        each = F.cross_entropy(model(x), y, reduction="none")
        each.mean().backward()
        optimizer.step()
        losses.append(each.detach())
    return float(torch.cat(losses).mean())


def epoch_by_hand(
    model: Any, images: Tensor, labels: Tensor, optimizer: Any, batch_size: int = 32
) -> Tensor:
    model.train()
    order, total = torch.randperm(len(images)), torch.zeros(())
    for start in range(0, len(images), batch_size):
        some = order[start : start + batch_size]
        loss = -model(images[some]).log_softmax(1)[torch.arange(len(some)), labels[some]].mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        total = total + loss.detach() * len(some)
    return total / len(images)


answers.right("train_epoch", "by a data loader", epoch_by_loader)
answers.right("train_epoch", "by slices, gradients cleared last", epoch_by_hand)
answers.wrong(
    "train_epoch",
    "no training at all",
    lambda model, images, labels, optimizer, batch_size=32: 0.0,
    at_most=0.0,
)


def untrained(images: Tensor, labels: Tensor) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))


def too_large(images: Tensor, labels: Tensor) -> nn.Module:
    linear = nn.Linear(1024, 10)
    model = nn.Sequential(nn.Flatten(), linear)
    model.spare = nn.Parameter(torch.zeros(60_000))
    templates = torch.stack([images[labels == one].mean(0).flatten() for one in range(10)])
    with torch.no_grad():
        linear.weight.copy_(templates)
        linear.bias.copy_(-templates.square().sum(1) / 2)
    return model


answers.wrong("train_lenet", "nothing is trained", untrained, at_most=0.0)
answers.wrong("train_lenet", "good enough, and too large", too_large, at_most=0.0)
answers.wrong(
    "train_lenet",
    "nine classes",
    lambda images, labels: nn.Sequential(nn.Flatten(), nn.Linear(1024, 9)),
    at_most=0.0,
)
answers.wrong("train_lenet", "losses, no network", lambda images, labels: [0.1, 0.2], at_most=0.0)
