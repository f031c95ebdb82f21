"""The small ResNet of this lab, and how it is trained on all classes or on some."""

from __future__ import annotations

import copy
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock

from course import data, training
from course.data import Dataset, Split
from course.device import seeded
from course.experiments import here

LAB = "lab08_beyond"
FEATURES = 32
FIRST, SECOND = range(5), range(5, 10)  # classes of the first and of the second task


def stage(into: int, out: int) -> nn.Module:
    """A basic block that halves the map and changes the channels."""
    projection = nn.Sequential(nn.Conv2d(into, out, 1, 2, bias=False), nn.BatchNorm2d(out))
    return BasicBlock(into, out, 2, projection)


def small_resnet(classes: int) -> nn.Sequential:
    """Stem, three blocks, average, linear: ``(N, 1, 28, 28) -> (N, classes)``."""
    stem = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
    parts = OrderedDict[str, nn.Module](stem=stem, block1=BasicBlock(8, 8))
    parts.update(block2=stage(8, 16), block3=stage(16, FEATURES))
    parts.update(pool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten(), head=nn.Linear(FEATURES, classes))
    return nn.Sequential(parts)


def pixels(images: Tensor) -> Tensor:
    """Bytes -> float in [0, 1]."""
    return images.float() / 255


@cache
def garments() -> Dataset:
    """The bundled Fashion-MNIST, whatever the profile."""
    return data.load("fashion_mnist", profile="grade", verbose=False)


def task(split: Split, classes: range) -> tuple[Tensor, Tensor]:
    """Images of some classes in [0, 1], and their labels counted from 0."""
    mine = (split.labels >= classes.start) & (split.labels < classes.stop)
    return pixels(split.images[mine]), split.labels[mine] - classes.start


def fitted(
    model: nn.Module, train: tuple[Tensor, Tensor], epochs: int, seed: int, lr: float = 0.05
) -> nn.Module:
    """The model, trained in batches of 32, in evaluation mode on the CPU."""
    schedule = training.schedules.cosine()
    settings = {"epochs": epochs, "batch_size": 32, "seed": seed, "lr": lr, "progress": False}
    training.fit(model, train, schedule=schedule, **settings)  # type: ignore[arg-type]
    return model.cpu().eval()


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of images that the model, as it is, names rightly."""
    return float((answers(model, images) == labels.cpu()).double().mean())


@torch.no_grad()
def answers(model: nn.Module, images: Tensor) -> Tensor:
    """What the model, as it is, says of images ``(N, C, H, W)``: classes ``(N,)``, on the CPU."""
    there = copy.deepcopy(model).to(here())
    return torch.cat([there(some.to(here())).argmax(dim=1) for some in images.split(500)]).cpu()


@cache
def trained_backbone(seed: int, epochs: int = 5, images: int = 2000) -> nn.Module:
    """A small ResNet without its head, trained on the first five classes: ``(N, 32)``."""
    return _trained(seed, FIRST, epochs, images)[:-1]


@dataclass(frozen=True, eq=False)
class Looker:
    """A trained network, and test images that it has not seen."""

    model: nn.Sequential
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def to(self, device: torch.device) -> Looker:
        """The same on another device; this one stays where it is."""
        moved = copy.deepcopy(self.model).to(device)
        return replace(
            self, model=moved, images=self.images.to(device), labels=self.labels.to(device)
        )


@cache
def trained_network(seed: int, epochs: int = 5, images: int = 2000) -> Looker:
    """A small ResNet trained on all ten classes, with 500 test images."""
    test = garments().test
    classes = garments().classes
    model = _trained(seed, range(10), epochs, images)
    return Looker(model, pixels(test.images[:500]), test.labels[:500], classes)


def _trained(seed: int, classes: range, epochs: int, images: int) -> nn.Sequential:
    seen, labels = task(garments().train, classes)
    with seeded(seed):
        model = small_resnet(len(classes))
        some = torch.randperm(len(seen))[:images]
    fitted(model, (seen[some], labels[some]), epochs, seed)
    return model
