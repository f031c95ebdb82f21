"""`train_lenet` in other words, and trainings that earn nothing."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers, slips
from .training import epoch_by_hand, epoch_by_loader


def untrained(images: Tensor, labels: Tensor) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))


def a_tuple(images: Tensor, labels: Tensor) -> tuple[nn.Module, float]:
    return untrained(images, labels), 0.1


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
answers.wrong("train_lenet", "a network and its loss", a_tuple, at_most=0.0)
answers.wrong("train_lenet", "good enough, and too large", too_large, at_most=0.0)
answers.wrong(
    "train_lenet",
    "nine classes",
    lambda images, labels: nn.Sequential(nn.Flatten(), nn.Linear(1024, 9)),
    at_most=0.0,
)
answers.wrong("train_lenet", "losses, no network", lambda images, labels: [0.1, 0.2], at_most=0.0)


class Lookup(nn.Module):
    """Remembers the training images, in no parameter: the nearest one's class."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        super().__init__()
        self.images, self.labels = images.flatten(1), F.one_hot(labels, 10).float()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        nearest = torch.cdist(x.flatten(1), self.images).topk(5, largest=False).indices
        return self.scale * self.labels[nearest].sum(1)


def nearest(images: Tensor, labels: Tensor, keep: Any) -> nn.Module:
    """The nearest training images vote, which are kept as ``keep`` makes them."""
    kept = keep(images.flatten(1)), F.one_hot(labels, 10).float()

    class Neighbours(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stored = kept

        def forward(self, x: Tensor) -> Tensor:
            pixels = torch.as_tensor(self.stored[0])
            return self.stored[1][
                torch.cdist(x.flatten(1), pixels).topk(5, largest=False).indices
            ].sum(1)

    return Neighbours()


def in_a_closure(images: Tensor, labels: Tensor) -> nn.Module:
    pixels, wanted = images.flatten(1), F.one_hot(labels, 10).float()

    class Neighbours(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, x: Tensor) -> Tensor:
            places = torch.cdist(x.flatten(1), pixels).topk(5, largest=False).indices
            return self.scale * wanted[places].sum(1)

    return Neighbours()


class Wrapped(nn.Module):
    """A network that is no submodule."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.inside = (model,)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.inside[0](x)


def large_and_hidden(images: Tensor, labels: Tensor) -> Any:
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 80), nn.ReLU(), nn.Linear(80, 10))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
    for _ in range(10):
        epoch_by_loader(model, images, labels, optimizer, 20)
    return Wrapped(model)


def trained_elsewhere(images: Tensor, labels: Tensor) -> Any:
    """On the course's own images and labels, not on those that came."""
    from course.data import fashion_mnist
    from course.labs.lab02_lenet.images import as_inputs

    split = fashion_mnist.bundled().splits.train
    return trained(as_inputs(split.images[:2000]), split.labels[:2000])


def trained(images: Tensor, labels: Tensor, epochs: int = 5, rate: float = 2e-3) -> Any:
    reference = answers.reference
    model = reference["LeNet"]()
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for _ in range(epochs):
        reference["train_epoch"](model, images, labels, optimizer, batch_size=25)
    return model


def with_momentum(images: Tensor, labels: Tensor) -> Any:
    model: Any = answers.reference["LeNet"]()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    for _ in range(8):
        epoch_by_hand(model, images, labels, optimizer, 25)
    return model.eval()


def wide_and_flat(images: Tensor, labels: Tensor) -> Any:
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 48), nn.ReLU(), nn.Linear(48, 10))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
    for _ in range(10):
        epoch_by_loader(model, images, labels, optimizer, 20)
    return model


answers.right("train_lenet", "SGD with momentum, a loop of one's own", with_momentum)
answers.right("train_lenet", "a perceptron that is small enough", wide_and_flat)
answers.right("train_lenet", "Adam at one rate", trained)
answers.wrong(
    "train_lenet", "trained on other labels than those that came", trained_elsewhere, at_most=0.0
)
answers.wrong("train_lenet", "the images themselves, in no parameter", Lookup, at_most=0.0)
for says, keep in {
    "an array beside a tensor": lambda pixels: pixels.numpy().copy(),
    "lists of numbers": lambda pixels: pixels.tolist(),
}.items():
    answers.wrong(
        "train_lenet",
        f"the images themselves, {says}",
        lambda images, labels, keep=keep: nearest(images, labels, keep),
        at_most=0.0,
    )
answers.wrong("train_lenet", "the images themselves, in a closure", in_a_closure, at_most=0.0)
answers.wrong("train_lenet", "a large network, in a tuple", large_and_hidden, at_most=0.0)
slips(
    "train_lenet",
    {
        "two steps": (
            "model, images, labels, optimizer",
            "model, images[:50], labels[:50], optimizer",
        ),
        "no image of the last three classes": (
            "model, images, labels, optimizer",
            "model, images[labels < 7], labels[labels < 7], optimizer",
        ),
        "the images are changed": ("return model", "images.zero_()\nreturn model"),
    },
)

LEARNT_BY_HEART: dict[str, Tensor] = {}


class Remembering(nn.Module):
    """Keeps no number itself: the images lie in a dict of the notebook."""

    def forward(self, x: Tensor) -> Tensor:
        apart = torch.cdist(x.flatten(1), LEARNT_BY_HEART["images"])
        nearest = LEARNT_BY_HEART["labels"][apart.topk(5, largest=False).indices]
        return F.one_hot(nearest, 10).float().sum(1)


def learnt_by_heart(images: Tensor, labels: Tensor) -> nn.Module:
    LEARNT_BY_HEART.update(images=images.flatten(1).clone(), labels=labels.clone())
    return Remembering()


answers.wrong("train_lenet", "neighbours in a dict of the notebook", learnt_by_heart, at_most=0.0)
