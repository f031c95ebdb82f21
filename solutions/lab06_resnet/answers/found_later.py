"""Wrong answers that once had full points, and right ones beside them."""

from __future__ import annotations

import torch
from torch import Tensor

from .book import answers

JOINED = "- return F.relu(self.branch(x) + self.shortcut(x))"
WEAKEST = "- return gains[-1], outputs[:, -1]"

for block in ("BasicBlock", "Bottleneck"):
    answers.wrong(
        block,
        "the shortcut runs twice",
        answers.changed(
            block,
            f"{JOINED}\n+ y = self.branch(x)\n+ if self.shortcut(x).shape == y.shape:\n"
            "+     y = y + self.shortcut(x)\n+ return F.relu(y)",
        ),
    )
    answers.wrong(
        block,
        "the branch runs twice",
        answers.changed(
            block,
            f"{JOINED}\n+ around = self.shortcut(x).expand_as(self.branch(x))\n"
            "+ return F.relu(self.branch(x) + around)",
        ),
    )
    answers.right(
        block,
        "the shortcut first, and kept",
        answers.changed(
            block,
            f"{JOINED}\n+ around = self.shortcut(x)\n+ y = self.branch(x)\n"
            "+ assert around.shape == y.shape\n+ return (around + y).clamp(min=0)",
        ),
    )
answers.wrong(
    "weakest_gradient",
    "a gain of shape (1,)",
    answers.changed("weakest_gradient", f"{WEAKEST}\n+ return gains[-1:], outputs[:, -1]"),
)
answers.right(
    "weakest_gradient",
    "the least of the gains",
    answers.changed("weakest_gradient", f"{WEAKEST}\n+ return gains.min(), -outputs.mT[-1]"),
)
answers.right(
    "weakest_gradient",
    "the length of what arrives",
    answers.changed(
        "weakest_gradient",
        f"{WEAKEST}\n+ g = outputs[:, gains.argmin()]\n+ return (g @ jacobian).norm(), g",
    ),
)
for block in ("BasicBlock", "Bottleneck"):
    answers.wrong(
        block,
        "a ReLU with a ceiling at the end",
        answers.changed(block, f"{JOINED}\n+ return F.relu6(self.branch(x) + self.shortcut(x))"),
    )
answers.wrong(
    "make_resnet",
    "an average of 7×7 windows at the end",
    answers.changed(
        "make_resnet",
        "- head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, num_classes))\n"
        "+ average = nn.AvgPool2d(7, ceil_mode=True)\n"
        "+ head = (average, nn.Flatten(), nn.Linear(before, num_classes))",
    ),
)


def by_the_inverse(jacobian: Tensor) -> tuple[Tensor, Tensor]:
    inverse = torch.linalg.inv(jacobian @ jacobian.T)
    g = torch.linspace(1, 2, len(jacobian), dtype=jacobian.dtype)
    for _ in range(100):
        g = inverse @ g
        g = g / g.norm()
    return (jacobian.T @ g).norm(), g


answers.wrong("weakest_gradient", "by an inverse that need not exist", by_the_inverse)
