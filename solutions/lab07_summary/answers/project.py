"""Networks that the reference's file fits, and such as carry what they know elsewhere.

The check of the weights asks ``build_network``; the file is the one of the reference's sample.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from autograde import tree
from course import weights

from .book import answers

EXERCISE = "trained_network"
HANDED_IN = tree.find().samples(answers.lab) / "good.safetensors"


def fresh() -> nn.Sequential:
    found: nn.Sequential = answers.reference["build_network"]()
    return found


@cache
def teacher() -> nn.Module:
    """The network as it was trained."""
    model = fresh()
    weights.load(model, HANDED_IN)
    return model.eval()


def building(make: Callable[[], Any]) -> dict[str, Any]:
    return {"build_network": make}


class Student(nn.Sequential):
    """Fits the file; what it answers comes from elsewhere."""

    def __init__(self) -> None:
        super().__init__(*fresh())


class Spoken(Student):
    """In its own words, and the same: scores of a batch by part."""

    def forward(self, x: Tensor) -> Tensor:
        found = [super(Spoken, self).forward(part) for part in x.split(64)]
        return torch.cat(found)


class Placed(Student):
    """Knows where each pixel is, by a formula, and does nothing much with it."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("rows", torch.linspace(-1, 1, 28)[:, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x + 0.0 * self.get_buffer("rows"))


def frozen() -> nn.Module:
    return fresh().requires_grad_(False)


def in_half() -> nn.Module:
    return fresh().half().float()


for says, right in {
    "parts of a batch": Spoken,
    "a buffer that is made by a formula": Placed,
    "not to be trained any more": frozen,
    "rounded to half precision": in_half,
}.items():
    answers.right(EXERCISE, says, building(right))


class FromAttribute(Student):
    """The trained numbers hang at the network, in a list that is no list of modules."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = [teacher()]

    def forward(self, x: Tensor) -> Tensor:
        return self.kept[0](x)


class FromClass(Student):
    """The trained numbers hang at the class."""

    KEPT = tuple(teacher().state_dict().items())

    def forward(self, x: Tensor) -> Tensor:
        return torch.func.functional_call(fresh().eval(), dict(self.KEPT), x)


class FromGlobal(Student):
    """The trained numbers are a global."""

    def forward(self, x: Tensor) -> Tensor:
        return teacher()(x)


class Nearest(Student):
    """Looks for the most similar training image."""

    def forward(self, x: Tensor) -> Tensor:
        images, labels = training_images()
        return torch.eye(10)[labels[torch.cdist(x.flatten(1), images).argmin(dim=1)]]


@cache
def training_images() -> tuple[Tensor, Tensor]:
    from course.data.fashion_mnist import bundled
    from course.labs.lab07_summary.images import normalised

    train = bundled().splits.train
    return normalised(train.images[:3000]).flatten(1), train.labels[:3000]


def in_closure() -> Callable[[], nn.Module]:
    kept = teacher()

    class Hidden(Student):
        def forward(self, x: Tensor) -> Tensor:
            return kept(x) + 0.0 * super().forward(x)

    return Hidden


def by_hook() -> nn.Module:
    model, kept = fresh(), teacher()
    model.register_forward_hook(lambda layer, args, scores: kept(args[0]))
    return model


class Heavy(Student):
    """Right, and with 300,000 further numbers in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.table = [float(number) for number in range(300_000)]

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 0.0 * torch.tensor(self.table)[0]


class Texts(Student):
    """Right, and with a long text."""

    TABLE = "0123456789" * 30_000

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 0.0 * torch.tensor([int(digit) for digit in self.TABLE])[0]


class Buffers(Student):
    """Right, and with a large buffer that is in no file."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.rand(600, 512), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 0.0 * self.get_buffer("table")[0, 0]


class Blind(Student):
    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(len(x), 10)


class NextClass(Student):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).roll(1, dims=1)


class Dropping(Student):
    """Half of the scores are lost, also when nobody trains."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(super().forward(x), 0.5)


def cut_short() -> nn.Module:
    return fresh()[:-1]


def other_widths() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 676, 10))


for says, wrong in {
    "a trained network in a list": FromAttribute,
    "trained numbers at the class": FromClass,
    "trained numbers in a global": FromGlobal,
    "trained numbers in a closure": in_closure(),
    "trained numbers in a hook": by_hook,
    "the most similar training image": Nearest,
    "300,000 numbers in a list": Heavy,
    "300,000 characters": Texts,
    "300,000 numbers in a buffer": Buffers,
    "always the first class": Blind,
    "the class next door": NextClass,
    "scores dropped": Dropping,
    "without the last layer": cut_short,
    "another network": other_widths,
    "no network": lambda: None,
}.items():
    answers.wrong(EXERCISE, says, building(wrong))
